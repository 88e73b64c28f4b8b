"""A route's sides at run time: where a request for it goes, and how its head is changed on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from proxy.config.shadow import Shadow
from proxy.config.snapshot import Route
from proxy.decision.decide import RoutePlan
from proxy.decision.stages import Side
from proxy.forward.headers import NO_EDIT, HeadEdit
from proxy.routing.rewrite import Rewrite
from proxy.upstream.backend import Backend

SHADOW_LINE: Final = b"X-Banyan-Shadow: 1"


@dataclass(frozen=True, slots=True)
class Target:
    """One side, ready to be sent to; `shadow_edit` is for a request that is only mirrored to it."""

    backend: Backend
    edit: HeadEdit
    shadow_edit: HeadEdit
    authority: bytes
    rewrite: Rewrite | None = None

    def raw(self, target: bytes, params: Mapping[str, bytes]) -> bytes | None:
        """The target to send in place of the client's; None when it lacks what the rewrite is made of."""
        return target if self.rewrite is None else self.rewrite.render(target, params)


@dataclass(frozen=True, slots=True)
class LiveRoute:
    """A route's name for outcomes, what deciding needs, its sides, how much of a body is mirrored."""

    id: str
    plan: RoutePlan
    sides: Mapping[Side, Target]
    max_body: int = 0
    alike: bool = False
    """Whether all sides get the client's head with the same changes, its target aside."""
    fallback: frozenset[str] = frozenset()


def live_route(route: Route, backends: Mapping[str, Backend]) -> LiveRoute:
    """The route over the backends of this process."""
    sides = {Side.LEGACY: target_of(backends[route.legacy])}
    if route.modern is not None:
        edit = HeadEdit(route.modern_drop, route.modern_add)
        sides[Side.MODERN] = target_of(backends[route.modern], edit, route.rewrite)
    return LiveRoute(
        route.id,
        route.plan,
        sides,
        (route.spec.shadow or Shadow()).max_body,
        _alike(*(side.edit for side in sides.values())),
        frozenset(str(reason) for reason in route.spec.fallback),
    )


def _alike(first: HeadEdit, *others: HeadEdit) -> bool:
    """A Host of the backend's own changes an absolute target as well."""
    return first.host is None and all(first == other for other in others)


def target_of(backend: Backend, edit: HeadEdit = NO_EDIT, rewrite: Rewrite | None = None) -> Target:
    """A side served by this backend."""
    authority = backend.settings.addresses[0].authority
    if not backend.settings.preserve_host:
        edit = replace(edit, host=authority)
    return Target(backend, edit, replace(edit, add=(*edit.add, SHADOW_LINE)), authority, rewrite)
