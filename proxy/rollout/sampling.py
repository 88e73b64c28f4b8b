"""What workers report → samples for the gates: one for each route under a ramp, in each slot. Pure."""

from collections.abc import Container, Mapping

from proxy.config.snapshot import Snapshot
from proxy.decision.stages import Side, Stage
from proxy.ramp.evidence import Sample, SideSample
from proxy.ramp.latency import merged
from proxy.telemetry.metrics import Key, Series, Totals

VERDICT = "shadow_verdict"
"""The shadow worker's counter of verdicts, labelled `ROUTE VERDICT`."""

_MISMATCH = "mismatch"
_COMPARED = ("match", "noise", _MISMATCH)
"""The verdicts that say how two whole answers compare."""


def judged(snapshot: Snapshot) -> frozenset[str]:
    """The routes whose samples a gate may ask for: those with a plan, while both sides serve."""
    return frozenset(
        route.id
        for route in snapshot.routes.values()
        if route.spec.ramp is not None and route.plan.stage is Stage.CANARY
    )


class Sampler:
    """Adds up reports and cuts them into slots, a second each, named by the second in which it was cut."""

    def __init__(self, source: str) -> None:
        """`source` is unique across machines and restarts."""
        self._source = source
        self._totals = Totals()
        self._slot = 0

    def add(self, totals: Totals) -> None:
        """A worker's report."""
        self._totals.merge(totals)

    def cut(self, now: float, routes: Container[str]) -> list[tuple[str, Sample]]:
        """The samples of these routes since the last cut. A clock that was put back makes the slot longer."""
        if int(now) <= self._slot:
            return []
        self._slot = int(now)
        totals, self._totals = self._totals, Totals()
        labels = {label for name, label in totals.counters if name == VERDICT}
        seen = {key[0] for key in totals.series} | {label.partition(" ")[0] for label in labels}
        return [(route, self._sample(route, totals)) for route in sorted(seen) if route in routes]

    def _sample(self, route: str, totals: Totals) -> Sample:
        fallen = _of(totals.fallbacks, route, Side.LEGACY)
        legacy = _of(totals.series, route, Side.LEGACY)
        modern = _of(totals.series, route, Side.MODERN)
        return Sample(
            self._slot,
            self._source,
            SideSample(
                legacy.count - fallen.count,
                legacy.failed - fallen.failed,
                _less(legacy.latency, fallen.latency),
            ),
            SideSample(modern.count + fallen.count, modern.failed + fallen.count, modern.latency),
            sum(_verdicts(totals, route, verdict) for verdict in _COMPARED),
            _verdicts(totals, route, _MISMATCH),
        )


def _of(series: Mapping[Key, Series], route: str, side: Side) -> Series:
    """All answers of one side. Those that fell back say nothing about legacy: modern failed them."""
    total = Series()
    for (name, served, _, _), one in series.items():
        if name == route and served == side:
            total.merge(one)
    return total


def _verdicts(totals: Totals, route: str, verdict: str) -> int:
    return totals.counters.get((VERDICT, f"{route} {verdict}"), 0)


def _less(all_of_them: Mapping[int, int], some: Mapping[int, int]) -> Mapping[int, int]:
    rest = merged((all_of_them, {bucket: -count for bucket, count in some.items()}))
    return {bucket: count for bucket, count in rest.items() if count}
