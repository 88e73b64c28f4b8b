"""Names that must exist where they are used, and be unique where they are given."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from proxy.config.draft import Draft
from proxy.config.errors import KeyPath, Problem, did_you_mean
from proxy.config.patterns import reads_as_php
from proxy.config.routes import RouteConfig
from proxy.decision.sticky import parse_source
from proxy.routing.rewrite import parse_rewrite

LONGEST_ID = 200
"""Characters; a name in the ledger has no more."""


def backends_exist(draft: Draft) -> Iterator[Problem]:
    """`legacy` and `modern` name backends of the file, also in a route that is wrong elsewhere."""
    names = draft.backend_names
    if not names:
        return
    if draft.defaults.legacy not in names:
        yield Problem(("defaults", "legacy"), _no_backend(draft.defaults.legacy, names))
    for place, route in (*draft.routes.items(), *draft.remains.items()):
        if "legacy" in route.model_fields_set and route.legacy not in names:
            yield Problem(("routes", place, "legacy"), _no_backend(route.legacy, names))
        if route.modern and route.modern.backend not in names:
            yield Problem(("routes", place, "modern", "backend"), _no_backend(route.modern.backend, names))


def _no_backend(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known) or f"; backends are: {', '.join(known)}"
    return f"there is no backend {name}{hint}"


def ids_are_unique(draft: Draft) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for place, route in draft.routes.items():
        other = first.setdefault(route.id, place)
        if other != place:
            message = f"{route.id} is already the id of the route on line {{line}}"
            yield Problem(("routes", place, "id"), message, other=("routes", other, "id"))


def ids_fit_the_ledger(draft: Draft) -> Iterator[Problem]:
    """Flips, samples and audit are kept under the route's id."""
    for place, route in draft.routes.items():
        if len(route.id) > LONGEST_ID:
            message = f"has {len(route.id)} characters; the ledger takes {LONGEST_ID}"
            yield Problem(("routes", place, "id"), message)


def rewrites_are_defined(draft: Draft) -> Iterator[Problem]:
    """`modern.path` takes its parameters from `match.path`."""
    for place, route in draft.routes.items():
        if route.modern is None or route.modern.path is None:
            continue
        path = ("routes", place, "modern", "path")
        try:
            missing = parse_rewrite(route.modern.path, reads_as_php(route, draft)).undefined(route.match.path)
        except ValueError as error:
            yield Problem(path, str(error))
        else:
            yield from (Problem(path, _no_parameter(name, route)) for name in missing)


def sources_can_be_read(draft: Draft) -> Iterator[Problem]:
    """`kind:NAME` in sticky and cohort is something that a request can have."""
    for place, route in draft.routes.items():
        php = reads_as_php(route, draft)
        for below, source in _sticky_sources(route):
            if reason := _why_never(source, php):
                yield Problem(("routes", place, *below), reason, at_key=below[-1] == source)


@lru_cache
def _why_never(source: str, php: bool) -> str:
    """PHP drops some names, as `[x]`; empty where the source can be read."""
    try:
        parse_source(source, php)
    except ValueError as error:
        return str(error)
    return ""


def parameters_exist(draft: Draft) -> Iterator[Problem]:
    """`path:NAME` in a route's own sticky, cohort or follows is a parameter of its path.

    What is inherited is left alone: it is meant for those routes that have the parameter.
    """
    for place, route in draft.routes.items():
        sources = [*_sticky_sources(route)]
        if route.follows is not None:
            sources.append((("follows", "key"), route.follows.key))
        for below, source in sources:
            kind, _, name = source.partition(":")
            is_own = below[0] in route.model_fields_set
            if is_own and kind == "path" and name not in route.match.path.names:
                path = ("routes", place, *below)
                yield Problem(path, _no_parameter(name, route), at_key=below[-1] == source)


def _sticky_sources(route: RouteConfig) -> Iterator[tuple[KeyPath, str]]:
    """Every `kind:NAME` that tells one client from another, with its path below the route."""
    yield from ((("sticky", number), source) for number, source in enumerate(route.sticky))
    if route.cohort is not None:
        yield from ((("cohort", "always", source), source) for source in route.cohort.always)
        yield from ((("cohort", "never", source), source) for source in route.cohort.never)


def _no_parameter(name: str, route: RouteConfig) -> str:
    names = route.match.path.names
    known = f"has {', '.join(names)}" if names else "has no parameters"
    return f"there is no path parameter {name}{did_you_mean(name, names)}; {route.match.path.source} {known}"
