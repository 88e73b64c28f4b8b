"""The ramp's states and every transition between them, as a table."""

from enum import StrEnum


class State(StrEnum):
    """Where a ramp stands."""

    BAKING = "baking"
    RUNNING = "running"
    """Baked, or before the first step: it goes on as soon as gates and window let it."""
    PAUSED = "paused"
    ROLLED_BACK = "rolled_back"
    DONE = "done"
    ABORTED = "aborted"


class Event(StrEnum):
    """What happens to a ramp."""

    BAKED = "baked"
    STEPPED = "stepped"
    FINISHED = "finished"
    BREACHED = "breached"
    PAUSED = "paused"
    RESUMED = "resumed"
    ABORTED = "aborted"
    OVERTAKEN = "overtaken"
    """The route was flipped by hand, or changed in its file."""


TABLE: dict[tuple[State, Event], State] = {
    (State.RUNNING, Event.STEPPED): State.BAKING,
    (State.RUNNING, Event.FINISHED): State.DONE,
    (State.RUNNING, Event.BREACHED): State.ROLLED_BACK,
    (State.RUNNING, Event.PAUSED): State.PAUSED,
    (State.RUNNING, Event.ABORTED): State.ABORTED,
    (State.RUNNING, Event.OVERTAKEN): State.ABORTED,
    (State.BAKING, Event.BAKED): State.RUNNING,
    (State.BAKING, Event.BREACHED): State.ROLLED_BACK,
    (State.BAKING, Event.PAUSED): State.PAUSED,
    (State.BAKING, Event.ABORTED): State.ABORTED,
    (State.BAKING, Event.OVERTAKEN): State.ABORTED,
    (State.PAUSED, Event.RESUMED): State.BAKING,
    (State.PAUSED, Event.BREACHED): State.ROLLED_BACK,
    (State.PAUSED, Event.ABORTED): State.ABORTED,
    (State.PAUSED, Event.OVERTAKEN): State.ABORTED,
}
"""Every transition there is; a state without a row is an end."""

ACTIVE = frozenset(state for state, _ in TABLE)


class IllegalEvent(ValueError):
    """Something was asked of a ramp that its state does not allow."""


def after(state: State, event: Event, route: str) -> State:
    """The state that follows; IllegalEvent, which names the route, where none does."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalEvent(f"the ramp of {route} is {state}: it cannot be {event} now") from None
