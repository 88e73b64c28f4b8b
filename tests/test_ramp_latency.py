from hypothesis import given
from hypothesis import strategies as st

from proxy.ramp.latency import bucket_of, floor_of, merged, possibly_above, quantile_of, surely_above

LATENCIES = st.integers(min_value=0, max_value=10**10)
HISTOGRAMS = st.lists(LATENCIES, max_size=50).map(lambda values: merged({bucket_of(v): 1} for v in values))


@given(LATENCIES)
def test_a_bucket_holds_its_latency_and_is_at_most_a_sixteenth_wide(microseconds: int) -> None:
    bucket = bucket_of(microseconds)
    low, high = floor_of(bucket), floor_of(bucket + 1)
    assert low <= microseconds < high
    assert high - low <= max(1, low / 16)


@given(LATENCIES, LATENCIES)
def test_buckets_are_in_the_order_of_latencies(one: int, other: int) -> None:
    assert (bucket_of(one) <= bucket_of(other)) >= (one <= other)


@given(st.lists(LATENCIES, max_size=50), st.floats(min_value=0, max_value=10**10))
def test_what_lies_above_a_mark_is_bounded_from_both_sides(values: list[int], mark: float) -> None:
    histogram = merged({bucket_of(value): 1} for value in values)
    truth = sum(value >= mark for value in values)
    assert surely_above(histogram, mark) <= truth <= possibly_above(histogram, mark)


@given(HISTOGRAMS, HISTOGRAMS)
def test_merging_adds_up(one: dict[int, int], other: dict[int, int]) -> None:
    both = merged([one, other])
    assert sum(both.values()) == sum(one.values()) + sum(other.values())
    assert both.keys() == one.keys() | other.keys()


def test_a_quantile_is_read_from_its_bucket() -> None:
    histogram = {bucket_of(1_000): 90, bucket_of(50_000): 10}
    assert quantile_of(histogram, 0.5) == floor_of(bucket_of(1_000))
    assert quantile_of(histogram, 0.95) == floor_of(bucket_of(50_000))
    assert quantile_of({}, 0.95) == 0
