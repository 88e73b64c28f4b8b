"""Flips: what is in force for a route in place of its file, and the one order of all versions.

A version is taken under the lock of one row that is held until the flip is committed. So versions become
visible in their order, and whoever has read up to a version has missed nothing below it.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select, update

from proxy.config.routes import Stage
from proxy.ledger import audit
from proxy.ledger.audit import Author
from proxy.ledger.columns import now
from proxy.ledger.positions import LEGACY, Intent, Position, back_from, remembered
from proxy.ledger.schema import overrides, replicas
from proxy.ledger.schema import version as versions
from proxy.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class Override:
    """What the ledger says of a route."""

    route: str
    position: Position | None
    """None where the override was dropped: the file is in force."""
    previous: Position | None
    """The stage before, to roll back to."""
    intent: str
    version: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Flip:
    """One change of where a route stands."""

    route: str
    was: Position
    became: Position
    version: int


class StaleVersion(Exception):
    """The route was changed by somebody else since it was looked at."""


class NothingBefore(Exception):
    """A route that stands at legacy cannot be rolled back."""


def flip(
    connection: Connection,
    route: str,
    to: Position,
    author: Author,
    intent: Intent,
    expect: int | None = None,
) -> Flip:
    """Puts a route where somebody wants it, and audits that.

    `intent` is what the file says now. Raises StaleVersion where `expect` is given and is not the version
    of the route's last flip, which is 0 before the first.
    """
    version = next_version(connection)
    override = _expected(connection, route, expect)
    current, previous = _standing(override, intent)
    before = remembered(current, to, previous)
    return _put(connection, Flip(route, current, to, version), before, intent.mark, author, "flip")


def rollback(
    connection: Connection, route: str, author: Author, intent: Intent, expect: int | None = None
) -> Flip:
    """Takes a route back to the stage before, and audits that.

    Raises NothingBefore at legacy; StaleVersion as `flip` does.
    """
    version = next_version(connection)
    current, previous = _standing(_expected(connection, route, expect), intent)
    to = back_from(current, previous)
    if to is None:
        raise NothingBefore(f"{route} stands at legacy: there is no stage before")
    return _put(connection, Flip(route, current, to, version), None, intent.mark, author, "rollback")


def rollback_all(
    connection: Connection, author: Author, intents: Mapping[str, Intent], served: Container[str] = ()
) -> list[Flip]:
    """Puts every route of the file to legacy, all at one version; those that stand there are left alone.

    But for `served`: these modern is seen to serve, which a ledger restored from a backup may not know.
    """
    version = next_version(connection)
    known = {override.route: override for override in _select(connection)}
    standing = {route: _standing(known.get(route), intent)[0] for route, intent in intents.items()}
    return [
        _put(connection, Flip(route, was, LEGACY, version), None, intents[route].mark, author, "rollback")
        for route, was in standing.items()
        if was != LEGACY or route in served
    ]


def drop_changed(connection: Connection, author: Author, intents: Mapping[str, Intent]) -> list[str]:
    """Drops the overrides of routes whose stage, weight or ramp changed in the file, or that left it.

    Returns their routes. What is in force for them then is the file.
    """
    # The lock without a new version: nothing may be flipped between looking and dropping.
    connection.execute(select(versions.c.version).with_for_update())
    changed = [
        override
        for override in _select(connection)
        if override.position is not None and not _holds(override, intents.get(override.route))
    ]
    if not changed:
        return []
    version = next_version(connection)
    for override in changed:
        drop = {"stage": None, "weight": None, "previous_stage": None, "previous_weight": None}
        row = {**drop, "version": version, "since": now()}
        connection.execute(update(overrides).where(overrides.c.route == override.route).values(**row))
        intent = intents.get(override.route)
        became = f"the file: {intent.position}" if intent else "no such route"
        audit.record(connection, author, "drop", override.route, str(override.position), became, version)
    return [override.route for override in changed]


def find(connection: Connection, route: str) -> Override | None:
    """What the ledger says of one route, if it ever was flipped."""
    return next(iter(_select(connection, overrides.c.route == route)), None)


def changed_since(connection: Connection, version: int) -> tuple[int, list[Override]]:
    """The version of the ledger, and all that changed after another: with 0, all there is.

    Dropped overrides are among them. The version is read first, so that it never claims more than was read.
    """
    current = newest_version(connection)
    return current, _select(connection, overrides.c.version > version)


def newest_version(connection: Connection) -> int:
    """The version of the last flip of all; 0 before the first."""
    return int(connection.execute(select(versions.c.version)).scalar_one())


def next_version(connection: Connection) -> int:
    """Takes the next version; holds, until the transaction ends, the lock that puts all flips in order.

    It is beyond what any replica serves by: in a ledger that was restored from a backup the next number
    would else be one that they know already, and a rollback would reach nobody.
    """
    served = select(func.coalesce(func.max(replicas.c.version), 0)).scalar_subquery()
    highest = case((served > versions.c.version, served), else_=versions.c.version)
    connection.execute(update(versions).values(version=highest + 1))
    return newest_version(connection)


def _expected(connection: Connection, route: str, expect: int | None) -> Override | None:
    """What the ledger says of a route, unless that is not what somebody looked at. Raises StaleVersion."""
    override = find(connection, route)
    version = override.version if override else 0
    if expect is not None and expect != version:
        raise StaleVersion(f"{route} was changed since: it is at version {version}")
    return override


def _put(
    connection: Connection, flip: Flip, previous: Position | None, mark: str, author: Author, action: str
) -> Flip:
    row = {
        "route": flip.route,
        "stage": flip.became.stage,
        "weight": flip.became.weight,
        "previous_stage": previous and previous.stage,
        "previous_weight": previous and previous.weight,
        "intent": mark,
        "version": flip.version,
    }
    upsert(connection, overrides, [row], replace=[name for name in row if name != "route"], clock=["since"])
    audit.record(connection, author, action, flip.route, str(flip.was), str(flip.became), flip.version)
    return flip


def _holds(override: Override, intent: Intent | None) -> bool:
    return intent is not None and override.intent == intent.mark


def _standing(override: Override | None, intent: Intent) -> tuple[Position, Position | None]:
    """Where a route stands, and the stage before: by its override while that holds, else by the file."""
    if override is None or override.position is None or not _holds(override, intent):
        return intent.position, None
    return override.position, override.previous


def _select(connection: Connection, *conditions: ColumnElement[bool]) -> list[Override]:
    query = select(overrides).where(*conditions).order_by(overrides.c.version, overrides.c.route)
    return [
        Override(
            row["route"],
            _position(row["stage"], row["weight"]),
            _position(row["previous_stage"], row["previous_weight"]),
            row["intent"],
            row["version"],
            row["since"],
        )
        for row in connection.execute(query).mappings()
    ]


def _position(stage: Stage | None, weight: int | None) -> Position | None:
    return None if stage is None else Position(stage, weight or 0)
