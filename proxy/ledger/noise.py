"""Noise: how often a path differs between two answers of the same side, and what people ruled about it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from proxy.ledger import audit
from proxy.ledger.audit import Author
from proxy.ledger.schema import noise
from proxy.ledger.upsert import upsert

KEEP = timedelta(days=7)
"""How long what was learned of a path is kept after it last differed."""

_WHOLE_ROUTE = ""
"""The path whose row counts all pairs of a route."""


class Ruling(StrEnum):
    """What people say of a path, whatever was learned."""

    PINNED = "pinned"
    """It is noise."""
    FORBIDDEN = "forbidden"
    """It never is."""


@dataclass(frozen=True, slots=True)
class Path:
    """What is known of one path of a route."""

    path: str
    differed: int
    """In how many pairs of answers of the same side it differed."""
    seen: datetime
    ruling: Ruling | None
    mirrored: int = 0
    """In how many pairs of answers of both sides."""


@dataclass(frozen=True, slots=True)
class RouteNoise:
    """What is known of a route: how many pairs were looked at, and the paths that ever differed in one."""

    pairs: int
    paths: tuple[Path, ...]
    mirrored: int = 0
    """Pairs of answers of both sides."""


def learn(connection: Connection, route: str, pairs: int, differed: Mapping[str, int]) -> None:
    """Adds up pairs of answers of the same side, and in how many of them each path differed."""
    counts = {_WHOLE_ROUTE: pairs, **differed}
    rows = [_row(route, path, count) for path, count in sorted(counts.items())]
    upsert(connection, noise, rows, add=["differed"], clock=["seen"])


def compare(connection: Connection, route: str, pairs: int, differed: Mapping[str, int]) -> None:
    """Adds up pairs of answers of both sides, and in how many of them each path differed.

    Of paths that ever differed on one side alone: the others are no noise whatever they do here.
    """
    whole = {**_row(route, _WHOLE_ROUTE, 0), "mirrored": pairs}
    upsert(connection, noise, [whole], add=["mirrored"], clock=["seen"])
    for path, count in sorted(differed.items()):
        here = noise.c.route == route, noise.c.path_digest == _digest(path)
        connection.execute(update(noise).where(*here).values(mirrored=noise.c.mirrored + count))


def halve(connection: Connection, most: int) -> None:
    """Of routes with more pairs than that, forgets the older half: what begins to vary must show in time."""
    for counted in (noise.c.differed, noise.c.mirrored):
        many = select(noise.c.route).where(noise.c.path == _WHOLE_ROUTE, counted > most)
        for route in connection.execute(many).scalars().all():
            halved = update(noise).where(noise.c.route == route).values({counted: counted // 2})
            connection.execute(halved)


def load(connection: Connection) -> dict[str, RouteNoise]:
    """Everything known, by route."""
    rows = connection.execute(select(noise).order_by(noise.c.route, noise.c.path)).all()
    return {
        route: RouteNoise(
            _whole(route, rows, "differed"),
            tuple(
                Path(row.path, row.differed, row.seen, row.ruling and Ruling(row.ruling), row.mirrored)
                for row in rows
                if row.route == route and row.path != _WHOLE_ROUTE
            ),
            _whole(route, rows, "mirrored"),
        )
        for route in dict.fromkeys(row.route for row in rows)
    }


def rule(connection: Connection, route: str, path: str, ruling: Ruling | None, author: Author) -> None:
    """Pins a path as noise, forbids it to be, or leaves it to what was learned; audited."""
    upsert(connection, noise, [_row(route, path, 0, ruling)], replace=["ruling"], clock=["seen"])
    audit.record(connection, author, "noise", route, path, ruling or "learned")


def expire(connection: Connection, before: datetime) -> int:
    """Forgets what was last seen before an instant. What people ruled stays. Returns how many paths."""
    old = noise.c.seen < before, noise.c.ruling.is_(None), noise.c.path != _WHOLE_ROUTE
    return connection.execute(delete(noise).where(*old)).rowcount


def _whole(route: str, rows: Sequence[Row[Any]], name: str) -> int:
    found = (row for row in rows if row.route == route and row.path == _WHOLE_ROUTE)
    return next((int(getattr(row, name)) for row in found), 0)


def _row(route: str, path: str, differed: int, ruling: Ruling | None = None) -> dict[str, object]:
    return {
        "route": route,
        "path_digest": _digest(path),
        "path": path,
        "differed": differed,
        "ruling": ruling,
    }


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()
