import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable, audit, migrate, overrides, settings
from proxy.ledger.audit import Author, Source
from proxy.ledger.engine import create
from proxy.ledger.positions import Intent, Position
from tests.support.databases import Server, patient
from tests.support.relay import Relay

SERVERS = ("postgresql", "mariadb")
SOON = 2
"""Seconds that these ledgers give a database to answer."""

LATE = 60
"""Seconds after which a test gives up on something that should have been given up on long ago."""

ANN = Author("ann", Source.CLI, "because")
INTENT = Intent(Position("legacy"), "mark")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    running: Server = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def relay(server: Server) -> Iterator[Relay]:
    between = Relay(server.port)
    yield between
    between.close()


def impatient(url: str) -> Ledger:
    return Ledger(create(url, SOON), SOON)


def through(relay: Relay, url: str) -> Ledger:
    return impatient(make_url(url).set(port=relay.port).render_as_string(hide_password=False))


def put(ledger: Ledger, value: str) -> None:
    ledger.write(lambda connection: settings.put(connection, "name", value))


def get(ledger: Ledger) -> str:
    query = text("SELECT value FROM banyan_settings WHERE name = 'name'")
    return str(ledger.read(lambda connection: connection.execute(query).scalar_one()))


def gives_up(ledger: Ledger) -> str:
    """What a ledger says when it gives up; the test fails where it does not."""
    pool = ThreadPoolExecutor(1)
    with pytest.raises(LedgerUnavailable) as caught:
        pool.submit(put, ledger, "never").result(LATE)
    pool.shutdown()
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("nonsense", "not a URL such as sqlite:///var/banyan.db"),
        ("oracle://host/db", "`oracle` is not one of sqlite, postgresql, mysql, mariadb"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("postgresql://user@host", "which database?"),
        ("sqlite:////proc/nowhere/banyan.db", "the folder /proc/nowhere cannot be made"),
    ],
)
def test_a_url_that_cannot_be_used_says_why(url: str, complaint: str) -> None:
    with pytest.raises(BadLedgerUrl, match=complaint):
        Ledger.open(url)


def test_a_wrong_url_does_not_show_its_password() -> None:
    with pytest.raises(BadLedgerUrl) as caught:
        Ledger.open("oracle://user:secret@host/db")
    assert "secret" not in str(caught.value)


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadLedgerUrl, match=r"pip install 'banyan-proxy\[postgresql\]'"):
        Ledger.open("postgresql://user@host/db")


def test_the_folder_of_a_sqlite_ledger_is_made(tmp_path: Path) -> None:
    migrate.upgrade(f"sqlite:///{tmp_path}/a/b/ledger.db")
    assert (tmp_path / "a" / "b" / "ledger.db").exists()


