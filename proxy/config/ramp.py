"""`ramp` of a route: the plan by which it is flipped gradually."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from proxy.config.base import Section
from proxy.config.units import MINUTE, PERCENT, Duration, Percent
from proxy.config.values import Fraction, Nullable, Number, OneOrMore, WebUrl, Whole, Zone, parsed

_DAY = "(?:mon|tue|wed|thu|fri|sat|sun)"
_DAYS = re.compile(f"{_DAY}(-{_DAY})?")
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = re.compile(f"{_TIME}-(?:{_TIME}|24:00)")


def _days(text: str) -> str:
    if not _DAYS.fullmatch(text):
        raise ValueError("must be a day such as mon, or a range such as mon-thu")
    return text


def _hours(text: str) -> str:
    if not _HOURS.fullmatch(text):
        raise ValueError("must be two times of day such as 09:00-16:00")
    return text


def _growing(steps: tuple[int, ...]) -> tuple[int, ...]:
    if list(steps) != sorted(set(steps)) or not steps or steps[0] == 0:
        raise ValueError("must be growing weights above 0, such as [1, 5, 25, 50, 100]")
    return steps


class ErrorsGate(Section):
    """Responses that are errors."""

    max_increase: Percent = PERCENT // 2
    """Percentage points that modern may have over legacy."""


class LatencyGate(Section):
    """Time to the last byte."""

    quantile: Fraction = 0.95
    """Which quantile is compared, between 0 and 1."""
    max_ratio: Annotated[Number, Field(gt=0)] = 1.25
    """What modern's may be at most, as a multiple of legacy's."""


class MismatchesGate(Section):
    """Exchanges with a difference."""

    max: Percent = PERCENT // 10
    """Percent of the compared exchanges."""


class TriageGate(Section):
    """Groups of differences that QA has not judged."""

    untriaged: Whole = 0
    """Open groups allowed."""


class Gates(Section):
    """What must hold before the next step; null takes a gate away."""

    errors: ErrorsGate | None = ErrorsGate()
    """Responses that are errors."""
    latency: LatencyGate | None = LatencyGate()
    """Time to the last byte."""
    mismatches: MismatchesGate | None = MismatchesGate()
    """Exchanges with a difference."""
    triage: TriageGate | None = TriageGate()
    """Groups of differences that QA has not judged."""


class Window(Section):
    """When a ramp may advance; taking back is always allowed."""

    days: OneOrMore[Annotated[str, parsed(_days)]] = ("mon-sun",)
    """Days and ranges of days: mon, mon-thu."""
    hours: Annotated[str, parsed(_hours)] = "00:00-24:00"
    """From and to, by the zone's clock; an end before the start is on the next day."""
    zone: Zone = "UTC"
    """Time zone, such as Europe/Berlin."""


class Ramp(Section):
    """The plan by which a route is flipped gradually."""

    steps: Annotated[tuple[Percent, ...], AfterValidator(_growing)] = (
        1 * PERCENT,
        5 * PERCENT,
        25 * PERCENT,
        50 * PERCENT,
        100 * PERCENT,
    )
    """Weights, growing."""
    bake: Duration = 10 * MINUTE
    """Least time at a step."""
    min_requests: Whole = 500
    """Least requests answered by modern at a step."""
    gates: Gates = Gates()
    """What must hold before the next step."""
    confidence: Fraction = 0.95
    """How sure a gate must be, between 0 and 1."""
    on_breach: Literal["rollback", "pause"] = "rollback"
    """What a breached gate does."""
    window: Window | None = None
    """When it may advance; null = always."""
    notify: Nullable[WebUrl] = None
    """URL that is told of every step, breach and rollback."""
