from proxy.ledger import Ledger, audit, file_trail, overrides
from proxy.ledger.audit import Author, Source
from proxy.ledger.positions import Intent, Position

FILE = Author("routes.yaml", Source.FILE, "the file changed")
ANN = Author("ann", Source.CLI, "because")


def intent(position: Position) -> Intent:
    return Intent(position, f"mark of {position}")


def canary(percent: int) -> Intent:
    return intent(Position("canary", 100 * percent))


LEGACY, SHADOW = intent(Position("legacy")), intent(Position("shadow"))


def read(ledger: Ledger, **routes: Intent) -> None:
    ledger.write(lambda connection: file_trail.follow(connection, FILE, routes))


def trail(ledger: Ledger) -> list[tuple[str, str, str, str]]:
    newest_last = reversed(ledger.read(audit.entries))
    return [(entry.action, entry.route, entry.was, entry.became) for entry in newest_last]


def test_the_first_file_and_the_same_again_are_no_change(ledger: Ledger) -> None:
    read(ledger, pay=SHADOW)
    read(ledger, pay=SHADOW)
    assert trail(ledger) == []


def test_routes_that_the_file_moves_brings_or_takes_away_are_audited_once(ledger: Ledger) -> None:
    read(ledger, pay=SHADOW, same=LEGACY, old=LEGACY)
    for _ in range(2):
        read(ledger, pay=canary(5), same=LEGACY, new=SHADOW)
    assert trail(ledger) == [
        ("edit", "new", "no such route", "shadow"),
        ("edit", "old", "legacy", "no such route"),
        ("edit", "pay", "shadow", "canary 5 %"),
    ]
    entry = ledger.read(audit.entries)[0]
    assert (entry.actor, entry.source, entry.reason) == ("routes.yaml", Source.FILE, "the file changed")


def test_a_file_that_drops_a_flip_is_audited_as_that_alone(ledger: Ledger) -> None:
    read(ledger, pay=SHADOW)
    there = Position("canary", 2500)
    ledger.write(lambda connection: overrides.flip(connection, "pay", there, ANN, SHADOW))
    read(ledger, pay=canary(5))
    assert trail(ledger) == [
        ("flip", "pay", "shadow", "canary 25 %"),
        ("drop", "pay", "canary 25 %", "the file: canary 5 %"),
    ]
    read(ledger, pay=canary(10))
    assert trail(ledger)[-1] == ("edit", "pay", "canary 5 %", "canary 10 %")
