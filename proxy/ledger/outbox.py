"""Webhooks to be sent: kept in the transaction of what they tell, forgotten once somebody took them.

Who sends one claims it for a while first. If they die over it, it falls due again: so each is sent at least
once, and always under its one id, by which receivers know a double.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.ledger.columns import milliseconds, now
from proxy.ledger.schema import outbox
from proxy.ramp.notices import Notice


@dataclass(frozen=True, slots=True)
class Letter:
    """One webhook, as often as it takes."""

    id: str
    url: str
    type: str
    time: datetime
    """When it happened."""
    data: Mapping[str, Any]
    tries: int
    """How often it was claimed, this time included."""


def put(connection: Connection, url: str, notices: Iterable[Notice]) -> None:
    """Keeps what is to be told, due at once."""
    for notice in notices:
        row = {"id": f"msg_{uuid4().hex}", "url": url, "type": notice.type, "data": json.dumps(notice.data)}
        connection.execute(insert(outbox).values(**row, time=now(), tries=0, due=now()))


def claim(connection: Connection, span: timedelta) -> Letter | None:
    """The one that has been due for longest, for oneself alone for a span of time; None where none is due."""
    due = outbox.c.due <= now()
    oldest = select(outbox.c.id).where(due).order_by(outbox.c.due, outbox.c.time, outbox.c.id).limit(1)
    found = connection.execute(oldest).scalar()
    mine = update(outbox).where(outbox.c.id == found, due)
    claimed = mine.values(tries=outbox.c.tries + 1, due=now() + milliseconds(span))
    if found is None or connection.execute(claimed).rowcount == 0:
        return None
    row = connection.execute(select(outbox).where(outbox.c.id == found)).mappings().one()
    return Letter(row["id"], row["url"], row["type"], row["time"], json.loads(row["data"]), row["tries"])


def postpone(connection: Connection, letter: Letter, span: timedelta) -> None:
    """Let it fall due again after a span of time."""
    again = update(outbox).where(outbox.c.id == letter.id)
    connection.execute(again.values(due=now() + milliseconds(span)))


def forget(connection: Connection, letter: Letter) -> None:
    """It was taken, or given up."""
    connection.execute(delete(outbox).where(outbox.c.id == letter.id))


def waiting(connection: Connection) -> int:
    """How many are still to be sent."""
    return connection.execute(select(func.count()).select_from(outbox)).scalar_one()
