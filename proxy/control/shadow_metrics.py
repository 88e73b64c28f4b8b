"""What mirroring came to, in Prometheus' terms. A skip is never counted as a match."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric

from proxy.telemetry.metrics import Totals

_FAMILIES = {
    "shadow_skipped": ("banyan_shadow_skipped", "Requests that were not mirrored or not compared.", "reason"),
    "shadow_verdict": ("banyan_shadow_verdicts", "Exchanges by what comparing them found.", "verdict"),
    "shadow_failure": ("banyan_shadow_failures", "Mirrored requests without an answer.", "reason"),
    "shadow_lost": ("banyan_shadow_lost", "What was found and could not be kept.", "what"),
}
"""Counters of `Totals`, each labelled `ROUTE WORD`."""


def shadow_families(totals: Totals) -> Iterator[Metric]:
    """One family for each row of the table."""
    for counter, (name, text, label) in _FAMILIES.items():
        family = CounterMetricFamily(name, text, labels=("route", label))
        for (counted, labels), amount in totals.counters.items():
            if counted == counter:
                family.add_metric(labels.split(" ", 1), amount)
        yield family
