import multiprocessing
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from proxy.ledger import Ledger, LedgerUnavailable, migrate, overrides
from proxy.ledger.migrate import LedgerTooNew
from proxy.ledger.schema import VERSION_TABLE, metadata

MIGRATIONS = (
    "0001 The first tables.",
    "0002 Webhooks that are still to be sent.",
    "0003 How often a path differs between the sides, beside how often on one side alone.",
)


def run(statement: str, connection: Connection) -> None:
    connection.execute(text(statement))


def differences(connection: Connection) -> list[object]:
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_an_empty_database_is_upgraded_once(empty_url: str) -> None:
    assert migrate.status(empty_url) == migrate.Status(None, "0003", MIGRATIONS)
    assert migrate.upgrade(empty_url) == MIGRATIONS
    assert migrate.upgrade(empty_url) == ()
    assert migrate.status(empty_url) == migrate.Status("0003", "0003", ())


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    assert ledger.read(differences) == []


def test_a_database_that_was_not_upgraded_says_what_to_do(empty_url: str) -> None:
    ledger = Ledger.open(empty_url)
    with pytest.raises(LedgerUnavailable, match="run `banyan ledger upgrade`"):
        ledger.read(lambda connection: overrides.changed_since(connection, 0))
    ledger.close()


def test_who_opens_a_file_upgrades_it_and_who_opens_a_server_does_not(empty_url: str) -> None:
    """Replicas of the version before may still run there: when to upgrade is for people to say."""
    if empty_url.startswith("sqlite"):
        migrate.opened(empty_url).close()
        assert migrate.status(empty_url).pending == ()
        return
    with pytest.raises(LedgerUnavailable, match="run `banyan ledger upgrade`"):
        migrate.opened(empty_url)
    assert migrate.status(empty_url).pending == MIGRATIONS
    migrate.upgrade(empty_url)
    migrate.opened(empty_url).close()


def test_who_opens_a_ledger_of_a_later_version_is_told(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    ledger = Ledger.open(empty_url)
    ledger.write(partial(run, f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(LedgerTooNew, match="the ledger is at 9999, this version of Banyan ends at 0003"):
        migrate.opened(empty_url)


def test_processes_that_upgrade_at_once_make_each_migration_once(empty_url: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        made = pool.map(migrate.upgrade, [empty_url] * 4, chunksize=1)
    assert sorted(map(len, made)) == [0, 0, 0, len(MIGRATIONS)]


def test_an_upgrade_that_broke_off_is_gone_on_with(empty_url: str) -> None:
    """MySQL keeps every statement of a migration at once, so half of one can be there."""
    migrate.upgrade(empty_url)
    ledger = Ledger.open(empty_url)
    for statement in (
        f"DELETE FROM {VERSION_TABLE}",
        "DELETE FROM banyan_version",
        "DROP TABLE banyan_settings",
        "DROP TABLE banyan_samples",
        "DROP TABLE banyan_outbox",
    ):
        ledger.write(partial(run, statement))
    migrate.upgrade(empty_url)
    assert ledger.read(differences) == []
    assert ledger.read(lambda connection: overrides.changed_since(connection, 0)) == (0, [])
    ledger.close()


def test_a_ledger_of_a_later_version_is_left_alone(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    ledger = Ledger.open(empty_url)
    ledger.write(
        lambda connection: connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    )
    assert migrate.status(empty_url).is_newer
    with pytest.raises(
        migrate.LedgerTooNew, match="the ledger is at 9999, this version of Banyan ends at 0003"
    ):
        migrate.upgrade(empty_url)
    ledger.close()


def test_ids_that_differ_in_case_are_two(ledger: Ledger) -> None:
    columns = ledger.read(lambda connection: inspect(connection).get_columns("banyan_overrides"))
    assert columns
    insert = text("INSERT INTO banyan_settings (name, value) VALUES ('key', '1'), ('KEY', '2'), ('kéy', '3')")
    assert ledger.write(lambda connection: connection.execute(insert)).rowcount == 3


def test_the_migrations_are_in_the_package() -> None:
    folder = Path(str(migrate.__file__)).parent / "migrations"
    assert (folder / "env.py").exists() and (folder / "script.py.mako").exists()
