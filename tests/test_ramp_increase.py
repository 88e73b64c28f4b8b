import math
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.ramp.increase import Counts, IncreaseTest

RATES = st.floats(min_value=0.0, max_value=1.0)
LIMITS = st.floats(min_value=0.0, max_value=0.5)


def binomial(trials: int, hits: int, rate: float) -> float:
    return math.comb(trials, hits) * rate**hits * (1 - rate) ** (trials - hits)


def worth(
    past: Counts, legacy: int, modern: int, rates: tuple[float, float], limit: float
) -> tuple[float, float]:
    """What the games "more" and "less" multiply their wealth by in one slot, in expectation."""
    more = less = 0.0
    for legacy_errors, modern_errors in product(range(legacy + 1), range(modern + 1)):
        test = IncreaseTest(limit, legacy=Counts(past.requests, past.errors))
        test.observe(Counts(legacy, legacy_errors), Counts(modern, modern_errors))
        chance = binomial(legacy, legacy_errors, rates[0]) * binomial(modern, modern_errors, rates[1])
        more += chance * math.exp(test.over())
        less += chance * math.exp(test.under())
    return more, less


@settings(max_examples=60)
@given(
    past=st.tuples(st.integers(1, 2_000), RATES).map(lambda pair: Counts(pair[0], int(pair[0] * pair[1]))),
    legacy=st.integers(1, 8),
    modern=st.integers(1, 8),
    rates=st.tuples(RATES, RATES),
    limit=LIMITS,
)
def test_no_slot_pays_in_expectation_while_the_hypothesis_is_true(
    past: Counts, legacy: int, modern: int, rates: tuple[float, float], limit: float
) -> None:
    more, less = worth(past, legacy, modern, rates, limit)
    if rates[1] <= rates[0] + limit:
        assert more <= 1 + 1e-9
    else:
        assert less <= 1 + 1e-9


def draw_errors(draw: random.Random, requests: int, rate: float) -> int:
    return sum(draw.random() < rate for _ in range(requests))


def outcome(seed: int, legacy_rate: float, modern_rate: float, slots: int = 150, share: float = 0.5) -> str:
    """Looked at after every slot: the first thing that is refuted at 95 %."""
    draw, test, goal = random.Random(seed), IncreaseTest(0.005), math.log(20)
    for slot in range(slots):
        hour = 1 + slot % 5 * 2
        modern = round(100 * share)
        test.observe(
            Counts(100 - modern, draw_errors(draw, 100 - modern, legacy_rate * hour / 5)),
            Counts(modern, draw_errors(draw, modern, modern_rate * hour / 5)),
        )
        if test.over() >= goal:
            return "over"
        if test.under() >= goal:
            return "under"
    return "open"


def test_an_equal_side_is_not_refuted_though_rates_drift_ninefold_and_every_slot_is_looked_at() -> None:
    assert sum(outcome(seed, 0.02, 0.02) == "over" for seed in range(100)) <= 2


def test_a_side_with_two_more_points_of_errors_is_refuted() -> None:
    assert sum(outcome(seed, 0.01, 0.03) == "over" for seed in range(40)) >= 38


def test_a_side_with_two_more_points_of_errors_does_not_pass() -> None:
    assert not any(outcome(seed, 0.01, 0.03) == "under" for seed in range(40))


def test_a_sound_side_passes() -> None:
    assert sum(outcome(seed, 0.002, 0.002, share=0.2) == "under" for seed in range(20)) >= 18


def test_slots_that_lack_a_side_prove_nothing() -> None:
    test = IncreaseTest(0.005)
    test.observe(Counts(100, 1), Counts(100, 100))
    assert (test.over(), test.under()) == (0, 0)
    test.observe(Counts(0, 0), Counts(100, 100))
    test.observe(Counts(100, 0), Counts(0, 0))
    assert (test.over(), test.under()) == (0, 0)
    assert test.modern.requests == 200


def test_a_side_that_always_fails_is_refuted_within_a_few_requests() -> None:
    test = IncreaseTest(0.005)
    test.observe(Counts(500, 5), Counts(0, 0))
    test.observe(Counts(500, 5), Counts(2, 2))
    assert test.over() > math.log(50)


@pytest.mark.parametrize(("legacy", "modern"), [(1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_certain_rates_ruin_nothing(legacy: float, modern: float) -> None:
    test = IncreaseTest(0.005)
    for _ in range(50):
        test.observe(Counts(100, round(100 * legacy)), Counts(100, round(100 * modern)))
    assert math.isfinite(test.over()) and math.isfinite(test.under())
    assert (test.over() > math.log(20)) == (modern > legacy)


def test_the_outlook_is_near_what_it_takes() -> None:
    test = IncreaseTest(0.005)
    goal = math.log(20)
    for _ in range(20):
        test.observe(Counts(900, 9), Counts(100, 1))
    needs = test.modern_until_under(goal)
    assert needs is not None and test.under() < goal
    for _ in range(math.ceil(needs / 100)):
        test.observe(Counts(900, 9), Counts(100, 1))
    assert test.under() >= goal


def test_there_is_no_outlook_without_traffic_or_at_the_limit() -> None:
    test = IncreaseTest(0.005)
    assert test.modern_until_under(3.0) is None
    for _ in range(50):
        test.observe(Counts(1000, 10), Counts(1000, 15))
    assert test.modern_until_under(3.0) is None


def test_a_rate_without_requests_is_zero() -> None:
    assert Counts().rate == 0
