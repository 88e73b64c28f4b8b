"""What Prometheus reads: every family typed and explained, names with their units, and the right figures."""

from prometheus_client.parser import text_string_to_metric_families

from proxy.control.metrics import exposition
from proxy.link import Fleet, Gauges
from proxy.rollout.view import LedgerView, Took
from proxy.state import State
from proxy.telemetry.metrics import Totals


def state() -> State:
    """One in which every family has a sample."""
    totals = Totals(
        counters={("access_log_lost", ""): 7, ("retries", "legacy"): 1, ("shadow_lost", "- line"): 2}
    )
    for status in (200, 503):
        totals.observe(("pay", "modern", "payments", status), 0.75, 10, 20, "upstream-timeout", status == 200)
    gauges = Gauges(1, 2, ("payments@127.0.0.1:1",), ("payments@127.0.0.1:1",), True, 3)
    fleet = Fleet({17: 0, 18: 4}, False, ("bad",), 4, LedgerView(9, None, None, Took(0.1, 0.2, 0.3)))
    return State(totals=totals, gauges={18: gauges}, fleet=fleet)


def samples() -> dict[str, float]:
    """Name and labels without the histogram's → value."""
    families = text_string_to_metric_families(exposition(state()).decode())
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in families
        for sample in family.samples
    }


def test_every_family_is_ours_typed_and_explained() -> None:
    families = list(text_string_to_metric_families(exposition(state()).decode()))
    assert len({family.name for family in families}) == len(families) > 20
    for family in families:
        assert family.name.startswith("banyan_")
        assert family.type in ("counter", "gauge", "histogram")
        assert family.documentation.endswith(".")


def test_a_worker_that_is_starting_does_not_serve_yet() -> None:
    assert samples()["banyan_workers[]"] == 1


def test_lines_lost_are_counted() -> None:
    assert samples()["banyan_access_log_lost_total[]"] == 7


def test_a_histogram_s_bounds_are_what_they_say() -> None:
    bounds = [
        float(line.partition('le="')[2].partition('"')[0])
        for line in exposition(state()).decode().splitlines()
        if line.startswith("banyan_request_duration_seconds_bucket") and 'status="200"' in line
    ]
    assert bounds == sorted(bounds)
    assert 1.048576 in bounds
    assert bounds[-1] == float("inf")
