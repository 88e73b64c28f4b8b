"""The way to the database: transactions that end in bounded time, and are retried where that is safe."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolExhausted

from proxy.ledger import engine as engines

_T = TypeVar("_T")
_PAUSES = [0.005 * 2**tried for tried in range(8)]
"""Seconds between the tries of one transaction."""

_OF_THE_DATABASE = (OperationalError, InterfaceError, InternalError, ProgrammingError)
"""What may say that the database does not answer. So may a plain DatabaseError: SQLite's for a file that is
damaged, or no database at all. Its other kinds say that the data were wrong."""

_COLLISION: set[object] = {"40001", "40P01", 1213, 1205}
"""PostgreSQL: serialization failure, deadlock. MySQL: deadlock, lock wait. The loser was undone whole."""

_OUTDATED: set[object] = {"42P01", "42703", 1146, 1054}
"""PostgreSQL and MySQL: no such table, no such column."""

OUTDATED = "its tables are missing or old; run `banyan ledger upgrade`"


class LedgerUnavailable(Exception):
    """The ledger did not do what was asked: it is down, out of reach, too slow, or not upgraded.

    Nothing was changed; or perhaps it was, where `unknown`: the connection broke while it was committed.
    """

    def __init__(self, why: str, *, unknown: bool = False) -> None:
        super().__init__(f"the ledger is unavailable: {why}")
        self.unknown = unknown


class Ledger:
    """A database and the transactions on it. Threads may share it; each process opens its own."""

    def __init__(self, engine: Engine, answer_seconds: float = engines.ANSWER_SECONDS) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{engines.WRITES: True})
        self._seconds = answer_seconds

    @classmethod
    def open(cls, url: str) -> "Ledger":
        """A ledger by its URL. Connects to nothing yet; raises BadLedgerUrl where the URL cannot be used."""
        return cls(engines.create(url))

    def close(self) -> None:
        """Gives up all connections."""
        self.engine.dispose()

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` returns, from one transaction that changes nothing. Raises LedgerUnavailable."""
        return self._run(self.engine, work)

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """What `work` returns, from one transaction that is kept whole or not at all.

        Raises LedgerUnavailable. `work` runs again after a deadlock, or where a pooled connection turned
        out to be gone: so it must have no effect outside the database. An exception from it undoes the
        transaction and is raised as it is.
        """
        return self._run(self._writer, work)

    def _run(self, engine: Engine, work: Callable[[Connection], _T]) -> _T:
        deadline = time.monotonic() + self._seconds
        for pause in _PAUSES:
            try:
                return self._once(engine, work)
            except DBAPIError as error:
                if not isinstance(error, _OF_THE_DATABASE) and type(error) is not DatabaseError:
                    raise
                if not _is_passing(error) or time.monotonic() >= deadline:
                    raise _explained(error) from error
            except PoolExhausted:
                raise LedgerUnavailable("all its connections are busy") from None
            time.sleep(pause)
        raise LedgerUnavailable("too many others write at the same time")

    def _once(self, engine: Engine, work: Callable[[Connection], _T]) -> _T:
        with engine.connect() as connection, _cut_off(connection, self._seconds):
            transaction = connection.begin()
            result = work(connection)
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise LedgerUnavailable(_first_line(error), unknown=True) from error
                raise
            return result


@contextmanager
def _cut_off(connection: Connection, seconds: float) -> Iterator[None]:
    """Ends a wait for PostgreSQL that lasts too long, by shutting its socket.

    Its driver has no time limit of its own, and the kernel's ends a wait for a host that fell silent, not
    one for a server that hangs. PyMySQL has time limits; SQLite needs none.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    timer = Timer(seconds, _shut, [_descriptor(connection)])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _descriptor(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.fileno())


def _shut(descriptor: int) -> None:
    """The socket may have been closed in the same moment: then there is nothing left to end."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as duplicate:
        duplicate.shutdown(socket.SHUT_RDWR)


def _is_passing(error: DBAPIError) -> bool:
    """Whether another try may succeed, and can do nothing twice: this one was undone, or never began."""
    return error.connection_invalidated or bool(_codes(error) & _COLLISION)


def _explained(error: DBAPIError) -> Exception:
    """What is to be raised for an error of the database: a wrong statement stays what it is, a bug."""
    line = _first_line(error)
    if _codes(error) & _OUTDATED or "no such table" in line or "no such column" in line:
        return LedgerUnavailable(OUTDATED)
    if type(error) is DatabaseError:
        return LedgerUnavailable(f"{line}; put a backup in its place, or move it away to begin a new one")
    return error if isinstance(error, ProgrammingError) else LedgerUnavailable(line)


def _codes(error: DBAPIError) -> set[object]:
    """The SQLSTATE of PostgreSQL, the error number of MySQL."""
    return {getattr(error.orig, "sqlstate", None), *getattr(error.orig, "args", ())[:1]}


def _first_line(error: DBAPIError) -> str:
    return next(iter(str(error.orig).splitlines()), type(error.orig).__name__)
