"""The follower's thread against a real ledger: SQLite, and a server where it has to be out of reach."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from proxy import flips
from proxy.config.snapshot import Snapshot
from proxy.flips import intents
from proxy.ledger import Ledger, audit, engine, migrate, overrides, replicas, samples
from proxy.ledger.audit import Author, Source
from proxy.ledger.positions import Position
from proxy.ramp.evidence import Sample
from proxy.rollout import follower
from proxy.rollout.follower import Follower, Identity, News
from tests.support.databases import Server
from tests.support.relay import Relay
from tests.support.rollout import eventually, snapshot

PATIENCE = 60.0
"""Seconds that a goodbye may take on a busy machine."""

ME = Author("kim", Source.CLI, "because")
MODERN = Position("modern")


class Told:
    """A follower and what it told."""

    def __init__(self, url: str, name: str = "here") -> None:
        self.news: list[News] = []
        self.served: list[int] = []
        identity = Identity(name)
        self.follower = Follower(url, identity, self.news.append, self.served.append, time.monotonic)

    def start(self, file: Snapshot) -> "Told":
        self.follower.start(intents(file))
        return self

    @property
    def last(self) -> News:
        """The last look: what it says of the way of a flip is no look."""
        return next((news for news in reversed(self.news) if news.took is None), News(-1))

    def heard_of(self, version: int) -> bool:
        return self.last.version >= version and self.last.trouble is None


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def book(url: str) -> Iterator[Ledger]:
    migrate.upgrade(url)
    ledger = Ledger.open(url)
    yield ledger
    ledger.close()


@pytest.fixture
def file() -> Snapshot:
    return snapshot("pay: {stage: shadow}", "plain: {}")


def names(ledger: Ledger) -> dict[str, int]:
    live = ledger.read(lambda connection: replicas.live(connection, timedelta(minutes=1)))
    return {replica.id: replica.version for replica in live}


def test_a_file_needs_no_upgrade_by_hand(url: str, file: Snapshot) -> None:
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(0))
    told.follower.close(PATIENCE)


def test_what_was_flipped_before_and_meanwhile_is_told_once(url: str, book: Ledger, file: Snapshot) -> None:
    flips.flip(book, file, "pay", MODERN, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(1))
    flips.flip(book, file, "plain", MODERN, ME)
    told.follower.wake()
    eventually(lambda: told.heard_of(2))
    told.follower.close(PATIENCE)
    rows = [(row.route, row.version) for news in told.news for row in news.rows]
    assert rows == [("pay", 1), ("plain", 2)]


def test_a_version_is_confirmed_when_somebody_says_so_and_no_earlier(
    url: str, book: Ledger, file: Snapshot
) -> None:
    version = flips.flip(book, file, "pay", MODERN, ME).version
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(version) and names(book))
    assert names(book) == {"here": 0}
    told.follower.confirm(version)
    eventually(lambda: flips.confirmation(book, version).confirmed == ("here",))
    eventually(lambda: told.served == [version])
    told.follower.close(PATIENCE)
    assert names(book) == {}


def test_a_hint_is_looked_at_once_and_one_that_is_known_already_not_at_all(
    url: str, book: Ledger, file: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "NEARBY", 3600)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(0) and names(book))
    first = flips.flip(book, file, "pay", MODERN, ME).version
    told.follower.wake(first)
    eventually(lambda: told.heard_of(first))
    looks = len(told.news)
    flips.flip(book, file, "pay", Position("legacy"), ME)
    told.follower.wake(first)
    told.follower.confirm(first)
    eventually(lambda: told.served == [first])
    assert [news.version for news in told.news[looks:]] == [first]  # of its way, and of no second look
    told.follower.wake(0)
    eventually(lambda: told.heard_of(first + 1))
    told.follower.close(PATIENCE)


def test_how_long_a_flip_took_is_told_stage_by_stage(url: str, book: Ledger, file: Snapshot) -> None:
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(0) and names(book))
    version = flips.flip(book, file, "pay", MODERN, ME).version
    told.follower.wake(version)
    eventually(lambda: told.heard_of(version))
    told.follower.confirm(version)
    eventually(lambda: any(news.took for news in told.news))
    [took] = [news.took for news in told.news if news.took]
    assert min(took.read, took.apply, took.report) >= 0
    told.follower.close(PATIENCE)


def test_overrides_that_fell_by_the_file_are_dropped_once_by_any_number_of_replicas(
    url: str, book: Ledger, file: Snapshot
) -> None:
    flips.flip(book, file, "pay", MODERN, ME)
    flips.flip(book, file, "plain", MODERN, ME)
    changed = snapshot("pay: {stage: canary}", "plain: {}")
    crowd = [Told(url, f"replica-{number}") for number in range(3)]
    for told in crowd:
        told.start(changed)
    eventually(lambda: all(told.heard_of(3) for told in crowd))
    for told in crowd:
        told.follower.close(PATIENCE)
    dropped = [entry for entry in book.read(audit.entries) if entry.action == "drop"]
    assert [(entry.route, entry.actor, entry.source) for entry in dropped] == [
        ("pay", "routes.yaml", Source.FILE)
    ]
    plain = book.read(lambda connection: overrides.find(connection, "plain"))
    assert plain is not None and plain.position == MODERN


def test_a_file_that_changes_while_followed_drops_too(url: str, book: Ledger, file: Snapshot) -> None:
    flips.flip(book, file, "pay", MODERN, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(1))
    told.follower.follow_file(intents(snapshot("pay: {stage: legacy}", "plain: {}")))
    eventually(lambda: told.heard_of(2))
    assert [(row.route, row.position) for row in told.last.rows] in ([("pay", None)], [])
    told.follower.close(PATIENCE)


def test_a_file_that_moves_a_route_while_followed_is_audited(url: str, book: Ledger, file: Snapshot) -> None:
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(0))
    told.follower.follow_file(intents(snapshot("pay: {stage: legacy}", "plain: {}")))
    eventually(lambda: book.read(audit.entries))
    told.follower.close(PATIENCE)
    [entry] = book.read(audit.entries)
    assert (entry.action, entry.route, entry.actor, entry.source) == (
        "edit",
        "pay",
        "routes.yaml",
        Source.FILE,
    )


def test_a_ledger_restored_from_a_backup_takes_nothing_back(url: str, book: Ledger, file: Snapshot) -> None:
    for position in (MODERN, Position("legacy")):
        flips.flip(book, file, "pay", position, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(2))
    book.write(lambda connection: connection.exec_driver_sql("UPDATE banyan_version SET version = 1"))
    eventually(lambda: told.last.trouble)
    assert "went back from version 2 to 1" in str(told.last.trouble)
    assert told.last.version == 2 and not told.last.rows
    told.follower.close(PATIENCE)


def test_a_flip_after_a_restored_backup_arrives_and_the_trouble_stays_named(
    url: str, book: Ledger, file: Snapshot
) -> None:
    for position in (MODERN, Position("legacy"), MODERN):
        flips.flip(book, file, "pay", position, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(3))
    told.follower.confirm(3)
    eventually(lambda: names(book) == {"here": 3})
    book.write(lambda connection: connection.exec_driver_sql("UPDATE banyan_version SET version = 1"))
    eventually(lambda: told.last.trouble)
    version = flips.flip(book, file, "plain", MODERN, ME).version
    assert version == 4
    told.follower.wake(version)
    eventually(lambda: told.last.version == version)
    assert [row.route for row in told.last.rows] == ["plain"]
    told.follower.confirm(version)
    eventually(lambda: flips.confirmation(book, version).confirmed == ("here",))
    assert "went back from version 3 to 1" in str(told.news[-1].trouble)
    told.follower.close(PATIENCE)


def test_a_hint_of_a_lower_version_is_looked_at(
    url: str, book: Ledger, file: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "NEARBY", 3600)
    for position in (MODERN, Position("legacy")):
        flips.flip(book, file, "pay", position, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(2))
    book.write(lambda connection: connection.exec_driver_sql("UPDATE banyan_version SET version = 1"))
    told.follower.wake(1)
    eventually(lambda: told.last.trouble)
    told.follower.close(PATIENCE)


def test_a_ledger_that_can_be_read_and_not_written_is_not_called_back(
    url: str, book: Ledger, file: Snapshot
) -> None:
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(0) and names(book))
    book.write(lambda found: found.exec_driver_sql("ALTER TABLE banyan_samples RENAME TO banyan_away"))
    told.follower.keep([("pay", Sample(1, "here"))])
    eventually(lambda: told.last.trouble)
    since = len(told.news)
    eventually(lambda: len(told.news) > since + 3)
    assert all(news.trouble for news in told.news[since:])
    book.write(lambda found: found.exec_driver_sql("ALTER TABLE banyan_away RENAME TO banyan_samples"))
    eventually(lambda: told.last.trouble is None)
    assert len(book.read(lambda connection: samples.read(connection, "pay", 0))) == 1
    told.follower.close(PATIENCE)


def test_a_ledger_that_is_back_stays_named_as_restored_from_a_backup(
    url: str, book: Ledger, file: Snapshot
) -> None:
    for position in (MODERN, Position("legacy")):
        flips.flip(book, file, "pay", position, ME)
    told = Told(url).start(file)
    eventually(lambda: told.heard_of(2))
    since = len(told.news)
    book.write(lambda found: found.exec_driver_sql("UPDATE banyan_version SET version = 1"))
    eventually(lambda: told.last.trouble)
    book.write(lambda found: found.exec_driver_sql("ALTER TABLE banyan_samples RENAME TO banyan_away"))
    told.follower.keep([("pay", Sample(1, "here"))])
    eventually(lambda: "tables" in str(told.last.trouble))
    book.write(lambda found: found.exec_driver_sql("ALTER TABLE banyan_away RENAME TO banyan_samples"))
    eventually(lambda: "went back" in str(told.last.trouble))
    told.follower.close(PATIENCE)
    restored = next(at for at, news in enumerate(told.news) if at >= since and news.trouble)
    assert all(news.trouble for news in told.news[restored:])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that is waited for two seconds, which a test can spare."""
    monkeypatch.setattr(Ledger, "open", lambda url: Ledger(engine.create(url, 2), 2))


