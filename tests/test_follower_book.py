from datetime import UTC, datetime

from proxy.config.snapshot import Override
from proxy.decision.stages import Stage
from proxy.ledger.overrides import Override as Row
from proxy.ledger.positions import Intent, Position
from proxy.rollout.book import Book

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
LEGACY = Position("legacy")


def row(route: str, version: int, position: Position | None, mark: str = "mark") -> Row:
    return Row(route, position, None, mark, version, SINCE)


def test_what_was_learned_is_in_force_until_it_is_dropped() -> None:
    book = Book()
    book.learn(4, [row("pay", 3, Position("canary", 500)), row("list", 4, LEGACY)])
    assert book.in_force() == {"pay": Override(Stage.CANARY, 500), "list": Override(Stage.LEGACY)}
    book.learn(5, [row("pay", 5, None)])
    assert (book.in_force(), book.version) == ({"list": Override(Stage.LEGACY)}, 5)


def test_an_older_version_is_never_applied() -> None:
    book = Book()
    book.learn(7, [row("pay", 7, LEGACY)])
    book.learn(3, [row("pay", 3, Position("modern"))])
    assert (book.in_force(), book.version) == ({"pay": Override(Stage.LEGACY)}, 7)


def test_a_route_that_changed_in_the_file_goes_by_the_file_at_once() -> None:
    book = Book()
    book.learn(3, [row(route, version, LEGACY) for version, route in enumerate(("pay", "list", "gone"), 1)])
    book.follow_file({"pay": Intent(LEGACY, "another"), "list": Intent(LEGACY, "mark")})
    assert book.in_force() == {"list": Override(Stage.LEGACY)}
    assert book.version == 3


def test_a_flip_after_the_change_of_the_file_holds() -> None:
    book = Book()
    book.learn(1, [row("pay", 1, LEGACY)])
    book.follow_file({"pay": Intent(LEGACY, "another")})
    book.learn(2, [row("pay", 2, Position("modern"), "another")])
    assert book.in_force() == {"pay": Override(Stage.MODERN)}
