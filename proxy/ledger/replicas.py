"""The data planes that are alive, and up to which version each has applied the overrides."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from proxy.ledger.columns import milliseconds, now
from proxy.ledger.schema import replicas
from proxy.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class Replica:
    """One data plane, as it last reported."""

    id: str
    version: int
    """Every override up to this version is in force there."""
    seen: datetime
    detail: Mapping[str, str]


def report(connection: Connection, replica: str, version: int, detail: Mapping[str, str]) -> None:
    """A sign of life. A replica reports when it has applied a version, and every few seconds."""
    row = {"id": replica, "version": version, "detail": json.dumps(dict(detail))}
    upsert(connection, replicas, [row], replace=["version", "detail"], clock=["seen"])


def live(connection: Connection, within: timedelta) -> list[Replica]:
    """The replicas that gave a sign of life within a span of time, by the database's clock."""
    query = select(replicas).where(replicas.c.seen > now() - milliseconds(within)).order_by(replicas.c.id)
    return [
        Replica(row["id"], row["version"], row["seen"], json.loads(row["detail"]))
        for row in connection.execute(query).mappings()
    ]


def leave(connection: Connection, replica: str) -> None:
    """A replica that shuts down says so, that nobody waits for it."""
    connection.execute(delete(replicas).where(replicas.c.id == replica))


def forget(connection: Connection, silent_for: timedelta) -> int:
    """Forgets replicas that have been silent for long. Returns how many."""
    return connection.execute(
        delete(replicas).where(replicas.c.seen <= now() - milliseconds(silent_for))
    ).rowcount