@pytest.mark.usefixtures("impatient")
def test_samples_are_written_and_kept_while_the_ledger_is_away(postgresql: Server, file: Snapshot) -> None:
    url = postgresql.create_database()
    migrate.upgrade(url)
    relay = Relay(postgresql.port)
    told = Told(url.replace(str(postgresql.port), str(relay.port))).start(file)
    ledger = Ledger(engine.create(url))
    eventually(lambda: told.heard_of(0))
    relay.silence()
    told.follower.keep([("pay", Sample(slot, "here", compared=1)) for slot in (1, 2)])
    eventually(lambda: told.last.trouble, 30)
    assert ledger.read(lambda connection: samples.read(connection, "pay", 0)) == []
    relay.speak()
    eventually(lambda: len(ledger.read(lambda connection: samples.read(connection, "pay", 0))) == 2, 30)
    told.follower.close(PATIENCE)
    ledger.close()
    relay.close()


@pytest.mark.usefixtures("impatient")
def test_no_method_waits_for_a_ledger_that_hangs(postgresql: Server, file: Snapshot) -> None:
    relay = Relay(postgresql.port)
    relay.silence()
    told = Told(f"postgresql://banyan@127.0.0.1:{relay.port}/nothing?connect_timeout=60").start(file)
    finished = threading.Event()

    def use() -> None:
        told.follower.wake()
        told.follower.confirm(1)
        told.follower.keep([("pay", Sample(1, "here"))])
        told.follower.follow_file(intents(file))
        told.follower.close(0.01)
        finished.set()

    threading.Thread(target=use, daemon=True).start()
    assert finished.wait(20)
    relay.close()  # which ends the wait of its thread
    told.follower.close(PATIENCE)


def test_a_server_without_tables_says_what_to_do(postgresql: Server, file: Snapshot) -> None:
    told = Told(postgresql.create_database()).start(file)
    eventually(lambda: told.last.trouble)
    assert "run `banyan ledger upgrade`" in str(told.last.trouble)
    told.follower.close(PATIENCE)
