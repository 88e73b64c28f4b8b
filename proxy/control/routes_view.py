"""What `GET /api/v1/routes` says: each route as configured, as in force, and its traffic. Pure."""

from typing import Any

from proxy.config.snapshot import Route
from proxy.state import State
from proxy.telemetry.metrics import Series, quantile

_SERVER_ERRORS = range(500, 600)


def routes_view(state: State) -> dict[str, Any]:
    """All routes in the order of the file, with the version in force."""
    if state.snapshot is None:
        return {"version": 0, "routes": []}
    routes = [_view(state, route) for route in state.snapshot.routes.values()]
    return {"version": state.snapshot.version, "routes": routes}


def route_view(state: State, name: str) -> dict[str, Any] | None:
    """One route, None if there is none of that id."""
    route = state.snapshot.routes.get(name) if state.snapshot else None
    return None if route is None else _view(state, route)


def _view(state: State, route: Route) -> dict[str, Any]:
    return {
        "id": route.id,
        "line": route.line,
        "match": route.spec.match.model_dump(mode="json", exclude_defaults=True),
        "legacy": route.legacy,
        "modern": route.modern,
        "stage": route.plan.stage.value,
        "weight": route.plan.weight / 100,
        "source": "override" if route.override else "file",
        "traffic": {side: _traffic(state, route.id, side) for side in ("legacy", "modern")},
        "errors": {error: n for (name, error), n in state.totals.errors.items() if name == route.id},
    }


def _traffic(state: State, route: str, side: str) -> dict[str, Any]:
    total, failed = Series(), 0
    for (name, served, _, status), series in state.totals.series.items():
        if name == route and served == side:
            total.merge(series)
            failed += series.count if status in _SERVER_ERRORS or status == 0 else 0
    return {
        "requests": total.count,
        "server_errors": failed,
        "p50_ms": _milliseconds(quantile(total.latency, 0.5)),
        "p95_ms": _milliseconds(quantile(total.latency, 0.95)),
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
