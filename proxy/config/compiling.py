"""From checked models to the snapshot: what requests need, worked out once."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from proxy.config.draft import Draft
from proxy.config.patterns import reads_as_php
from proxy.config.routes import Cohort as CohortConfig
from proxy.config.routes import HeaderEdits, RouteConfig
from proxy.config.snapshot import Route, Snapshot, mirrored_share
from proxy.decision.cohort import Cohort, Members
from proxy.decision.decide import RoutePlan
from proxy.decision.stages import Stage
from proxy.decision.sticky import Source, parse_source
from proxy.routing.pattern import Pattern
from proxy.routing.rewrite import parse_rewrite
from proxy.routing.table import Table

LineOf = Callable[[int], int]


def compile_snapshot(draft: Draft, patterns: Mapping[int, Pattern], line_of: LineOf) -> Snapshot:
    """The snapshot of a draft without errors; `line_of` gives the line of the route at a place."""
    config = draft.config()
    routes = {
        route.id: _route(route, patterns[place], reads_as_php(route, draft), line_of(place))
        for place, route in draft.routes.items()
    }
    table = Table.build((route.pattern, route.id) for route in routes.values())
    return Snapshot(1, config, table, routes, draft.defaults.legacy)


def _route(spec: RouteConfig, pattern: Pattern, php: bool, line: int) -> Route:
    plan = plan_of(spec, php)
    modern = spec.modern
    if modern is None:
        return Route(spec.id, line, spec, pattern, plan, spec.legacy)
    rewrite = parse_rewrite(modern.path, php) if modern.path is not None else None
    drop, add = _edits(modern.headers)
    return Route(spec.id, line, spec, pattern, plan, spec.legacy, modern.backend, rewrite, drop, add)


def _edits(headers: HeaderEdits) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
    """Names that are dropped and lines that are added; what is set replaces what the client sent."""
    drop = frozenset(name.lower().encode() for name in (*headers.remove, *headers.set))
    return drop, tuple(f"{name}: {value}".encode("latin-1") for name, value in headers.set.items())


def plan_of(spec: RouteConfig, php: bool) -> RoutePlan:
    """What deciding needs to know; `php` says how cookies and queries are read."""
    stage, shadow = Stage(spec.stage), spec.shadow
    return RoutePlan(
        id=spec.id,
        stage=stage,
        weight=spec.weight,
        salt=(spec.group or spec.id).encode(),
        sticky=_sources(spec.sticky, php),
        cohort=_cohort(spec.cohort, php) if spec.cohort else None,
        shadow_sample=mirrored_share(stage, shadow),
        mirror_writes=shadow is not None and shadow.writes == "attested",
        reverse=shadow is not None and shadow.reverse,
        modern_available=spec.modern is not None,
    )


@lru_cache
def _sources(sources: tuple[str, ...], php: bool) -> tuple[Source, ...]:
    """Shared by all routes that inherit them, which keeps a pickled snapshot small."""
    return tuple(parse_source(source, php) for source in sources)


def _cohort(cohort: CohortConfig, php: bool) -> Cohort:
    return Cohort(_members(cohort.always, php), _members(cohort.never, php))


def _members(values: Mapping[str, Iterable[str]], php: bool) -> Members:
    return tuple(
        (parse_source(source, php), frozenset(value.encode() for value in wanted))
        for source, wanted in values.items()
    )
