"""Medians, spreads, percentiles and trends of the bench."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats import Spread, percentile, slope, spread

finite = st.floats(-1e9, 1e9)


def test_a_spread_is_median_lowest_and_highest() -> None:
    assert spread([30.0, 10.0, 20.0]) == Spread(20.0, 10.0, 30.0)
    assert str(spread([12_345.6, 12_000.2])) == "12,000–12,346"


@pytest.mark.parametrize("measure", [spread, lambda values: percentile(values, 0.5)])
def test_nothing_measured_is_no_figure(measure: Callable[[list[float]], object]) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        measure([])


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)])
def test_percentiles_are_by_nearest_rank(share: float, expected: int) -> None:
    assert percentile(range(1, 101), share) == expected


@given(st.lists(finite, min_size=1), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_with_enough_of_them_below(
    values: list[float], share: float
) -> None:
    found = percentile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def test_a_slope_is_the_growth_from_one_value_to_the_next() -> None:
    assert slope([1.0, 3.0, 5.0, 7.0]) == 2.0


def test_one_spike_is_no_growth() -> None:
    assert slope([5.0, 5.0, 500.0, 5.0, 5.0, 5.0]) == 0.0


def test_too_few_values_have_no_slope() -> None:
    assert slope([]) == slope([7.0]) == 0.0
