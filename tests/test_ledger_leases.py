from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from proxy.ledger import Ledger, leases
from proxy.ledger.columns import EPOCH
from proxy.ledger.leases import Lease, LeaseLost
from proxy.ledger.schema import leases as table
from tests.support.databases import patient

LONG = timedelta(minutes=5)
RAMPS = "ramps"


def acquire(ledger: Ledger, holder: str, name: str = RAMPS) -> Lease | None:
    return ledger.write(lambda connection: leases.acquire(connection, name, holder, LONG))


def held(ledger: Ledger, holder: str) -> Lease:
    lease = acquire(ledger, holder)
    assert lease is not None
    return lease


def hold(ledger: Ledger, lease: Lease) -> None:
    ledger.write(lambda connection: leases.hold(connection, lease))


def run_out(ledger: Ledger) -> None:
    """As if the time of all leases were over by the database's clock."""
    ledger.write(lambda connection: connection.execute(update(table).values(expires=EPOCH)))


def test_one_holds_a_lease_at_a_time(ledger: Ledger) -> None:
    assert acquire(ledger, "a") == Lease(RAMPS, "a", 1)
    assert acquire(ledger, "b") is None
    assert acquire(ledger, "a") is None
    assert acquire(ledger, "b", "other") == Lease("other", "b", 1)


def test_a_lease_that_ran_out_goes_to_the_next_with_a_higher_token(ledger: Ledger) -> None:
    first = held(ledger, "a")
    run_out(ledger)
    assert acquire(ledger, "b") == Lease(RAMPS, "b", 2)
    with pytest.raises(LeaseLost, match="the lease `ramps` is no longer held by a"):
        hold(ledger, first)


def test_a_lease_ends_by_the_databases_clock(ledger: Ledger) -> None:
    at_once = timedelta(0)
    lease = ledger.write(lambda connection: leases.acquire(connection, RAMPS, "a", at_once))
    assert lease is not None
    with pytest.raises(LeaseLost):
        hold(ledger, lease)
    assert acquire(ledger, "b") == Lease(RAMPS, "b", 2)


def test_a_renewed_lease_is_kept(ledger: Ledger) -> None:
    lease = held(ledger, "a")
    ledger.write(lambda connection: leases.renew(connection, lease, LONG))
    hold(ledger, lease)


def test_a_lease_that_ran_out_cannot_be_renewed_even_where_nobody_took_it(ledger: Ledger) -> None:
    lease = held(ledger, "a")
    run_out(ledger)
    with pytest.raises(LeaseLost):
        ledger.write(lambda connection: leases.renew(connection, lease, LONG))


def test_a_released_lease_is_free_at_once(ledger: Ledger) -> None:
    lease = held(ledger, "a")
    ledger.write(lambda connection: leases.release(connection, lease))
    assert acquire(ledger, "b") == Lease(RAMPS, "b", 2)


def test_releasing_a_lost_lease_takes_it_from_nobody(ledger: Ledger) -> None:
    lost = held(ledger, "a")
    run_out(ledger)
    mine = held(ledger, "b")
    ledger.write(lambda connection: leases.release(connection, lost))
    hold(ledger, mine)


def test_what_was_done_under_a_lost_lease_is_undone(ledger: Ledger) -> None:
    lost = held(ledger, "a")
    run_out(ledger)
    held(ledger, "b")

    def work(connection: Connection) -> None:
        leases.acquire(connection, "made by a", "a", LONG)
        leases.hold(connection, lost)

    with pytest.raises(LeaseLost):
        ledger.write(work)
    assert acquire(ledger, "c", "made by a") is not None


def test_of_many_who_ask_at_once_one_gets_the_lease_each_time(ledger_url: str) -> None:
    ledgers = [patient(ledger_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for token in range(1, 6):
            got = list(pool.map(acquire, ledgers, "abcd"))
            assert [lease.token for lease in got if lease is not None] == [token]
            run_out(ledgers[0])
    for ledger in ledgers:
        ledger.close()
