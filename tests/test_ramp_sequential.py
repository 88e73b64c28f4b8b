import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ramp.latency import bucket_of, merged
from proxy.ramp.sequential import (
    quantile_bounds,
    rate_above,
    rate_below,
    rate_lower,
    rate_upper,
    requests_until,
    trials_until_below,
    wealth,
)

GOAL = math.log(20)
RATES = st.floats(min_value=0.001, max_value=0.9)


def binomial(trials: int, hits: int, rate: float) -> float:
    return math.comb(trials, hits) * rate**hits * (1 - rate) ** (trials - hits)


@given(RATES, RATES, st.integers(min_value=0, max_value=40))
def test_betting_on_more_is_no_better_than_fair_while_the_rate_is_within_the_limit(
    one: float, other: float, trials: int
) -> None:
    rate, limit = sorted((one, other))
    worth = sum(
        binomial(trials, hits, rate) * math.exp(rate_above(trials, hits, limit)) for hits in range(trials + 1)
    )
    assert worth <= 1 + 1e-9


@given(RATES, RATES, st.integers(min_value=0, max_value=40))
def test_betting_on_less_is_no_better_than_fair_while_the_rate_is_beyond_the_limit(
    one: float, other: float, trials: int
) -> None:
    limit, rate = sorted((one, other))
    worth = sum(
        binomial(trials, hits, rate) * math.exp(rate_below(trials, hits, limit)) for hits in range(trials + 1)
    )
    assert worth <= 1 + 1e-9


@given(st.integers(min_value=0, max_value=5000), st.floats(min_value=0, max_value=1))
def test_bounds_hold_the_rate_that_was_seen(trials: int, share: float) -> None:
    hits = round(trials * share)
    lower, upper = rate_lower(trials, hits, GOAL), rate_upper(trials, hits, GOAL)
    assert 0 <= lower <= (hits / trials if trials else 0.5) <= upper <= 1


def test_bounds_tighten_with_trials() -> None:
    widths = [
        rate_upper(n, n // 100, GOAL) - rate_lower(n, n // 100, GOAL) for n in (100, 1_000, 10_000, 100_000)
    ]
    assert widths == sorted(widths, reverse=True)
    assert rate_upper(10_000, 100, GOAL) < 0.0135
    assert rate_lower(10_000, 100, GOAL) > 0.0072


def peeking_errs(seed: int, rate: float, limit: float, trials: int) -> bool:
    """Whether a test that is looked at after every request ever refutes what is true."""
    draw, hits = random.Random(seed), 0
    for seen in range(1, trials + 1):
        hits += draw.random() < rate
        if rate_above(seen, hits, limit) >= GOAL:
            return True
    return False


def test_looking_after_every_request_errs_no_more_often_than_promised() -> None:
    ramps = 200
    assert sum(peeking_errs(seed, 0.05, 0.05, 400) for seed in range(ramps)) <= 0.05 * ramps


@pytest.mark.parametrize(("rate", "refuted"), [(0.02, False), (0.2, True)])
def test_a_rate_far_beyond_the_limit_is_refuted_soon(rate: float, refuted: bool) -> None:
    assert peeking_errs(1, rate, 0.05, 200) is refuted


def test_the_outlook_tells_how_many_more_trials_a_pass_takes() -> None:
    needs = trials_until_below(GOAL, 500, 0, 0.001)
    assert needs is not None
    assert rate_below(500, 0, 0.001) < GOAL
    assert rate_below(500 + 2 * needs, 0, 0.001) >= GOAL


def test_there_is_no_outlook_where_the_rate_is_at_the_limit() -> None:
    assert trials_until_below(GOAL, 10_000, 500, 0.05) is None


def test_wealth_is_the_mean_of_the_stakes() -> None:
    assert wealth([0.0, 0.0]) == 0
    assert wealth([math.log(1), math.log(3)]) == pytest.approx(math.log(2))
    assert wealth([-1e6, math.log(8)]) == pytest.approx(math.log(4))


def test_requests_until_a_goal_that_is_reached_are_at_least_one() -> None:
    assert requests_until(1.0, [5.0], [0.1]) == 1
    assert requests_until(1.0, [0.0], [0.1]) == 10
    assert requests_until(1.0, [0.0], [-0.1]) is None


def lognormal(seed: int, count: int) -> dict[int, int]:
    draw = random.Random(seed)
    return merged({bucket_of(int(draw.lognormvariate(11, 0.6))): 1} for _ in range(count))


def test_a_quantile_lies_between_its_bounds_at_every_look() -> None:
    truth = math.exp(11 + 0.6 * 1.6448536)
    for seed in range(40):
        low, high = quantile_bounds(lognormal(seed, 2_000), 0.95, GOAL)
        assert high is not None
        assert low <= truth < high
        assert high / low < 1.5


def test_a_few_requests_do_not_bound_a_high_quantile_from_above() -> None:
    assert quantile_bounds(lognormal(1, 10), 0.95, GOAL)[1] is None
    assert quantile_bounds({}, 0.95, GOAL) == (0, None)
