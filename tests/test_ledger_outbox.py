from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from proxy.ledger import Ledger, outbox
from proxy.ledger.columns import EPOCH
from proxy.ledger.outbox import Letter
from proxy.ledger.schema import outbox as table
from proxy.ramp.notices import Notice

URL = "http://hooks.example/banyan"
LONG = timedelta(minutes=5)


def put(ledger: Ledger, *types: str) -> None:
    for type_ in types:  # one transaction each, so that they are due one after the other
        ledger.write(lambda connection, t=type_: outbox.put(connection, URL, [Notice(t, {"ü": [1, None]})]))


def claim(ledger: Ledger) -> Letter | None:
    return ledger.write(lambda connection: outbox.claim(connection, LONG))


def claimed(ledger: Ledger) -> Letter:
    letter = claim(ledger)
    assert letter is not None
    return letter


def fall_due(ledger: Ledger) -> None:
    ledger.write(lambda connection: connection.execute(update(table).values(due=EPOCH)))


def test_what_was_put_first_is_claimed_first_and_by_one_alone(ledger: Ledger) -> None:
    put(ledger, "ramp.stepped")
    first = claimed(ledger)
    put(ledger, "ramp.breached")
    second = claimed(ledger)
    assert (first.type, second.type, claim(ledger)) == ("ramp.stepped", "ramp.breached", None)
    assert (first.url, first.data, first.tries) == (URL, {"ü": [1, None]}, 1)
    assert first.id.startswith("msg_") and first.id != second.id
    assert first.time <= second.time


def test_one_whose_sender_died_falls_due_again_under_its_id(ledger: Ledger) -> None:
    put(ledger, "ramp.stepped")
    first = claimed(ledger)
    fall_due(ledger)
    again = claimed(ledger)
    assert (again.id, again.time, again.tries) == (first.id, first.time, 2)


def test_one_that_was_put_off_waits_and_one_that_was_taken_is_gone(ledger: Ledger) -> None:
    put(ledger, "ramp.stepped", "ramp.breached")
    one, other = claimed(ledger), claimed(ledger)
    ledger.write(lambda connection: outbox.postpone(connection, one, timedelta(0)))
    ledger.write(lambda connection: outbox.forget(connection, other))
    assert (claimed(ledger).id, claim(ledger)) == (one.id, None)
    assert ledger.read(outbox.waiting) == 1


def test_what_is_undone_is_not_told(ledger: Ledger) -> None:
    def fail(connection: Connection) -> None:
        outbox.put(connection, URL, [Notice("ramp.stepped", {})])
        raise LookupError

    with pytest.raises(LookupError):
        ledger.write(fail)
    assert ledger.read(outbox.waiting) == 0


def test_of_many_who_claim_at_once_no_two_get_the_same(ledger: Ledger) -> None:
    put(ledger, *["ramp.stepped"] * 5)
    with ThreadPoolExecutor(4) as pool:
        got = [letter.id for letter in pool.map(lambda _: claim(ledger), range(40)) if letter]
    assert len(got) == len(set(got)) == 5
