"""Who changed what, when and why. Rows are added and read; nothing here changes or deletes one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from proxy.ledger.columns import NAME, now
from proxy.ledger.schema import audit


class Source(StrEnum):
    """Which way a change came."""

    FILE = "file"
    CLI = "cli"
    UI = "ui"
    API = "api"
    RAMP = "ramp"


@dataclass(frozen=True, slots=True)
class Author:
    """Who answers for a change, and why it was made."""

    actor: str
    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `was` and `became` are short texts such as `canary 25 %`."""

    id: int
    time: datetime
    actor: str
    source: Source
    route: str
    action: str
    was: str
    became: str
    reason: str
    version: int | None
    """The version that a flip made; None where nothing was flipped."""


def record(
    connection: Connection,
    author: Author,
    action: str,
    route: str,
    was: str,
    became: str,
    version: int | None = None,
) -> None:
    """Adds an entry at the database's time, in the transaction of the change itself."""
    row = {
        "actor": author.actor[:NAME],
        "source": author.source,
        "route": route,
        "action": action,
        "was": was[:NAME],
        "became": became[:NAME],
        "reason": author.reason,
        "version": version,
    }
    connection.execute(insert(audit).values(time=now(), **row))


def entries(
    connection: Connection, *, route: str | None = None, before: int | None = None, limit: int = 100
) -> list[Entry]:
    """The newest entries first; `before` is the id of the last one seen, to go on from."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if route is not None:
        query = query.where(audit.c.route == route)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [Entry(**{**row, "source": Source(row["source"])}) for row in connection.execute(query).mappings()]
