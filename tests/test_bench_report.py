"""The bench's tables and targets."""

import json

import pytest

from bench.report import Report, Target, at_least, below, render, table


def test_columns_are_as_wide_as_their_widest_cell_and_flush_as_they_say() -> None:
    assert table(["<proxy", "GET/s"], [["nginx", "31,461"], ["naïve", "9"]]) == [
        "proxy   GET/s",
        "─────  ──────",
        "nginx  31,461",
        "naïve       9",
    ]


def test_width_is_what_a_terminal_shows() -> None:
    combining, wide = "nai\u0308ve", "木"
    lines = table(["<a", "b"], [[combining, "1"], [wide, "2"]])
    assert lines[2:] == [f"{combining}  1", f"{wide}     2"]


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (at_least("x", 1.5, 1.5), "met"),
        (at_least("x", 1.4999, 1.5), "NOT MET"),
        (at_least("x", None, 1.5), "not measured"),
        (below("x", 79.9, 80, " MiB"), "met"),
        (below("x", 80.0, 80, " MiB"), "NOT MET"),
        (below("x", None, 80, " MiB"), "not measured"),
    ],
)
def test_a_target_is_met_missed_or_not_measured(target: Target, verdict: str) -> None:
    assert target.verdict() == verdict
    assert report([target]).passed is (verdict == "met")


def test_a_report_says_title_rows_targets_and_remarks() -> None:
    text = render(report([at_least("banyan over naive", 61.234, 50)]))
    assert text.startswith("== a title\n")
    assert "banyan over naive   ≥ 50×    61.23×  met\n" in text
    assert text.endswith("\n  A remark.\n")


def test_a_report_is_also_json() -> None:
    written = json.loads(json.dumps(report([at_least("a", 2.0, 1.0)]).as_json()))
    assert written["targets"] == [{"what": "a", "wanted": "≥ 1×", "measured": "2.00×", "met": True}]
    assert written["data"] == {"rate": 2.5}


def report(targets: list[Target]) -> Report:
    return Report("name", "a title", ["<a", "b"], [["x", "1"]], targets, ["A remark."], {"rate": 2.5})
