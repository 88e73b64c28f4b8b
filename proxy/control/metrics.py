"""The counters of all workers in Prometheus' exposition format."""

from collections.abc import Iterator
from dataclasses import asdict

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from proxy.control.shadow_metrics import shadow_families
from proxy.rollout.view import LedgerView
from proxy.state import State
from proxy.telemetry.metrics import Series, Totals, cumulative

_LABELS = ("route", "side", "backend", "status")


class StateCollector(Collector):
    """Reads a `State` whenever somebody scrapes."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        state = self._state
        yield from _traffic(state.totals)
        yield from _errors(state.totals)
        yield from shadow_families(state.totals)
        yield from _workers(state)


def exposition(state: State) -> bytes:
    """The text that `GET /metrics` answers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StateCollector(state))
    return generate_latest(registry)


def _traffic(totals: Totals) -> Iterator[Metric]:
    requests = CounterMetricFamily("banyan_requests", "Requests that ended, by answer.", labels=_LABELS)
    received = CounterMetricFamily("banyan_request_bytes", "Bytes of request bodies.", labels=_LABELS)
    sent = CounterMetricFamily("banyan_response_bytes", "Bytes of response bodies.", labels=_LABELS)
    seconds = HistogramMetricFamily(
        "banyan_request_duration_seconds", "From the request's head to its last byte.", labels=_LABELS
    )
    for (route, side, backend, status), series in totals.series.items():
        labels = (route, side, backend, str(status))
        requests.add_metric(labels, series.count)
        received.add_metric(labels, series.bytes_in)
        sent.add_metric(labels, series.bytes_out)
        seconds.add_metric(labels, list(_buckets(series)), series.seconds)
    yield from (requests, received, sent, seconds)


def _buckets(series: Series) -> Iterator[tuple[str, float]]:
    for bound, amount in cumulative(series.latency):
        yield f"{bound:.9g}", amount
    yield "+Inf", series.count


def _errors(totals: Totals) -> Iterator[Metric]:
    errors = CounterMetricFamily(
        "banyan_errors",
        "Answers of the proxy's own, and responses that broke off.",
        labels=("route", "error"),
    )
    for (route, error), amount in totals.errors.items():
        errors.add_metric((route, error), amount)
    yield errors
    retries = CounterMetricFamily("banyan_retries", "Requests sent again.", labels=("backend",))
    for (name, label), amount in totals.counters.items():
        if name == "retries":
            retries.add_metric((label,), amount)
    yield retries
    yield CounterMetricFamily(
        "banyan_access_log_lost",
        "Lines that could not be written.",
        totals.counters.get(("access_log_lost", ""), 0),
    )
    fallbacks = CounterMetricFamily(
        "banyan_fallbacks", "Requests that legacy answered because modern failed.", labels=("route", "status")
    )
    for (route, _, _, status), series in totals.fallbacks.items():
        fallbacks.add_metric((route, str(status)), series.count)
    yield fallbacks


def _ledger(view: LedgerView) -> Iterator[Metric]:
    for name, text, figure in (
        ("up", "Whether the ledger answers; without it, what was in force stays.", not view.trouble),
        ("version", "Version of the overrides in force.", view.version),
        ("hints_up", "Whether hints of flips come through Redis, where it is configured.", not view.redis),
    ):
        yield GaugeMetricFamily(f"banyan_ledger_{name}", text, figure)
    stages = GaugeMetricFamily("banyan_flip_seconds", "What the last flip took here.", labels=("stage",))
    for stage, seconds in asdict(view.took).items() if view.took else ():
        stages.add_metric((stage,), seconds)
    yield stages


def _workers(state: State) -> Iterator[Metric]:
    gauges = state.gauges.values()
    fleet = state.fleet
    serving = sum(version > 0 for version in fleet.workers.values())
    yield GaugeMetricFamily("banyan_workers", "Worker processes that serve.", serving)
    yield GaugeMetricFamily("banyan_config_version", "Version of routes.yaml in force.", fleet.version)
    yield GaugeMetricFamily(
        "banyan_config_errors",
        "Errors that keep the newest routes.yaml out of force.",
        len(fleet.config_errors),
    )
    yield from _ledger(fleet.ledger)
    yield GaugeMetricFamily(
        "banyan_connections", "Client connections that are open.", sum(gauge.connections for gauge in gauges)
    )
    yield GaugeMetricFamily(
        "banyan_in_flight", "Requests under way.", sum(gauge.in_flight for gauge in gauges)
    )
    yield GaugeMetricFamily("banyan_tasks", "asyncio tasks of the workers.", sum(g.tasks for g in gauges))
    yield GaugeMetricFamily("banyan_overloaded", "Workers that shed load.", sum(g.overloaded for g in gauges))
    for name, text, endpoints in (
        (
            "banyan_breaker_open",
            "Endpoints whose breaker is open, per worker.",
            [g.open_breakers for g in gauges],
        ),
        (
            "banyan_endpoint_unhealthy",
            "Endpoints that fail their health check.",
            [g.unhealthy for g in gauges],
        ),
    ):
        family = GaugeMetricFamily(name, text, labels=("endpoint",))
        for endpoint in {endpoint for per_worker in endpoints for endpoint in per_worker}:
            family.add_metric((endpoint,), sum(endpoint in per_worker for per_worker in endpoints))
        yield family