def test_a_sqlite_ledger_that_is_named_by_a_uri_is_no_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Ledger.open("sqlite:///file:a/ledger.db?mode=ro&uri=true").close()
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_ledger_and_what_stands_beside_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    """It holds the key that sessions are signed with: whoever reads it is an operator."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate.upgrade(url)
    ledger = Ledger.open(url)
    put(ledger, "secret")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    ledger.close()
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_to_open_a_sqlite_ledger_again_gives_up_none_of_the_locks_on_it(tmp_path: Path) -> None:
    """Without them, another process would take itself for the last one, and the log of changes away."""
    file = tmp_path / "ledger.db"
    migrate.upgrade(f"sqlite:///{file}")
    ledger = Ledger.open(f"sqlite:///{file}")
    put(ledger, "kept")
    Ledger.open(f"sqlite:///{file}").close()
    look = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM banyan_version').fetchall()"
    )
    subprocess.run([sys.executable, "-c", look, file], check=True)
    assert (tmp_path / "ledger.db-wal").exists()
    ledger.close()


def test_settings_of_the_url_win(server: Server) -> None:
    url = server.create_database() + "?connect_timeout=9"
    ledger = Ledger.open(url)
    assert ledger.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one()) == 1
    ledger.close()


def test_a_server_that_is_down_is_unavailable_and_comes_back_by_itself(server: Server) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = impatient(url)
    put(ledger, "before")
    server.stop()
    try:
        assert gives_up(ledger).startswith("the ledger is unavailable: ")
    finally:
        server.start()
    assert get(ledger) == "before"
    ledger.close()


def test_a_restart_between_two_transactions_is_not_noticed(server: Server) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = impatient(url)
    put(ledger, "before")
    server.stop()
    server.start()
    put(ledger, "after")
    assert get(ledger) == "after"
    ledger.close()


def test_a_server_that_hangs_is_given_up_on(server: Server) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = impatient(url)
    put(ledger, "before")
    server.freeze()
    try:
        gives_up(ledger)
        gives_up(ledger)
    finally:
        server.thaw()
    assert get(ledger) == "before"
    ledger.close()


def test_a_network_that_swallows_everything_is_given_up_on(server: Server, relay: Relay) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = through(relay, url)
    put(ledger, "before")
    relay.silence()
    gives_up(ledger)
    gives_up(ledger)
    relay.speak()
    put(ledger, "after")
    assert get(ledger) == "after"
    ledger.close()


def test_an_address_that_never_speaks_is_given_up_on(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = make_url(server.url("any")).set(port=silent.getsockname()[1])
        ledger = impatient(url.render_as_string(hide_password=False))
        gives_up(ledger)
        ledger.close()


def test_a_connection_that_breaks_in_a_commit_says_that_the_outcome_is_unknown(
    server: Server, relay: Relay
) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = through(relay, url)
    put(ledger, "before")
    relay.break_at(b"COMMIT")
    with pytest.raises(LedgerUnavailable) as caught:
        put(ledger, "during")
    assert caught.value.unknown
    assert get(ledger) in ("before", "during")
    ledger.close()


def test_a_connection_that_breaks_before_the_commit_is_tried_again_and_done_once(
    server: Server, relay: Relay
) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = through(relay, url)
    put(ledger, "before")
    relay.break_at(b"banyan_audit")
    ledger.write(lambda connection: overrides.flip(connection, "pay", Position("modern"), ANN, INTENT))
    assert len(ledger.read(audit.entries)) == 1
    ledger.close()


def test_a_client_that_vanished_in_a_flip_does_not_keep_the_others_waiting_for_long(
    server: Server, relay: Relay
) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    vanishing, other = through(relay, url), impatient(url)

    def vanish(connection: Connection) -> None:
        overrides.next_version(connection)
        relay.silence()
        connection.execute(text("SELECT 1"))

    with pytest.raises(LedgerUnavailable):
        vanishing.write(vanish)
    deadline = time.monotonic() + LATE
    version = None
    while version is None and time.monotonic() < deadline:
        with contextlib.suppress(LedgerUnavailable):
            version = other.write(overrides.next_version)
    assert version == 1
    vanishing.close()
    other.close()


def test_two_that_wait_for_each_other_both_finish(server: Server) -> None:
    url = server.create_database()
    migrate.upgrade(url)
    ledger = Ledger.open(url)
    both_hold_one = threading.Barrier(2)

    def cross(first: str, second: str, met: list[bool], connection: Connection) -> None:
        settings.put(connection, first, first)
        if not met:
            met.append(True)
            both_hold_one.wait(LATE)
        settings.put(connection, second, first)

    for name in ("a", "b"):
        ledger.write(partial(settings.put, name=name, value=""))
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(ledger.write, partial(cross, "a", "b", []))
        other = pool.submit(ledger.write, partial(cross, "b", "a", []))
        assert (one.result(LATE), other.result(LATE)) == (None, None)
    ledger.close()


def test_a_sqlite_file_that_somebody_keeps_locked_is_given_up_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate.upgrade(url)
    mine, theirs = impatient(url), Ledger.open(url)

    def keep(connection: Connection) -> None:
        settings.put(connection, "name", "theirs")
        assert gives_up(mine) == "the ledger is unavailable: database is locked"

    theirs.write(keep)
    assert get(mine) == "theirs"
    mine.close()
    theirs.close()


def test_a_sqlite_file_that_is_damaged_is_given_up_on_until_a_good_one_is_there(tmp_path: Path) -> None:
    file, url = tmp_path / "ledger.db", f"sqlite:///{tmp_path}/ledger.db"
    file.write_bytes(b"no database " * 100)
    ledger = impatient(url)
    for asked in (lambda: put(ledger, "never"), lambda: migrate.upgrade(url), lambda: migrate.status(url)):
        with pytest.raises(LedgerUnavailable, match="file is not a database; put a backup in its place"):
            asked()
    file.unlink()
    migrate.upgrade(url)
    put(ledger, "after")
    assert get(ledger) == "after"
    ledger.close()


def test_readers_and_the_writer_of_sqlite_do_not_wait_for_each_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate.upgrade(url)
    ledger = impatient(url)
    put(ledger, "before")
    query = text("SELECT value FROM banyan_settings")

    def watch(connection: Connection) -> list[str]:
        first = connection.execute(query).scalar_one()
        put(ledger, "after")
        return [first, connection.execute(query).scalar_one()]

    assert ledger.read(watch) == ["before", "before"]
    assert get(ledger) == "after"
    ledger.close()


def test_writers_of_sqlite_may_read_first(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    migrate.upgrade(url)
    ledgers = [patient(url) for _ in range(3)]
    put(ledgers[0], "0")

    def count(connection: Connection) -> None:
        value = int(connection.execute(text("SELECT value FROM banyan_settings")).scalar_one())
        settings.put(connection, "name", str(value + 1))

    def work(ledger: Ledger) -> None:
        for _ in range(20):
            ledger.write(count)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, ledgers))
    assert get(ledgers[0]) == "60"
    for ledger in ledgers:
        ledger.close()


def test_more_callers_than_connections_are_told(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(LedgerUnavailable, match="all its connections are busy"):
        exhaust(ledger, 30)
    ledger.close()


def exhaust(ledger: Ledger, depth: int) -> None:
    if depth:
        ledger.read(lambda connection: exhaust(ledger, depth - 1))


def test_who_loses_every_deadlock_is_told_in_the_end(tmp_path: Path) -> None:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    tries: list[int] = []

    def lose(_: Connection) -> None:
        tries.append(len(tries))
        raise OperationalError("UPDATE", {}, Exception(1213, "Deadlock found"))

    with pytest.raises(LedgerUnavailable, match="too many others write at the same time"):
        ledger.write(lose)
    assert len(tries) == 8
    ledger.close()


def test_a_bug_stays_a_bug(ledger: Ledger) -> None:
    insert = text("INSERT INTO banyan_settings (name, value) VALUES ('twice', '')")
    ledger.write(lambda connection: connection.execute(insert))
    with pytest.raises(IntegrityError):
        ledger.write(lambda connection: connection.execute(insert))


def test_wrong_sql_stays_wrong_sql(server: Server) -> None:
    ledger = Ledger.open(server.create_database())
    with pytest.raises(ProgrammingError):
        ledger.read(lambda connection: connection.execute(text("SELEC 1")))
    ledger.close()
