"""What people ask of a running program: flip a route, take it back, drive its ramp; and who has it by now.

Functions over the ledger, for the control API, the command line and tests. All of them block.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import assert_never

from sqlalchemy import Connection

from proxy.config.routes import RouteConfig
from proxy.config.snapshot import Route, Snapshot
from proxy.config.units import PERCENT
from proxy.decision.stages import Stage
from proxy.ledger import Ledger, outbox, overrides, ramps, replicas
from proxy.ledger.audit import Author, record
from proxy.ledger.clock import present
from proxy.ledger.overrides import Flip, StaleVersion
from proxy.ledger.positions import Intent, Position
from proxy.ledger.ramps import Stored
from proxy.ramp.notices import notices
from proxy.ramp.states import ACTIVE, Event, State
from proxy.ramp.steps import Ramp, TakeBack, begin, command

ALIVE = timedelta(seconds=10)
"""Silence after which a replica is not waited for."""
REMEMBERED = timedelta(hours=1)
"""Silence after which it is not spoken of either. One that only lost the ledger still serves clients."""

_MODERN_SERVES = (Stage.CANARY, Stage.MODERN)


class Refused(Exception):
    """What was asked cannot be done; the text says why and what can."""


class UnknownRoute(Refused):
    """routes.yaml has no route of that id."""


class RampCommand(StrEnum):
    """What can be asked of a route's ramp."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Which of the live replicas serve by a version, and which are not heard of any more."""

    confirmed: tuple[str, ...]
    missing: tuple[str, ...]
    silent: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return not self.missing


def intents(snapshot: Snapshot) -> dict[str, Intent]:
    """What the file says of each route, whatever is in force."""
    return {route.id: intent_of(route.spec) for route in snapshot.routes.values()}


def intent_of(spec: RouteConfig) -> Intent:
    """Where the file puts a route, and a hash of what an override depends on: its stage, weight and ramp."""
    said = spec.model_dump_json(include={"stage", "weight", "ramp"})
    return Intent(Position(spec.stage, spec.weight), hashlib.sha256(said.encode()).hexdigest())


def flip(
    ledger: Ledger, snapshot: Snapshot, route: str, to: Position, author: Author, expect: int | None = None
) -> Flip:
    """Put a route somewhere. Raises Refused, LedgerUnavailable; StaleVersion where `expect` is not right."""
    known = _known(snapshot, route)
    if known.modern is None and to.stage != "legacy":
        raise Refused(f"{route} has no modern side; give it `modern:` in routes.yaml first")
    if not 0 <= to.weight <= 100 * PERCENT:
        raise Refused(f"a weight is a percentage from 0 to 100, not {to.weight / PERCENT:g}")
    intent = intent_of(known.spec)
    return ledger.write(lambda connection: overrides.flip(connection, route, to, author, intent, expect))


def rollback(
    ledger: Ledger, snapshot: Snapshot, route: str, author: Author, expect: int | None = None
) -> Flip:
    """Take a route back to the stage before. Raises as `flip`, and NothingBefore at legacy."""
    intent = intent_of(_known(snapshot, route).spec)
    return ledger.write(lambda connection: overrides.rollback(connection, route, author, intent, expect))


def rollback_all(ledger: Ledger, snapshot: Snapshot, author: Author) -> list[Flip]:
    """Put everything to legacy; returns what was not there already. Raises LedgerUnavailable."""
    wanted = intents(snapshot)
    served = {route.id for route in snapshot.routes.values() if route.plan.stage in _MODERN_SERVES}
    return ledger.write(lambda connection: overrides.rollback_all(connection, author, wanted, served))


def ramp(
    ledger: Ledger,
    snapshot: Snapshot,
    route: str,
    what: RampCommand,
    author: Author,
    expect: int | None = None,
) -> Ramp:
    """Drive a route's ramp; the controller takes the steps. Raises as `flip`, and IllegalEvent."""
    known = _known(snapshot, route)
    return ledger.write(partial(_ramp, known=known, what=what, author=author, expect=expect))


