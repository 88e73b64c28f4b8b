"""The judge of `bench.replicas`: a key on the wrong side must not go unseen."""

import pytest

from bench.replicas_judge import Result, Span, stages_text, total, wrong
from tests.support.fleet import Answer, side_of

ROUTE = "pay"
KEYS = [f"key-{number}" for number in range(60)]


def answers(weight: float, at: float, status: int = 200) -> list[Answer]:
    """Every key once, by the side that a weight gives it to."""
    return [Answer(at, at + 0.1, key, status, side_of(ROUTE, key, weight)) for key in KEYS]


SPANS = [Span(0, 12, 0), Span(10, 22, 50), Span(20, 30, 100)]
"""Flips at 10 and 20, each confirmed two seconds later."""


@pytest.mark.parametrize(
    ("at", "weight"), [(5, 0), (11, 0), (11, 50), (15, 50), (21, 50), (21, 100), (25, 100)]
)
def test_what_was_in_force_somewhere_is_right(at: float, weight: float) -> None:
    assert wrong(answers(weight, at), ROUTE, SPANS) == 0


@pytest.mark.parametrize(("at", "weight"), [(5, 50), (9.5, 50), (15, 0), (15, 100), (25, 50), (40, 100)])
def test_what_was_not_is_counted(at: float, weight: float) -> None:
    assert wrong(answers(weight, at), ROUTE, SPANS) > 10


def test_a_fallback_is_right_for_legacy_alone() -> None:
    assert wrong(answers(0, 25), ROUTE, SPANS, falls_back=True) == 0
    assert wrong(answers(100, 5), ROUTE, SPANS, falls_back=True) > 10


def test_what_failed_is_counted_as_that_and_every_flip_is_in_the_table() -> None:
    result = Result("flips", [*answers(0, 5), *answers(0, 6, status=0)], waits=[0.04, 0.1])
    assert (result.failed, total([result, result]).failed) == (60, 120)
    assert result.row().split()[-4:] == ["0", "70", "/", "100"]
    result.stages = {"read": [0.01, 0.02], "apply": [0.004], "report": [0.006]}
    assert stages_text([result]).startswith("of 70 ms: 15 from the hint")
    assert stages_text([Result("a ramp")]) == "no flip was timed"
