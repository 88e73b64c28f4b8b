"""Plans that would wait for ever, or would not be gradual."""

from collections.abc import Iterator

from proxy.config.checks.methods import SAFE
from proxy.config.draft import Draft
from proxy.config.errors import KeyPath, Problem, Severity
from proxy.config.ramp import Gates, Ramp
from proxy.config.routes import RouteConfig
from proxy.config.units import PERCENT


def _ramped(draft: Draft) -> Iterator[tuple[int, RouteConfig, Ramp]]:
    """The routes that can be ramped; a plan that others inherit as well means nothing to them."""
    for place, route in draft.routes.items():
        if route.ramp is not None and route.modern is not None:
            yield place, route, route.ramp


def mismatches_can_be_seen(draft: Draft) -> Iterator[Problem]:
    """A gate on mismatches waits for ever where nothing is compared."""
    for place, route, ramp in _ramped(draft):
        if ramp.gates.mismatches and (why := _why_not_compared(route)):
            message = f"waits for ever, as {why}, or set mismatches: null"
            yield _warning(place, "ramp", "gates", "mismatches", message=message)


def _why_not_compared(route: RouteConfig) -> str:
    """Why no exchange of a canary is ever compared, and what to do; empty where some may be."""
    if route.shadow is None:
        return "nothing is mirrored at stage canary: add shadow"
    if route.shadow.sample == 0:
        return "shadow.sample is 0: raise it"
    methods = set(route.match.methods)
    if methods and not methods & SAFE:
        return f"only safe methods are mirrored, and not {' or '.join(sorted(methods))}: give it a safe route"
    return ""


def ramps_are_gradual(draft: Draft) -> Iterator[Problem]:
    """At 100 % legacy serves nothing that modern could be held to, unless a step before it did."""
    for place, _, ramp in _ramped(draft):
        if ramp.steps[0] == 100 * PERCENT:
            message = "begins with everybody, and leaves the gates nothing of legacy to compare with"
            yield _warning(place, "ramp", "steps", message=f"{message}: begin with a smaller step")


def gates_can_pass(draft: Draft) -> Iterator[Problem]:
    """Limits that an equal modern side can never prove to be within."""
    for place, _, ramp in _ramped(draft):
        for key, message in _impossible(ramp.gates):
            yield _warning(place, "ramp", "gates", *key, message=message)


def _impossible(gates: Gates) -> Iterator[tuple[tuple[str, str], str]]:
    if gates.errors and gates.errors.max_increase == 0:
        yield (
            ("errors", "max_increase"),
            "never passes a modern side that fails as often as legacy: allow some",
        )
    if gates.latency and gates.latency.max_ratio <= 1:
        yield (
            ("latency", "max_ratio"),
            "never passes a modern side that is as fast as legacy: allow more than 1",
        )


def canaries_have_keys(draft: Draft) -> Iterator[Problem]:
    """Whoever has no sticky key is served by legacy; where nobody can have one, modern gets no request."""
    for place, route in draft.routes.items():
        is_canary = route.stage == "canary" or (route.ramp and route.modern)
        if is_canary and not any(_can_be_had(route)):
            message = "can be had by no request of this route: as a canary, modern would serve nobody"
            yield _warning(place, "sticky", message=message)


def _can_be_had(route: RouteConfig) -> Iterator[bool]:
    for source in route.sticky:
        kind, _, name = source.partition(":")
        yield kind != "path" or name in route.match.path.names
    if route.cohort is not None:
        yield bool(route.cohort.always)


def _warning(place: int, *below: str, message: str) -> Problem:
    path: KeyPath = ("routes", place, *below)
    return Problem(path, message, Severity.WARNING)
