"""The ramp's state machine: what to do next, given the verdicts and the time. It decides; others do.

A ramp begins before its first step. At each step it bakes, then runs until every gate passes and the window
is open, and goes on to the next. A breach takes it back or pauses it, whatever the window says.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from proxy.config.ramp import Ramp as Plan
from proxy.config.units import PERCENT
from proxy.ramp.states import ACTIVE, Event, State, after
from proxy.ramp.verdict import Result, Verdict
from proxy.ramp.window import is_open, opens_next


@dataclass(frozen=True, slots=True)
class Ramp:
    """A ramp as the ledger keeps it."""

    route: str
    state: State
    step: int
    """Index of the step in force; -1 before the first."""
    trial: int
    """How many steps and resumptions there were: each has its own evidence, from `step_started` on."""
    started: datetime
    step_started: datetime
    before: tuple[datetime, datetime] | None
    """From when until when the step before was in force; None where there was none."""
    reason: str
    """Why it stands where it stands, in one sentence."""


@dataclass(frozen=True, slots=True)
class Weigh:
    """Flip the route to canary at a weight, in hundredths of a percent."""

    weight: int
    reason: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Flip the route back to the stage before the ramp."""

    reason: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Send word: a webhook, a line in the log."""

    what: Event
    reason: str


@dataclass(frozen=True, slots=True)
class Alert:
    """Call somebody: the ramp cannot go on by itself."""

    reason: str


Action: TypeAlias = Weigh | TakeBack | Tell | Alert


@dataclass(frozen=True, slots=True)
class Move:
    """The ramp as it is to be kept, and what is to be done: both in one transaction, or neither."""

    ramp: Ramp
    actions: tuple[Action, ...] = ()

    @property
    def flips(self) -> bool:
        """Whether the route goes elsewhere by it."""
        return any(isinstance(action, Weigh | TakeBack) for action in self.actions)

    @property
    def told(self) -> tuple[Tell | Alert, ...]:
        """What people are told of it."""
        return tuple(action for action in self.actions if isinstance(action, Tell | Alert))


def begin(route: str, now: datetime) -> Ramp:
    """A ramp before its first step; `advance` takes that as soon as the window is open."""
    return Ramp(route, State.RUNNING, -1, 0, now, now, None, "started")


def advance(ramp: Ramp, now: datetime, verdicts: tuple[Verdict, ...], plan: Plan) -> Move:
    """What to do now. Called every few seconds; calling it again with nothing new changes nothing."""
    if ramp.state not in ACTIVE:
        return Move(ramp)
    breach = next((verdict for verdict in verdicts if verdict.result is Result.BREACH), None)
    if breach is not None:
        return _breached(ramp, f"{breach.gate}: {breach.sentence}", plan)
    if ramp.state is State.PAUSED:
        return Move(ramp)
    baked = ramp.step_started + timedelta(seconds=plan.bake)
    if ramp.step >= 0 and now < baked:
        return _stay(ramp, [f"bakes until {baked:%H:%M:%S} UTC"], verdicts)
    if ramp.state is State.BAKING:
        ramp = _transition(ramp, Event.BAKED, ramp.reason)
    if any(verdict.result is Result.WAIT for verdict in verdicts):
        return _stay(ramp, [], verdicts)
    return _onward(ramp, now, plan)


def command(ramp: Ramp, event: Event, now: datetime, reason: str) -> Move:
    """What somebody asks for: PAUSED, RESUMED or ABORTED; OVERTAKEN where the route was moved under the ramp.

    Raises IllegalEvent where the ramp's state does not allow it. An abort takes the route back; being
    overtaken leaves it where it was put.
    """
    moved = _transition(ramp, event, reason)
    if event is Event.RESUMED:
        moved = replace(moved, trial=ramp.trial + 1, step_started=now)
    if event is Event.ABORTED and ramp.step >= 0:
        return Move(moved, (TakeBack(reason), Tell(event, reason)))
    return Move(moved, (Tell(event, reason),))


def _breached(ramp: Ramp, reason: str, plan: Plan) -> Move:
    if plan.on_breach == "rollback":
        moved = _transition(ramp, Event.BREACHED, reason)
        return Move(moved, (TakeBack(reason), Tell(Event.BREACHED, reason)))
    if ramp.state is State.PAUSED:
        return Move(ramp)
    return Move(_transition(ramp, Event.PAUSED, reason), (Tell(Event.BREACHED, reason),))


def _stay(ramp: Ramp, reasons: list[str], verdicts: tuple[Verdict, ...]) -> Move:
    """Nothing to do but to say why, and to call for help, once, where a gate does."""
    waits = [verdict for verdict in verdicts if verdict.result is Result.WAIT]
    reason = "; ".join([*reasons, *(f"{verdict.gate}: {verdict.sentence}" for verdict in waits)])
    alerts = [verdict.sentence for verdict in waits if verdict.alert and verdict.sentence not in ramp.reason]
    return Move(replace(ramp, reason=reason), tuple(Alert(sentence) for sentence in alerts))


def _onward(ramp: Ramp, now: datetime, plan: Plan) -> Move:
    if ramp.step == len(plan.steps) - 1:
        reason = f"all gates passed at {plan.steps[-1] / PERCENT:g} %"
        return Move(_transition(ramp, Event.FINISHED, reason), (Tell(Event.FINISHED, reason),))
    if plan.window is not None and not is_open(plan.window, now):
        return _stay(ramp, [f"the window opens {opens_next(plan.window, now):%a %Y-%m-%d %H:%M} UTC"], ())
    weight = plan.steps[ramp.step + 1]
    reason = f"step {ramp.step + 2} of {len(plan.steps)}: {weight / PERCENT:g} %"
    moved = replace(
        _transition(ramp, Event.STEPPED, reason),
        step=ramp.step + 1,
        trial=ramp.trial + 1,
        step_started=now,
        before=(ramp.step_started, now) if ramp.step >= 0 else None,
    )
    return Move(moved, (Weigh(weight, reason), Tell(Event.STEPPED, reason)))


def _transition(ramp: Ramp, event: Event, reason: str) -> Ramp:
    return replace(ramp, state=after(ramp.state, event, ramp.route), reason=reason)
