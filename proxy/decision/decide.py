"""Who answers a request and whether the other side is asked as well."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from proxy.decision.buckets import BUCKETS, bucket
from proxy.decision.cohort import Cohort, belongs
from proxy.decision.stages import Side, Stage
from proxy.decision.sticky import Params, Source, first_present
from proxy.portable import Portable
from proxy.routing.head import Head
from proxy.routing.methods import SAFE_METHODS, effective_method


class Reason(StrEnum):
    """Why a side serves, as `X-Banyan-Reason` and `banyan explain` say it."""

    NO_ROUTE = "no-route"
    NO_MODERN = "no-modern"
    STAGE_LEGACY = "stage-legacy"
    STAGE_SHADOW = "stage-shadow"
    STAGE_MODERN = "stage-modern"
    COHORT_ALWAYS = "cohort-always"
    COHORT_NEVER = "cohort-never"
    NO_STICKY_KEY = "no-sticky-key"
    WEIGHT = "weight"


class MirrorSkip(StrEnum):
    """Why a request is not mirrored."""

    STAGE = "stage"
    """Nothing is mirrored at this stage, or of what this side serves."""
    OFF = "off"
    """The route does not ask for it."""
    SAMPLE = "sample"
    """Left out by the draw."""
    METHOD = "method"
    """HEAD, OPTIONS and TRACE have no body worth comparing, and PHP runs the whole script for them."""
    WRITE = "write"
    """The effective method is not safe, and the route's owner has not attested that it may be doubled."""
    UPGRADE = "upgrade"
    """The client asks for another protocol."""


@dataclass(frozen=True, slots=True)
class RoutePlan(Portable):
    """What deciding needs to know of a route; weight and sample are in hundredths of a percent, 0–10000.

    `salt` is the group's name, or the route's id when it has none. `shadow_sample` is None where the route
    is not to be mirrored. `modern_available` says whether the route has a modern backend at all.
    """

    id: str
    stage: Stage = Stage.LEGACY
    weight: int = 0
    salt: bytes = b""
    sticky: tuple[Source, ...] = ()
    cohort: Cohort | None = None
    shadow_sample: int | None = None
    mirror_writes: bool = False
    reverse: bool = False
    modern_available: bool = True

    def __post_init__(self) -> None:
        for share in (self.weight, self.shadow_sample or 0):
            if not 0 <= share <= BUCKETS:
                raise ValueError(f"{self.id}: {share} is not between 0 and {BUCKETS}")


@dataclass(slots=True, init=False)
class Serve:
    """One side answers. `mirror` is the side that is asked as well, or `mirror_skip` says why none is."""

    side: Side
    reason: Reason
    mirror: Side | None
    mirror_skip: MirrorSkip | None
    bucket: int | None

    def __init__(
        self,
        side: Side,
        reason: Reason,
        mirror: Side | None = None,
        mirror_skip: MirrorSkip | None = None,
        bucket: int | None = None,
    ) -> None:
        self.side = side
        self.reason = reason
        self.mirror = mirror
        self.mirror_skip = mirror_skip
        self.bucket = bucket


Decision: TypeAlias = Serve

# What every canary request needs: compiled code looks an enum's attribute up each time, and a constant never.
_SIDE_LEGACY: Final = Side.LEGACY
_SIDE_MODERN: Final = Side.MODERN
_STAGE_CANARY: Final = Stage.CANARY
_BY_WEIGHT: Final = Reason.WEIGHT
_NOT_AT_THIS_STAGE: Final = MirrorSkip.STAGE
_NOT_ASKED_FOR: Final = MirrorSkip.OFF

NO_ROUTE: Final = Serve(Side.LEGACY, Reason.NO_ROUTE, mirror_skip=MirrorSkip.STAGE)
"""What becomes of a request that no route matches."""

_NO_MODERN: Final = Serve(Side.LEGACY, Reason.NO_MODERN, mirror_skip=MirrorSkip.STAGE)
_LEGACY: Final = Serve(Side.LEGACY, Reason.STAGE_LEGACY, mirror_skip=MirrorSkip.STAGE)
_MODERN: Final = Serve(Side.MODERN, Reason.STAGE_MODERN, mirror_skip=MirrorSkip.STAGE)


def decide(plan: RoutePlan, head: Head, params: Params, draw: int) -> Decision:
    """Decide for one request; `draw` is a random number, 0–9999, that mirroring samples with.

    Cohorts choose within a canary alone: at the other stages one side serves everybody, so that a rollback to
    legacy leaves nobody behind. Of a canary the share that modern serves is not mirrored.
    """
    stage = plan.stage
    if stage is _STAGE_CANARY:
        return _canary(plan, head, params, draw) if plan.modern_available else _NO_MODERN
    match stage:
        case Stage.LEGACY:
            return _LEGACY
        case _ if not plan.modern_available:
            return _NO_MODERN
        case Stage.SHADOW:
            return _mirrored(plan, head, draw, Side.LEGACY, Reason.STAGE_SHADOW)
        case Stage.MODERN:
            if not plan.reverse:
                return _MODERN
            return _mirrored(plan, head, draw, Side.MODERN, Reason.STAGE_MODERN)
        case _:
            assert_never(stage)


def _canary(plan: RoutePlan, head: Head, params: Params, draw: int) -> Serve:
    place: int | None = None
    cohort = plan.cohort
    if cohort is not None and belongs(cohort.never, head, params):
        side, reason = Side.LEGACY, Reason.COHORT_NEVER
    elif cohort is not None and belongs(cohort.always, head, params):
        side, reason = Side.MODERN, Reason.COHORT_ALWAYS
    else:
        key = first_present(plan.sticky, head, params)
        if key is None:
            side, reason = Side.LEGACY, Reason.NO_STICKY_KEY
        else:
            place = bucket(plan.salt, key)
            side, reason = (_SIDE_MODERN if place < plan.weight else _SIDE_LEGACY), _BY_WEIGHT
    if side is _SIDE_MODERN:
        return Serve(side, reason, None, _NOT_AT_THIS_STAGE, place)
    return _mirrored(plan, head, draw, side, reason, place)


def _mirrored(
    plan: RoutePlan, head: Head, draw: int, side: Side, reason: Reason, place: int | None = None
) -> Serve:
    """Serve by one side, and mirror to the other if nothing speaks against it."""
    skip = _mirror_skip(plan, head, draw)
    if skip is not None:
        return Serve(side, reason, None, skip, place)
    return Serve(side, reason, Side.LEGACY if side is Side.MODERN else Side.MODERN, None, place)


def _mirror_skip(plan: RoutePlan, head: Head, draw: int) -> MirrorSkip | None:
    if plan.shadow_sample is None:
        return _NOT_ASKED_FOR
    if draw >= plan.shadow_sample:
        return MirrorSkip.SAMPLE
    method = effective_method(head)
    if method != b"GET":
        if method in SAFE_METHODS or method == b"CONNECT":
            return MirrorSkip.METHOD
        if not plan.mirror_writes:
            return MirrorSkip.WRITE
    return MirrorSkip.UPGRADE if head.get(b"upgrade") else None
