from datetime import UTC, datetime, timedelta

from proxy.ledger import Ledger
from proxy.ledger.clock import LedgerTime, present
from proxy.ledger.columns import EPOCH


def test_all_databases_tell_the_time_in_utc(ledger: Ledger) -> None:
    assert abs(ledger.read(present) - datetime.now(UTC)) < timedelta(hours=1)


def test_a_machine_goes_by_its_own_clock_until_the_ledger_has_told_the_time() -> None:
    seconds = 7.0
    time = LedgerTime(lambda: seconds, guess=1000.0)
    assert time.now() == 1000.0
    seconds = 8.5
    assert time.now() == 1001.5


def test_what_the_ledger_says_goes_on_evenly_and_may_be_said_again() -> None:
    seconds = 7.0
    time = LedgerTime(lambda: seconds, guess=1000.0)
    time.set(EPOCH + timedelta(seconds=5000))
    seconds = 9.0
    assert time.now() == 5002.0
    time.set(EPOCH + timedelta(seconds=4000))
    seconds = 10.0
    assert time.now() == 4001.0
