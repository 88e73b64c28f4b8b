"""The corpus of real PHP and real FastAPI answers: every difference found, and nothing else."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from shadow.compare import ABSENT, Difference, Kind, Result, Severity, Where
from tests.corpus import CASES
from tests.support.corpus import Case, Judged, judge, score


@pytest.fixture(scope="module")
def judged() -> Sequence[Judged]:
    return judge(CASES)


def test_precision_and_recall_are_complete(judged: Sequence[Judged]) -> None:
    wrong = {one.case.name: (one.found, one.expected) for one in judged if one.found != one.expected}
    assert wrong == {}
    assert (score(judged).precision, score(judged).recall) == (1.0, 1.0)


def test_nothing_went_unread(judged: Sequence[Judged]) -> None:
    assert [one.case.name for one in judged if one.result.unread] == []


def test_the_corpus_is_large_and_has_both_kinds_of_pairs(judged: Sequence[Judged]) -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 150
    equal = sum(not case.expect for case in CASES)
    assert equal >= 75 and len(names) - equal >= 75


def test_what_was_made_equal_was_counted(judged: Sequence[Judged]) -> None:
    """Automatic treatments and rules are never silent."""
    by_name = {one.case.name: one.result.normalised for one in judged}
    counted = {
        "str-slashes": "escapes",
        "num-whole-float": "number",
        "num-precision-17": "double",
        "str-bom": "byte_order_mark",
        "map-empty-allowed": "empty_map",
        "list-sparse-allowed": "sparse_list",
        "num-string-allowed": "numeric_string",
        "bool-int-allowed": "php_bool",
        "map-null-missing-allowed": "null_missing",
        "date-sql-allowed": "instant",
        "num-within": "within",
        "status-mapped": "map",
        "redirect-relative": "location",
        "cache-order": "cache-control",
        "type-charset": "content-type",
    }
    assert {name: by_name[name].get(treatment) for name, treatment in counted.items()} == dict.fromkeys(
        counted, 1
    )


def test_a_side_that_failed_is_named(judged: Sequence[Judged]) -> None:
    failed = {one.case.name: sorted(one.result.failed) for one in judged}
    assert failed["fatal-after-output"] == ["primary"]
    assert failed["empty-nan"] == ["primary"]
    assert failed["cut-shadow"] == ["shadow"]
    assert failed["notice-html"] == []
    assert failed["both-fail"] == []


def judged_as(expect: Sequence[str], *found: Difference) -> Judged:
    nothing = Case("x", "", lambda: None, expect)
    return Judged(nothing, None, None, Result(found))  # type: ignore[arg-type] # only the result is scored


def test_scores_count_what_is_wrong_and_what_is_missed() -> None:
    there = Difference(Where.BODY, "$.a", Kind.CHANGED, 1, 2, Severity.MAJOR)
    wrong = Difference(Where.BODY, "$.b", Kind.EXTRA, ABSENT, 2, Severity.MINOR)
    total = score([judged_as(["body $.a changed", "body $.c missing"], there, wrong)])
    assert (total.expected, total.found, total.right, total.precision, total.recall) == (2, 2, 1, 0.5, 0.5)


def test_a_severity_that_is_expected_must_be_right() -> None:
    there = Difference(Where.BODY, "$.a", Kind.CHANGED, 1, 2, Severity.MAJOR)
    assert score([judged_as(["body $.a changed major"], there)]).recall == 1.0
    assert score([judged_as(["body $.a changed critical"], there)]).recall == 0.0


def test_the_command_prints_both_figures() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.corpus"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "precision 100.00%, recall 100.00%"
