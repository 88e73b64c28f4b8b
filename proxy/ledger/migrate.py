"""Brings the ledger's tables up to what this version of the code needs, and says how far they are."""

from dataclasses import dataclass
from functools import partial

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, text

from proxy.ledger.engine import create
from proxy.ledger.ledger import OUTDATED, Ledger, LedgerUnavailable
from proxy.ledger.schema import VERSION_TABLE

_PATIENCE = 120
"""Seconds that an upgrade may take, or wait for one that runs elsewhere."""

_LOCK = 0x62616E79616E
"""A number that no other application locks by: "banyan" in ASCII."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far the tables are. Revisions are named by their number."""

    current: str | None
    latest: str
    pending: tuple[str, ...]
    """What an upgrade will do, oldest first: number and title."""

    @property
    def is_newer(self) -> bool:
        """Whether a later version of the code has upgraded the ledger."""
        return self.current != self.latest and not self.pending


class LedgerTooNew(Exception):
    """The ledger was upgraded by a later version of the code; this one must not write to it."""


def upgrade(url: str) -> tuple[str, ...]:
    """Makes all pending migrations and returns their titles; nothing where there are none.

    Any number of processes may call this at once: one works, the others wait. Raises BadLedgerUrl,
    LedgerUnavailable or LedgerTooNew.
    """
    ledger = Ledger(create(url, _PATIENCE), _PATIENCE)
    try:
        return ledger.write(partial(_upgrade_alone, ledger))
    finally:
        ledger.close()


def opened(url: str) -> Ledger:
    """The ledger, with tables as this version needs them: a file's are upgraded, a server's have to be there.

    Raises BadLedgerUrl, LedgerUnavailable or LedgerTooNew.
    """
    ledger = Ledger.open(url)
    try:
        if ledger.engine.dialect.name == "sqlite":
            upgrade(url)
        else:
            _refuse_others(ledger.read(_status))
    except (LedgerUnavailable, LedgerTooNew):
        ledger.close()
        raise
    return ledger


def status(url: str) -> Status:
    """How far the tables are. Raises BadLedgerUrl or LedgerUnavailable."""
    ledger = Ledger.open(url)
    try:
        return ledger.read(_status)
    finally:
        ledger.close()


def _upgrade_alone(ledger: Ledger, guard: Connection) -> tuple[str, ...]:
    """One upgrade at a time: the lock is held by a second connection, until the upgrade is committed."""
    match guard.dialect.name:
        case "sqlite":
            return _upgrade(guard)  # A transaction that writes has the whole file for itself.
        case "postgresql":
            guard.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            return ledger.write(_upgrade)
        case _:
            lock = {"name": f"banyan {_LOCK}", "seconds": _PATIENCE}
            if guard.execute(text("SELECT GET_LOCK(:name, :seconds)"), lock).scalar() != 1:
                raise LedgerUnavailable("another upgrade is running")
            try:
                return ledger.write(_upgrade)
            finally:
                guard.execute(text("SELECT RELEASE_LOCK(:name)"), lock)


def _upgrade(connection: Connection) -> tuple[str, ...]:
    before = _status(connection)
    if before.is_newer:
        raise _too_new(before)
    command.upgrade(_config(connection), "head")
    return before.pending


def _refuse_others(found: Status) -> None:
    if found.is_newer:
        raise _too_new(found)
    if found.pending:
        raise LedgerUnavailable(OUTDATED)


def _too_new(found: Status) -> LedgerTooNew:
    return LedgerTooNew(f"the ledger is at {found.current}, this version of Banyan ends at {found.latest}")


def _status(connection: Connection) -> Status:
    script = ScriptDirectory.from_config(_config(connection))
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current, latest = context.get_current_revision(), str(script.get_current_head())
    try:
        ahead = [f"{one.revision} {one.doc}" for one in script.iterate_revisions(latest, current or "base")]
    except RevisionError:
        ahead = []
    return Status(current, latest, tuple(reversed(ahead)))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "proxy.ledger:migrations")
    config.attributes["connection"] = connection
    return config