def confirmation(ledger: Ledger, version: int, waited: float = 0.0) -> Confirmation:
    """Which of the replicas that lived when the wait began, so many seconds ago, serve by a version now."""
    alive = ALIVE + timedelta(seconds=waited)
    return ledger.read(lambda connection: _confirmation(connection, version, alive))


def _confirmation(connection: Connection, version: int, alive: timedelta) -> Confirmation:
    """Who claims a version that the ledger does not have goes by what it had before a backup was restored."""
    known, live = replicas.live(connection, REMEMBERED), replicas.live(connection, alive)
    newest = overrides.newest_version(connection)  # last: no replica can have read a later one by then
    serving = {replica.id for replica in live if version <= replica.version <= newest}
    heard = [replica.id for replica in live]
    return Confirmation(
        tuple(name for name in heard if name in serving),
        tuple(name for name in heard if name not in serving),
        tuple(replica.id for replica in known if replica.id not in heard),
    )


def _known(snapshot: Snapshot, route: str) -> Route:
    known = snapshot.routes.get(route)
    if known is None:
        raise UnknownRoute(f"routes.yaml has no route {route!r}")
    return known


def _version(connection: Connection, route: str) -> int:
    """Of a route's last flip, 0 before the first: what `expect` is compared with."""
    override = overrides.find(connection, route)
    return override.version if override else 0


def _ramp(
    connection: Connection, known: Route, what: RampCommand, author: Author, expect: int | None
) -> Ramp:
    version, stored = _version(connection, known.id), ramps.find(connection, known.id)
    if expect is not None and expect != version:
        raise StaleVersion(f"{known.id} was changed since: it is at version {version}")
    match what:
        case RampCommand.START:
            return _start(connection, known, author, stored, version)
        case RampCommand.PAUSE:
            return _drive(connection, known, author, stored, Event.PAUSED)
        case RampCommand.RESUME:
            return _drive(connection, known, author, stored, Event.RESUMED)
        case RampCommand.ABORT:
            return _drive(connection, known, author, stored, Event.ABORTED)
        case _:
            assert_never(what)


def _start(connection: Connection, known: Route, author: Author, stored: Stored | None, version: int) -> Ramp:
    if known.modern is None or known.spec.ramp is None:
        missing = "modern:" if known.modern is None else "ramp:"
        raise Refused(f"{known.id} has no `{missing}` in routes.yaml")
    if stored is not None and stored.ramp.state in ACTIVE:
        raise Refused(f"the ramp of {known.id} is {stored.ramp.state} already; abort it to begin anew")
    if _position(connection, known).share() == 100 * PERCENT:
        raise Refused(f"{known.id} is served by modern already; there is nothing to ramp")
    begun = begin(known.id, present(connection))
    ramps.save(connection, begun, (), version)
    was = stored.ramp.state if stored else "none"
    record(connection, author, "ramp", known.id, was, "started")
    return begun


def _position(connection: Connection, known: Route) -> Position:
    """Where a route stands: by its override while that holds, else by the file."""
    override, intent = overrides.find(connection, known.id), intent_of(known.spec)
    if override is None or override.position is None or override.intent != intent.mark:
        return intent.position
    return override.position


def _drive(connection: Connection, known: Route, author: Author, stored: Stored | None, event: Event) -> Ramp:
    if stored is None:
        raise Refused(f"{known.id} has no ramp under way; start one")
    version = stored.version
    if stored.ramp.state in ACTIVE and version != _version(connection, known.id):
        event = Event.OVERTAKEN  # somebody put the route elsewhere meanwhile: it stays there
    move = command(stored.ramp, event, present(connection), f"{author.actor}: {author.reason}")
    if any(isinstance(action, TakeBack) for action in move.actions):
        version = overrides.rollback(connection, known.id, author, intent_of(known.spec)).version
    verdicts = stored.verdicts if move.ramp.state is State.PAUSED else ()
    ramps.save(connection, move.ramp, verdicts, version)
    record(connection, author, "ramp", known.id, stored.ramp.state, move.ramp.state)
    if known.spec.ramp is not None and known.spec.ramp.notify is not None:
        outbox.put(connection, known.spec.ramp.notify, notices(move, known.spec.ramp, verdicts))
    return move.ramp
