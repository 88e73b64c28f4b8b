"""The engine, and the two ways into it: reading and writing."""

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select

from .settings import settings
from .tables import merchants, metadata

Row = dict[str, Any]


@cache
def engine() -> Engine:
    """The process's one engine, for the database that the settings name."""
    made = create_engine(settings().database, pool_pre_ping=True)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", _prepare_sqlite)
        event.listen(made, "begin", _begin_sqlite)
    return made


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection that sees one state of the database."""
    with engine().connect() as connection:
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """A transaction, committed at the end of the block and before the client hears of it."""
    with engine().connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def new_id(prefix: str) -> str:
    """`pay_` and twelve hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(6)}"


def prepare() -> None:
    """Creates what is missing, and fills a database without merchants with the seed that both sides share."""
    metadata.create_all(engine())
    with writing() as connection:
        if connection.execute(select(merchants.c.id).limit(1)).first() is None:
            _fill(connection, json.loads(settings().seed.read_text()))


def _fill(connection: Connection, seed: dict[str, list[Row]]) -> None:
    for table in metadata.sorted_tables:
        rows = [{name: _stored(value) for name, value in row.items()} for row in seed[table.name]]
        connection.execute(insert(table), rows)


def _stored(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes too late for a transaction that first reads; _begin_sqlite sends ours.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "busy_timeout = 5000", "foreign_keys = ON", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
