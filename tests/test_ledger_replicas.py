from datetime import timedelta

from sqlalchemy import update

from proxy.ledger import Ledger, replicas, settings
from proxy.ledger.columns import EPOCH
from proxy.ledger.schema import replicas as table

MINUTE = timedelta(minutes=1)


def report(ledger: Ledger, replica: str, version: int, **detail: str) -> None:
    ledger.write(lambda connection: replicas.report(connection, replica, version, detail))


def live(ledger: Ledger) -> dict[str, int]:
    found = ledger.read(lambda connection: replicas.live(connection, MINUTE))
    return {replica.id: replica.version for replica in found}


def silence(ledger: Ledger, replica: str) -> None:
    """As if a replica had not been heard of since 1970."""
    row = update(table).where(table.c.id == replica).values(seen=EPOCH)
    ledger.write(lambda connection: connection.execute(row))


def test_a_replica_says_what_it_has_applied(ledger: Ledger) -> None:
    report(ledger, "a", 3, host="one")
    report(ledger, "b", 2)
    report(ledger, "a", 4, host="two")
    assert live(ledger) == {"a": 4, "b": 2}
    [first, _] = ledger.read(lambda connection: replicas.live(connection, MINUTE))
    assert first.detail == {"host": "two"}


def test_a_silent_replica_is_not_waited_for_and_comes_back_with_its_next_report(ledger: Ledger) -> None:
    report(ledger, "a", 3)
    silence(ledger, "a")
    assert live(ledger) == {}
    report(ledger, "a", 3)
    assert live(ledger) == {"a": 3}


def test_a_replica_that_leaves_is_not_waited_for(ledger: Ledger) -> None:
    report(ledger, "a", 3)
    ledger.write(lambda connection: replicas.leave(connection, "a"))
    assert live(ledger) == {}


def test_replicas_long_silent_are_forgotten(ledger: Ledger) -> None:
    report(ledger, "a", 3)
    report(ledger, "b", 3)
    silence(ledger, "a")
    assert ledger.write(lambda connection: replicas.forget(connection, MINUTE)) == 1
    assert live(ledger) == {"b": 3}


def test_the_first_to_propose_a_setting_decides_for_all(ledger: Ledger) -> None:
    assert ledger.write(lambda connection: settings.agree(connection, "key", "mine")) == "mine"
    assert ledger.write(lambda connection: settings.agree(connection, "key", "yours")) == "mine"


def test_a_setting_can_be_put_for_everybody(ledger: Ledger) -> None:
    ledger.write(lambda connection: settings.put(connection, "key", "one"))
    ledger.write(lambda connection: settings.put(connection, "key", "two"))
    assert ledger.write(lambda connection: settings.agree(connection, "key", "three")) == "two"
