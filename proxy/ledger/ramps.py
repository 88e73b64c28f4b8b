"""Ramps in the ledger: a controller that dies leaves enough behind for another to go on."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from proxy.ledger.schema import ramps
from proxy.ledger.upsert import upsert
from proxy.ramp.states import State
from proxy.ramp.steps import Ramp
from proxy.ramp.verdict import Result, Verdict


@dataclass(frozen=True, slots=True)
class Stored:
    """A ramp as it was kept."""

    ramp: Ramp
    verdicts: tuple[Verdict, ...]
    """What the gates said last."""
    version: int
    """That of the flip which the ramp made last. Where the route's is another, somebody else flipped it."""


def save(connection: Connection, ramp: Ramp, verdicts: Iterable[Verdict], version: int) -> None:
    """Keeps a ramp, in the transaction of the flip that goes with it."""
    row = {
        "route": ramp.route,
        "state": ramp.state,
        "step": ramp.step,
        "trial": ramp.trial,
        "started": ramp.started,
        "step_started": ramp.step_started,
        "before_from": ramp.before and ramp.before[0],
        "before_until": ramp.before and ramp.before[1],
        "reason": ramp.reason,
        "verdicts": json.dumps([asdict(verdict) for verdict in verdicts]),
        "version": version,
    }
    upsert(connection, ramps, [row], replace=[name for name in row if name != "route"])


def load(connection: Connection) -> list[Stored]:
    """The last ramp of every route that had one."""
    return [_stored(row) for row in connection.execute(select(ramps).order_by(ramps.c.route)).mappings()]


def find(connection: Connection, route: str) -> Stored | None:
    """The last ramp of a route. In a transaction that writes, nobody else can change it until that ends."""
    query = select(ramps).where(ramps.c.route == route).with_for_update()
    row = connection.execute(query).mappings().first()
    return None if row is None else _stored(row)


def _stored(row: RowMapping) -> Stored:
    before = (row["before_from"], row["before_until"]) if row["before_from"] else None
    ramp = Ramp(
        row["route"],
        State(row["state"]),
        row["step"],
        row["trial"],
        row["started"],
        row["step_started"],
        before,
        row["reason"],
    )
    verdicts = tuple(_verdict(verdict) for verdict in json.loads(row["verdicts"]))
    return Stored(ramp, verdicts, row["version"])


def _verdict(kept: dict[str, Any]) -> Verdict:
    return Verdict(**{**kept, "result": Result(kept["result"])})
