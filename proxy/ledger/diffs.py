"""Diff groups: one bug, one row, however many requests show it, with its last exchanges and what people
said of it.

What comes here is redacted already. Bodies and differences are JSON text, kept as they come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, or_, select, update

from proxy.ledger import audit
from proxy.ledger.audit import Author
from proxy.ledger.columns import now
from proxy.ledger.schema import diff_groups as groups
from proxy.ledger.schema import diff_samples as samples
from proxy.ledger.upsert import upsert


class Triage(StrEnum):
    """What people say of a group."""

    BUG = "bug"
    EXPECTED = "expected"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Seen:
    """A group's share of what a shadow worker saw since it last wrote."""

    signature: str
    route: str
    severity: str
    count: int
    first: datetime
    last: datetime
    differences: str
    exchanges: Sequence["Exchange"] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange that showed a group: its line in the diff log."""

    id: str
    time: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Group:
    """One bug, or what looks like one."""

    signature: str
    route: str
    severity: str
    count: int
    first_seen: datetime
    last_seen: datetime
    differences: str
    verdict: Triage | None
    note: str | None
    until: datetime | None
    """When the verdict lapses; None where it does not."""
    triaged_by: str | None
    triaged_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenGroups:
    """What of a route waits for people: how many groups, and how many exchanges showed them."""

    groups: int
    exchanges: int


class UnknownGroup(Exception):
    """No group has this signature; it may have been forgotten."""


def record(connection: Connection, seen: Sequence[Seen], keep: int = 20) -> None:
    """Adds up what a worker saw, and keeps the newest exchanges of each group."""
    rows = [
        {
            "signature": group.signature,
            "route": group.route,
            "severity": group.severity,
            "count": group.count,
            "first_seen": group.first,
            "last_seen": group.last,
            "differences": group.differences,
        }
        for group in seen
    ]
    # In one order, so that two workers that report the same groups do not wait for each other in a circle.
    rows.sort(key=lambda row: str(row["signature"]))
    upsert(connection, groups, rows, add=["count"], replace=["severity", "last_seen"])
    for group in seen:
        _keep_newest(connection, group, keep)


def _keep_newest(connection: Connection, group: Seen, keep: int) -> None:
    newest = sorted(group.exchanges, key=lambda exchange: exchange.time)[-keep:]
    rows = [
        {"id": one.id, "signature": group.signature, "time": one.time, "body": one.body} for one in newest
    ]
    upsert(connection, samples, rows)
    of_group = select(samples.c.id).where(samples.c.signature == group.signature)
    surplus = connection.execute(
        of_group.order_by(samples.c.time.desc(), samples.c.id).offset(keep)
    ).scalars()
    connection.execute(delete(samples).where(samples.c.id.in_(list(surplus))))


def triage(
    connection: Connection,
    signature: str,
    verdict: Triage | None,
    author: Author,
    until: datetime | None = None,
) -> Group:
    """Says what a group is, with the author's reason as the note, and audits that. None opens it again.

    Raises UnknownGroup.
    """
    group = find(connection, signature)
    said = {"verdict": verdict, "note": author.reason, "until": until, "triaged_by": author.actor}
    row = update(groups).where(groups.c.signature == signature)
    connection.execute(row.values(triaged_at=now(), **said))
    was, became = (f"{signature[:12]} {state or 'open'}" for state in (group.verdict, verdict))
    audit.record(connection, author, "triage", group.route, was, became)
    return find(connection, signature)


def find(connection: Connection, signature: str) -> Group:
    """One group. Raises UnknownGroup."""
    found = _select(connection, select(groups).where(groups.c.signature == signature))
    if not found:
        raise UnknownGroup(f"no group of differences has the signature {signature}")
    return found[0]


def listed(
    connection: Connection, *, route: str | None = None, only_open: bool = False, limit: int = 1000
) -> list[Group]:
    """Groups: the open ones, which no limit may hide behind the others; of each the last seen first.

    Open are those without a verdict, or whose verdict lapsed.
    """
    open_first = case((_is_open(), 0), else_=1)
    query = select(groups).order_by(open_first, groups.c.last_seen.desc(), groups.c.signature).limit(limit)
    return _select(connection, query.where(*_wanted(route, only_open)))


def count(connection: Connection, *, route: str | None = None, only_open: bool = False) -> int:
    """How many there are that `listed` would give without a limit."""
    query = select(func.count()).select_from(groups)
    return connection.execute(query.where(*_wanted(route, only_open))).scalar_one()


def _wanted(route: str | None, only_open: bool) -> list[ColumnElement[bool]]:
    of_route = [] if route is None else [groups.c.route == route]
    return [*of_route, _is_open()] if only_open else of_route


def count_open(connection: Connection, route: str, since: datetime) -> int:
    """How many groups keep a ramp waiting: the open ones, and known bugs that still show since its start."""
    still_a_bug = and_(groups.c.verdict == Triage.BUG, groups.c.last_seen >= since)
    query = select(func.count()).select_from(groups)
    return connection.execute(query.where(groups.c.route == route, or_(_is_open(), still_a_bug))).scalar_one()


def open_by_route(connection: Connection) -> dict[str, OpenGroups]:
    """The open groups of each route that has any."""
    counted = select(
        groups.c.route, func.count().label("groups"), func.sum(groups.c.count).label("exchanges")
    )
    rows = connection.execute(counted.where(_is_open()).group_by(groups.c.route))
    return {row.route: OpenGroups(row.groups, int(row.exchanges)) for row in rows}


def exchanges(connection: Connection, signature: str) -> list[Exchange]:
    """The kept exchanges of a group, the newest first."""
    query = select(samples.c.id, samples.c.time, samples.c.body).where(samples.c.signature == signature)
    rows = connection.execute(query.order_by(samples.c.time.desc(), samples.c.id))
    return [Exchange(row.id, row.time, row.body) for row in rows]


def recent(
    connection: Connection,
    *,
    route: str | None = None,
    signature: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 100,
) -> list[Exchange]:
    """Kept exchanges of any group, the newest first; `before` is the last one seen, to go on from."""
    query = select(samples).order_by(samples.c.time.desc(), samples.c.id.desc()).limit(limit)
    if route is not None:
        query = query.join(groups, groups.c.signature == samples.c.signature).where(groups.c.route == route)
    if signature is not None:
        query = query.where(samples.c.signature == signature)
    if before is not None:
        older = or_(samples.c.time < before[0], and_(samples.c.time == before[0], samples.c.id < before[1]))
        query = query.where(older)
    return [Exchange(row.id, row.time, row.body) for row in connection.execute(query)]


def find_exchange(connection: Connection, exchange: str) -> Exchange | None:
    """One kept exchange, by its id in the diff log."""
    row = connection.execute(select(samples).where(samples.c.id == exchange)).first()
    return None if row is None else Exchange(row.id, row.time, row.body)


def prune(connection: Connection, before: datetime) -> int:
    """Forgets groups that were last seen before an instant, with their exchanges. Returns how many groups."""
    old = select(groups.c.signature).where(groups.c.last_seen < before)
    connection.execute(delete(samples).where(samples.c.signature.in_(old)))
    return connection.execute(delete(groups).where(groups.c.last_seen < before)).rowcount


def _is_open() -> ColumnElement[bool]:
    return or_(groups.c.verdict.is_(None), groups.c.until <= now())


def _select(connection: Connection, query: Select[Any]) -> list[Group]:
    return [
        Group(**{**row, "verdict": row["verdict"] and Triage(row["verdict"])})
        for row in connection.execute(query).mappings()
    ]
