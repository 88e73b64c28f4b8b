"""What `GET /api/v1/routes` says: each route as configured, as in force, and its traffic."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any, Self

from sqlalchemy import Connection

from proxy.config.snapshot import Route
from proxy.config.units import PERCENT
from proxy.control.mirrored_view import mirrored_view
from proxy.ledger import diffs, overrides, ramps, samples
from proxy.ledger.diffs import OpenGroups
from proxy.ledger.overrides import Override
from proxy.ledger.positions import Position
from proxy.ledger.ramps import Stored
from proxy.ramp.evidence import Sample, SideSample
from proxy.state import State
from proxy.telemetry.metrics import Series, Totals, quantile


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger says of all routes, or why it says nothing."""

    overrides: Mapping[str, Override] = field(default_factory=dict)
    ramps: Mapping[str, Stored] = field(default_factory=dict)
    groups: Mapping[str, OpenGroups] = field(default_factory=dict)
    samples: Mapping[str, Sample] = field(default_factory=dict)
    trouble: str | None = None

    @classmethod
    def read(cls, connection: Connection, sampled: timedelta) -> Self:
        """The samples are those of so long until now; of no time there are none."""
        _, rows = overrides.changed_since(connection, 0)
        return cls(
            {row.route: row for row in rows},
            {stored.ramp.route: stored for stored in ramps.load(connection)},
            diffs.open_by_route(connection),
            samples.recent(connection, sampled) if sampled else {},
        )


def routes_view(state: State, books: Books) -> dict[str, Any]:
    """All routes in the order of the file, with the version in force."""
    routes = state.snapshot.routes if state.snapshot else {}
    return {
        "version": state.snapshot.version if state.snapshot else 0,
        "routes": [_view(state, route, books) for route in routes.values()],
        "ledger": books.trouble or "ok",
        "config_errors": list(state.fleet.config_errors),
    }


def route_view(state: State, name: str, books: Books) -> dict[str, Any]:
    """One route that the snapshot has."""
    assert state.snapshot is not None
    return _view(state, state.snapshot.routes[name], books)


def position_view(position: Position) -> dict[str, Any]:
    """Where a route stands."""
    return {"stage": str(position.stage), "weight": position.weight / PERCENT}


def _view(state: State, route: Route, books: Books) -> dict[str, Any]:
    override, ramp = books.overrides.get(route.id), books.ramps.get(route.id)
    return {
        "id": route.id,
        "line": route.line,
        "match": route.spec.match.model_dump(mode="json", exclude_defaults=True),
        "legacy": route.legacy,
        "modern": route.modern,
        "stage": route.plan.stage.value,
        "weight": route.plan.weight / PERCENT,
        "source": "override" if route.override else "file",
        "file": {"stage": route.spec.stage, "weight": route.spec.weight / PERCENT},
        "version": None if books.trouble else override.version if override else 0,
        "since": override.since.isoformat() if override and override.position else None,
        "traffic": _traffic(state, route.id, books),
        "traffic_of": "the last minute, all replicas" if state.alone else "this machine since its start",
        "errors": {error: n for (name, error), n in state.totals.errors.items() if name == route.id},
        "verdicts": _verdicts(state, route.id, books),
        "skipped": mirrored_view(state.totals, route.id)["skipped"],
        "diff_groups": asdict(books.groups.get(route.id, OpenGroups(0, 0))),
        "ramps": route.spec.ramp is not None,
        "ramp": _ramp(ramp) if ramp else None,
    }


def _ramp(stored: Stored) -> dict[str, Any]:
    ramp = stored.ramp
    return {
        "state": ramp.state.value,
        "step": ramp.step,
        "started": ramp.started.isoformat(),
        "step_started": ramp.step_started.isoformat(),
        "reason": ramp.reason,
        "gates": [
            {"gate": one.gate, "result": one.result.value, "sentence": one.sentence, "needs": one.needs}
            for one in stored.verdicts
        ],
    }


def _traffic(state: State, route: str, books: Books) -> dict[str, Any]:
    """Of each side. Without a data plane beside us, what the ledger has: samples of routes under a ramp."""
    if not state.alone:
        return {side: _counted(state.totals, route, side) for side in ("legacy", "modern")}
    sample = books.samples.get(route, Sample(0, ""))
    return {"legacy": _figures(sample.legacy), "modern": _figures(sample.modern)}


def _counted(totals: Totals, route: str, side: str) -> dict[str, Any]:
    total = Series()
    for (name, served, _, _), series in totals.series.items():
        if name == route and served == side:
            total.merge(series)
    return _figures(SideSample(total.count, total.failed, total.latency))


def _figures(seen: SideSample) -> dict[str, Any]:
    return {
        "requests": seen.requests,
        "server_errors": seen.errors,
        "p50_ms": _milliseconds(quantile(seen.latency, 0.5)),
        "p95_ms": _milliseconds(quantile(seen.latency, 0.95)),
    }


def _verdicts(state: State, route: str, books: Books) -> dict[str, int]:
    """What the shadow worker of this machine found, by verdict."""
    if state.alone:
        sample = books.samples.get(route)
        return {"mismatch": sample.mismatches} if sample and sample.compared else {}
    return mirrored_view(state.totals, route)["verdicts"]


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
