"""Counting answers: processes together count what one would have; quantiles are upper bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ramp.latency import bucket_of
from proxy.telemetry.metrics import BOUNDS, Series, Totals, cumulative, quantile
from proxy.upstream.failures import Failure

OK = ("pay", "modern", "payments", 200)
FAILED = ("pay", "modern", "payments", 502)
LATENCIES = st.floats(0, 60, allow_nan=False)


def histogram(*seconds: float) -> dict[int, int]:
    series = Series()
    for each in seconds:
        series.add(each, 0, 0)
    return series.latency


def test_an_answer_is_counted_under_its_key() -> None:
    totals = Totals()
    totals.observe(OK, 0.5, 1, 2, "")
    totals.observe(OK, 0.25, 10, 20, "")
    totals.observe(FAILED, 1.0, 0, 0, "upstream-unreachable")
    assert totals.series[OK] == Series(2, 0, 0.75, 11, 22, {bucket_of(500_000): 1, bucket_of(250_000): 1})
    assert totals.series[FAILED].failed == 1
    assert totals.errors == {("pay", "upstream-unreachable"): 1}
    assert totals.fallbacks == {}


@pytest.mark.parametrize(
    ("status", "error", "failed"),
    [
        (200, "", 0),
        (404, "", 0),
        (499, "", 0),
        (500, "", 1),
        (599, "", 1),
        (200, Failure.TRUNCATED.value, 1),
        (200, "client gone", 0),
        (0, "client gone", 0),
        (503, Failure.IDLE_TIMEOUT.value, 1),
    ],
)
def test_an_error_is_the_servers_status_or_its_break_off(status: int, error: str, failed: int) -> None:
    totals = Totals()
    totals.observe(("pay", "legacy", "legacy", status), 0.1, 0, 0, error)
    (series,) = totals.series.values()
    assert series.failed == failed


def test_a_fallback_is_counted_beside_and_not_twice() -> None:
    totals = Totals()
    totals.observe(OK, 0.1, 0, 0, "", fell_back=True)
    totals.observe(OK, 0.1, 0, 0, "")
    assert (totals.series[OK].count, totals.fallbacks[OK].count) == (2, 1)


def test_counters_add_up() -> None:
    totals = Totals()
    totals.count("retries", "legacy")
    totals.count("retries", "legacy", 3)
    totals.count("retries", "payments", 0)
    assert totals.counters == {("retries", "legacy"): 4, ("retries", "payments"): 0}


OBSERVED = st.lists(
    st.tuples(
        st.sampled_from([OK, FAILED, ("other", "legacy", "legacy", 200)]),
        st.integers(0, 60_000_000),
        st.integers(0, 99),
        st.integers(0, 99),
        st.sampled_from(["", "client gone", Failure.TRUNCATED.value]),
        st.booleans(),
    ),
    max_size=12,
)


@given(OBSERVED, st.integers(0, 12))
def test_two_processes_together_count_what_one_would_have(observed: list, cut: int) -> None:  # type: ignore[type-arg]
    """Latencies are whole seconds here, whose sum no order changes."""
    whole, first, second = Totals(), Totals(), Totals()
    for number, (key, micros, up, down, error, fell) in enumerate(observed):
        for totals in (whole, first if number < cut else second):
            totals.observe(key, float(micros // 1_000_000), up, down, error, fell)
            totals.count("retries", key[2])
    first.merge(second)
    assert first == whole


def test_merging_takes_nothing_from_the_other() -> None:
    mine, theirs = Totals(), Totals()
    theirs.observe(OK, 0.1, 0, 0, "x", True)
    for _ in range(2):
        mine.merge(theirs)
    mine.observe(OK, 0.1, 0, 0, "", True)
    assert (mine.series[OK].count, theirs.series[OK].count, theirs.fallbacks[OK].count) == (3, 1, 1)


def test_quantiles() -> None:
    assert quantile({}, 0.5) is None
    latency = histogram(*[0.001] * 90, *[1.0] * 10)
    for q, exact in ((0.5, 0.001), (0.9, 0.001), (0.91, 1.0), (1.0, 1.0)):
        said = quantile(latency, q)
        assert said is not None
        assert exact < said <= exact * 1.07


@given(st.lists(LATENCIES, min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_quantile_is_never_below_the_true_one(seconds: list[float], q: float) -> None:
    said = quantile(histogram(*seconds), q)
    assert said is not None
    assert sum(each < said for each in seconds) >= q * len(seconds)


@given(st.lists(LATENCIES, max_size=50))
def test_buckets_shown_are_exact_at_their_bounds(seconds: list[float]) -> None:
    shown = dict(cumulative(histogram(*seconds)))
    assert list(shown) == list(BOUNDS)
    for bound, count in shown.items():
        assert count == sum(int(each * 1_000_000) < round(bound * 1_000_000) for each in seconds)
