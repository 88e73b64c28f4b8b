"""What the keys of a route must have to do with its stage, its methods, and the other routes of its group."""

from collections.abc import Iterator

from proxy.config.checks.methods import SAFE, WITHOUT_BODY
from proxy.config.draft import Draft
from proxy.config.errors import Problem, Severity
from proxy.config.routes import RouteConfig
from proxy.config.units import format_percent

_ALL = 10_000


def modern_is_there(draft: Draft) -> Iterator[Problem]:
    """A stage beyond legacy, and a ramp of the route's own, need a modern side."""
    for place, route in draft.routes.items():
        if route.modern is not None:
            continue
        if route.stage != "legacy":
            yield Problem(("routes", place, "modern"), f"is required at stage {route.stage}")
        elif route.ramp is not None and "ramp" in route.model_fields_set:
            yield Problem(("routes", place, "modern"), "is required by ramp")


def weight_has_its_stage(draft: Draft) -> Iterator[Problem]:
    for place, route in draft.routes.items():
        if route.weight and "weight" in route.model_fields_set and route.stage != "canary":
            message = f"has no effect at stage {route.stage}; it holds at stage canary only"
            yield Problem(("routes", place, "weight"), message, Severity.WARNING)


def canaries_have_weights(draft: Draft) -> Iterator[Problem]:
    """A canary of nobody, unless somebody said 0, a cohort is always served, or a ramp raises it."""
    said_for_all = "weight" in draft.defaults.model_fields_set
    for place, route in draft.routes.items():
        is_said = said_for_all or "weight" in route.model_fields_set
        has_always = route.cohort is not None and route.cohort.always
        if route.stage == "canary" and not (is_said or has_always or route.ramp):
            message = "is missing, and 0 by default: modern serves nobody; write weight: 0 if that is meant"
            yield Problem(("routes", place, "weight"), message, Severity.WARNING)


def groups_agree(draft: Draft) -> Iterator[Problem]:
    """Routes of one group share the buckets: one key sees one side on all of them."""
    first: dict[str, int] = {}
    for place, route in draft.routes.items():
        if route.group is not None:
            other = first.setdefault(route.group, place)
            yield from _disagreement(place, route, other, draft.routes[other])


def _disagreement(place: int, route: RouteConfig, other: int, first: RouteConfig) -> Iterator[Problem]:
    also = f"but {first.id} on line {{line}}, of the same group {route.group}, has"
    if route.stage == first.stage == "canary" and route.weight != first.weight:
        message = f"is {format_percent(route.weight):g}, {also} {format_percent(first.weight):g}"
        yield Problem(("routes", place, "weight"), message, other=("routes", other, "weight"))
    elif _share(route) != _share(first):
        message = f"is {route.stage}, {also} {first.stage}: one key would see both sides"
        yield Problem(("routes", place, "stage"), message, Severity.WARNING, other=("routes", other, "stage"))
    if route.stage == first.stage == "canary" and route.sticky != first.sticky:
        message = f"is [{', '.join(route.sticky)}], {also} [{', '.join(first.sticky)}]"
        yield Problem(("routes", place, "sticky"), message, other=("routes", other, "sticky"))


def _share(route: RouteConfig) -> int:
    """What modern serves of the route, in hundredths of a percent."""
    if route.stage == "canary":
        return route.weight
    return _ALL if route.stage == "modern" else 0


def cohorts_are_disjoint(draft: Draft) -> Iterator[Problem]:
    for place, route in draft.routes.items():
        if route.cohort is None:
            continue
        for source, values in route.cohort.never.items():
            both = sorted(set(values) & set(route.cohort.always.get(source, ())))
            if both:
                path = ("routes", place, "cohort", "never", source)
                yield Problem(path, f"{', '.join(both)} cannot be in always and in never")


def forms_have_a_body(draft: Draft) -> Iterator[Problem]:
    for place, route in draft.routes.items():
        bodiless = WITHOUT_BODY.intersection(route.match.methods)
        if route.match.form and bodiless:
            message = f"never matches a {' or a '.join(sorted(bodiless))}, which has no body; use query"
            yield Problem(("routes", place, "match", "form"), message, at_key=True)


def fallback_can_happen(draft: Draft) -> Iterator[Problem]:
    """Only safe methods fall back: a write may have happened before it failed."""
    for place, route in draft.routes.items():
        methods = set(route.match.methods)
        if "fallback" in route.model_fields_set and route.fallback and methods and not methods & SAFE:
            message = f"never happens: only safe methods fall back, and not {' or '.join(sorted(methods))}"
            yield Problem(("routes", place, "fallback"), message, Severity.WARNING)


def writes_are_not_mirrored(draft: Draft) -> Iterator[Problem]:
    """`attested` needs what is not built: a way to know that a write may happen twice."""
    for place, route in draft.routes.items():
        if route.shadow and route.shadow.writes == "attested":
            yield Problem(("routes", place, "shadow", "writes"), "attested is not offered yet; write never")
