"""A ledger URL → an engine with the settings that each database needs."""

import importlib.util
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

CONNECT_SECONDS = 3
"""How long a database may take to let us in."""

ANSWER_SECONDS = 5
"""How long it may take over one transaction, locks included, before it counts as gone."""

_ORPHANED = 4
"""Times the answer's time after which a server drops a session that says nothing. A client that vanished
behind a broken network would else keep its locks, and with them all flips, until TCP gives up."""

WRITES = "banyan_writes"
"""Execution option of a connection that is going to write."""

_DRIVERS = {
    "sqlite": ("sqlite+pysqlite", ("sqlite3",), ""),
    "postgresql": ("postgresql+psycopg", ("psycopg",), "postgresql"),
    "mysql": ("mysql+pymysql", ("pymysql", "cryptography"), "mysql"),
    "mariadb": ("mariadb+pymysql", ("pymysql",), "mysql"),
}
"""Scheme → dialect and driver of SQLAlchemy, the modules that it needs, the extra that installs them. MySQL 8
asks for passwords by caching_sha2_password, which encrypts them where TLS does not."""


class BadLedgerUrl(ValueError):
    """`ledger:` names no database that can be used. One sentence says why; it never shows a password."""


def create(url: str, answer_seconds: int = ANSWER_SECONDS) -> Engine:
    """An engine for a ledger URL; nothing is connected yet. Raises BadLedgerUrl."""
    parsed = _parse(url)
    match parsed.get_backend_name():
        case "sqlite":
            if not parsed.query.get("uri"):
                _make_file(parsed)
            engine = create_engine(
                parsed, pool_timeout=CONNECT_SECONDS, connect_args={"timeout": answer_seconds - 1}
            )
            event.listen(engine, "connect", _sqlite_connected)
            event.listen(engine, "begin", _sqlite_begins)
            return engine
        case "postgresql":
            arguments = _postgresql(parsed, answer_seconds)
            engine = create_engine(parsed, pool_timeout=CONNECT_SECONDS, connect_args=arguments)
            event.listen(engine, "begin", _postgresql_begins(answer_seconds))
            return engine
        case _:
            return create_engine(
                parsed,
                pool_timeout=CONNECT_SECONDS,
                pool_recycle=_ORPHANED * answer_seconds // 2,
                isolation_level="READ COMMITTED",
                connect_args=_mysql(parsed, answer_seconds),
            )


def _postgresql(url: URL, answer_seconds: int) -> dict[str, Any]:
    arguments = {
        "application_name": "banyan",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": 1000 * answer_seconds,
        # Prepared statements would break behind a pooler that hands each transaction another connection.
        "prepare_threshold": None,
    }
    return _unless_given(url, arguments)


def _mysql(url: URL, answer_seconds: int) -> dict[str, Any]:
    """In UTC, as a local hour that comes twice is no clock; strict, as nothing may be cut in silence."""
    session = {
        "innodb_lock_wait_timeout": answer_seconds - 1,
        "wait_timeout": _ORPHANED * answer_seconds,
        "time_zone": "'+00:00'",
        "sql_mode": "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
    }
    arguments = {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
        "init_command": "SET SESSION " + ", ".join(f"{name} = {value}" for name, value in session.items()),
    }
    return _unless_given(url, arguments)


def _unless_given(url: URL, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the URL does not set itself, as in `?connect_timeout=10`."""
    return {name: value for name, value in arguments.items() if name not in url.query}


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadLedgerUrl("ledger: not a URL such as sqlite:///var/banyan.db") from None
    scheme = parsed.drivername
    if scheme not in _DRIVERS:
        raise BadLedgerUrl(f"ledger: `{scheme}` is not one of {', '.join(_DRIVERS)}")
    dialect, modules, extra = _DRIVERS[scheme]
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise BadLedgerUrl(f"ledger: {scheme} needs a driver: pip install 'banyan-proxy[{extra}]'")
    if scheme == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise BadLedgerUrl("ledger: SQLite needs a file, as in sqlite:///var/banyan.db")
    if scheme != "sqlite" and not parsed.database:
        raise BadLedgerUrl(f"ledger: which database? {scheme}://user@host/banyan")
    return parsed.set(drivername=dialect)


def _make_file(url: URL) -> None:
    """And its folder. It holds the key of sessions and the secret of webhooks: so it is its owner's alone."""
    file = Path(str(url.database))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadLedgerUrl(f"ledger: the folder {file.parent} cannot be made: {error.strerror}") from None
    with suppress(OSError):  # it is there; or SQLite will say why it cannot be
        # Only where there is none: to close a second descriptor would give up SQLite's locks on it (POSIX).
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _sqlite_connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Readers do not wait for the writer, and what was committed survives a power cut."""
    # The driver would begin transactions late and never before a SELECT; `_sqlite_begins` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _sqlite_begins(connection: Connection) -> None:
    """A transaction that will write takes its lock at once: one that reads first could not get it later."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_begins(answer_seconds: int) -> Callable[[Connection], None]:
    """Time limits are set by each transaction: poolers such as PgBouncer refuse them as options."""
    limits = (
        f"SET LOCAL statement_timeout = {1000 * (answer_seconds - 1)}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {1000 * _ORPHANED * answer_seconds}"
    )

    def begins(connection: Connection) -> None:
        connection.exec_driver_sql(limits)

    return begins
