"""Drives ramps: reads what was seen, lets the pure state machine decide, and does that in one transaction.

Any number of controllers may run. One has the lease; each of its steps holds it until the step is kept, so
that one which was paused, or taken for dead, cannot take a step that another took already.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy import Connection

from proxy.config.ramp import Ramp as Plan
from proxy.config.snapshot import Snapshot
from proxy.flips import intent_of
from proxy.ledger import Ledger, LedgerUnavailable, audit, leases, outbox, overrides, ramps, replicas, samples
from proxy.ledger.audit import Author, Source
from proxy.ledger.clock import present
from proxy.ledger.leases import Lease, LeaseLost
from proxy.ledger.overrides import StaleVersion
from proxy.ledger.positions import Intent, Position
from proxy.ledger.ramps import Stored
from proxy.ramp.notices import notices
from proxy.ramp.states import ACTIVE, Event
from proxy.ramp.steps import Action, Alert, Move, TakeBack, Tell, Weigh, advance, command
from proxy.rollout.trials import Trials

TURN = 1.0
"""Seconds between two looks at all ramps."""
LEASE = timedelta(seconds=6)
"""How long ramps stand still when a controller dies."""
KEPT = timedelta(days=1)
"""How long samples are kept, and replicas that fell silent."""
_TIDY = 600
"""Turns between two times of tidying up."""

_NAME = "ramps"
_CHANGED = "the route was flipped by somebody, or changed in routes.yaml"


class Stuck(Exception):
    """Ramps that a defect keeps where they are; the others went on."""


class Controller:
    """One of the controllers. `run` blocks; it belongs into a thread of its own."""

    def __init__(
        self,
        ledger: Ledger,
        holder: str,
        snapshot: Callable[[], Snapshot | None],
        happened: Callable[[Move], None],
        say: Callable[[str], None],
    ) -> None:
        """`snapshot` gives the file in force, for the plans; `happened` is called after each move that
        somebody should know of; `say` gets why the ledger cannot be asked, once."""
        self._ledger = ledger
        self._holder = holder
        self._snapshot = snapshot
        self._happened = happened
        self._say = say
        self._lease: Lease | None = None
        self._trials = Trials()
        self._turns = 0
        self._ending = threading.Event()

    def run(self) -> None:
        """Turn after turn until closed."""
        trouble = ""
        while not self._ending.wait(TURN):
            try:
                self.turn()
                trouble = ""
            except Exception as error:  # a defect among them; but ramps must go on once it does not strike
                before, trouble = trouble, _trouble(error)
                if trouble != before:
                    self._say(trouble)

    def close(self) -> None:
        """End soon. The lease runs out by itself."""
        self._ending.set()

    def turn(self) -> None:
        """One look at all ramps. Raises LedgerUnavailable, and at its end Stuck."""
        snapshot = self._snapshot()
        if snapshot is None:
            return
        under_way = [one for one in self._ledger.read(ramps.load) if one.ramp.state in ACTIVE]
        self._trials.keep(stored.ramp.route for stored in under_way)
        tidies, self._turns = self._turns % _TIDY == 0, self._turns + 1
        if not (under_way or tidies) or not self._leads():
            return
        defects = [defect for stored in under_way if (defect := self._defect(stored, snapshot))]
        if tidies:
            self._ledger.write(_tidy)
        if defects:
            raise Stuck("; ".join(defects))

    def _leads(self) -> bool:
        """Whether this controller is the one. Only one that has been so before can lose that."""
        try:
            if self._lease is not None:
                held = self._lease
                self._ledger.write(lambda connection: leases.renew(connection, held, LEASE))
        except LeaseLost:
            self._lease = None
        if self._lease is None:
            self._lease = self._ledger.write(
                lambda connection: leases.acquire(connection, _NAME, self._holder, LEASE)
            )
        return self._lease is not None

    def _defect(self, stored: Stored, snapshot: Snapshot) -> str | None:
        """Drives one ramp. What is wrong with it, if anything, must not let another's breach wait."""
        try:
            self._drive(stored, snapshot)
        except LedgerUnavailable:
            raise
        except Exception as error:
            return f"the ramp of {stored.ramp.route} stands still: {type(error).__name__}: {error}"
        return None

    def _drive(self, stored: Stored, snapshot: Snapshot) -> None:
        """One ramp. A loser of a race does nothing: the next turn sees what the winner did."""
        route = snapshot.routes.get(stored.ramp.route)
        plan = route.spec.ramp if route else None
        intent = intent_of(route.spec) if route else None
        try:
            move = self._ledger.write(lambda connection: self._move(connection, stored, plan, intent))
        except (LeaseLost, StaleVersion):
            return
        if move is not None and move.actions:
            self._happened(move)

    def _move(
        self, connection: Connection, stored: Stored, plan: Plan | None, intent: Intent | None
    ) -> Move | None:
        """Decide and do, in one transaction; None where the ramp is not what it was read as."""
        assert self._lease is not None
        leases.hold(connection, self._lease)
        current = ramps.find(connection, stored.ramp.route)
        if current is None or current.ramp != stored.ramp:
            return None
        now, verdicts = present(connection), stored.verdicts
        if plan is None or intent is None or _overtaken(connection, current, intent):
            move, version = command(current.ramp, Event.OVERTAKEN, now, _CHANGED), current.version
        else:
            verdicts = self._trials.verdicts(connection, current.ramp, plan, now)
            move = advance(current.ramp, now, verdicts, plan)
            version = _flip(connection, move, current.version, intent)
        if move.ramp.state is not current.ramp.state or move.actions:
            _audit(connection, current, move)
        ramps.save(connection, move.ramp, verdicts, version)
        if plan is not None and plan.notify is not None:
            outbox.put(connection, plan.notify, notices(move, plan, verdicts))
        return move


