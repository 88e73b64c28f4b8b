"""Where a route stands, what its file wants, and which way is back. Pure."""

from dataclasses import dataclass
from typing import assert_never

from proxy.config.routes import Stage
from proxy.config.units import PERCENT


@dataclass(frozen=True, slots=True)
class Position:
    """Where a route stands. The weight counts at stage canary alone."""

    stage: Stage
    weight: int = 0
    """In hundredths of a percent."""

    def share(self) -> int:
        """How much modern serves, in hundredths of a percent."""
        match self.stage:
            case "legacy" | "shadow":
                return 0
            case "canary":
                return self.weight
            case "modern":
                return 100 * PERCENT
            case _:
                assert_never(self.stage)

    def is_before(self, other: "Position") -> bool:
        """Whether it gives modern less: fewer clients or, where neither gives any, no mirrored traffic."""
        return (self.share(), self.stage != "legacy") < (other.share(), other.stage != "legacy")

    def __str__(self) -> str:
        return f"canary {self.weight / PERCENT:g} %" if self.stage == "canary" else self.stage


@dataclass(frozen=True, slots=True)
class Intent:
    """What the file says of a route."""

    position: Position
    mark: str
    """A hash of the route's stage, weight and ramp in the file: an override holds while this stays."""


LEGACY = Position("legacy")


def remembered(current: Position, to: Position, previous: Position | None) -> Position | None:
    """The stage before, once a route goes from its current position to another.

    The weights of a canary are one stage, and so is going from all traffic as a canary to modern: who rolls
    back wants the stage that was in force before it all began.
    """
    stays = to.stage == current.stage or to.share() == current.share() > 0
    return previous if stays else current


def back_from(current: Position, previous: Position | None) -> Position | None:
    """Where a rollback leads: to the stage before, or to legacy where that is unknown or would lead on.

    None at legacy, which has nothing behind it. So whoever rolls back twice, or rolls back what somebody
    else just did, never gives modern more.
    """
    if previous is not None and previous.is_before(current):
        return previous
    return LEGACY if LEGACY.is_before(current) else None