def _trouble(error: Exception) -> str:
    """What the operator reads of a turn that was not made to its end."""
    match error:
        case Stuck():
            return str(error)
        case LedgerUnavailable():
            return f"ramps stand still: {error}"
        case _:
            return f"ramps stand still: {type(error).__name__}: {error}"


def _overtaken(connection: Connection, stored: Stored, intent: Intent) -> bool:
    """Whether the route stands elsewhere than the ramp put it, or its file wants something else by now."""
    override = overrides.find(connection, stored.ramp.route)
    version = override.version if override else 0
    changed = override is not None and override.intent != intent.mark
    return version != stored.version or (stored.ramp.step >= 0 and changed)


def _flip(connection: Connection, move: Move, version: int, intent: Intent) -> int:
    """Do the flips that a move asks for; returns the version of the last. Raises StaleVersion."""
    route = move.ramp.route
    for action in move.actions:
        match action:
            case Weigh():
                to = Position("canary", action.weight)
                flip = overrides.flip(connection, route, to, _author(action), intent, version)
                version = flip.version
            case TakeBack():
                version = overrides.rollback(connection, route, _author(action), intent, version).version
            case Tell() | Alert():
                pass
            case _:
                assert_never(action)
    return version


def _author(action: Action) -> Author:
    return Author("ramp", Source.RAMP, action.reason)


def _audit(connection: Connection, before: Stored, move: Move) -> None:
    """A change of the ramp's state that no flip tells of."""
    told = [action for action in move.told if isinstance(action, Tell)]
    if told and not move.flips:
        was, became = before.ramp.state, move.ramp.state
        audit.record(connection, _author(told[0]), "ramp", move.ramp.route, was, became)


def _tidy(connection: Connection) -> None:
    """Forget samples that no ramp under way can ask for, and replicas that are long gone."""
    needed = [_first_needed(one) for one in ramps.load(connection) if one.ramp.state in ACTIVE]
    oldest = min([present(connection) - KEPT, *needed])
    samples.prune(connection, int(oldest.timestamp()))
    replicas.forget(connection, KEPT)


def _first_needed(stored: Stored) -> datetime:
    return stored.ramp.before[0] if stored.ramp.before else stored.ramp.step_started
