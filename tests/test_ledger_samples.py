from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, update

from proxy.ledger import Ledger, migrate, samples, settings
from proxy.ledger.clock import present
from proxy.ledger.schema import samples as table
from proxy.ramp.evidence import Sample, SideSample
from tests.support.databases import Server


def sample(slot: int, source: str = "host/1", errors: int = 3) -> Sample:
    legacy = SideSample(990, errors, {64: 500, 429: 490})
    return Sample(slot, source, legacy, SideSample(10, 0, {70: 10}), compared=900, mismatches=2)


def write(ledger: Ledger, *seen: tuple[str, Sample]) -> None:
    ledger.write(lambda connection: samples.write(connection, seen))


def read(ledger: Ledger, since: int = 0, before: int | None = None, route: str = "pay") -> list[Sample]:
    return ledger.read(partial(samples.read, route=route, since=since, before=before))


def test_a_sample_is_read_as_it_was_written(ledger: Ledger) -> None:
    write(ledger, ("pay", sample(10)), ("other", sample(10)))
    assert read(ledger) == [sample(10)]


def test_samples_come_in_the_order_of_time_and_from_every_source(ledger: Ledger) -> None:
    write(ledger, ("pay", sample(20, "b")), ("pay", sample(20, "a")))
    write(ledger, ("pay", sample(10, "b")), ("pay", sample(30, "a")))
    assert [(one.slot, one.source) for one in read(ledger)] == [(10, "b"), (20, "a"), (20, "b"), (30, "a")]
    assert [one.slot for one in read(ledger, since=20, before=30)] == [20, 20]


def test_a_sample_that_is_written_twice_counts_once(ledger: Ledger) -> None:
    write(ledger, ("pay", sample(10, errors=3)))
    write(ledger, ("pay", sample(10, errors=9)), ("pay", sample(20)))
    assert read(ledger) == [sample(10, errors=3), sample(20)]


def test_no_samples_are_no_statement(ledger: Ledger) -> None:
    write(ledger)
    assert read(ledger) == []


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        ({"modern_latency": "not JSON"}, "a latency histogram: Expecting value"),
        ({"legacy_latency": "[1]"}, "a latency histogram: 'list' object"),
        ({"legacy_latency": '{"1": null}'}, "a latency histogram: int"),
        ({"legacy_latency": '{"1": -1}'}, "impossible buckets or counts"),
        ({"modern_latency": '{"1000000000": 1}'}, "impossible buckets or counts"),
        ({"modern_errors": 11}, "11 of 10 modern requests failed"),
        ({"modern_errors": -1}, "-1 of 10 modern requests failed"),
        ({"legacy_requests": -1}, "3 of -1 legacy requests failed"),
        ({"mismatches": -1}, "-1 of 900 exchanges mismatch"),
        ({"mismatches": 901}, "901 of 900 exchanges mismatch"),
    ],
)
def test_a_damaged_sample_is_not_believed(ledger: Ledger, damage: dict[str, str | int], why: str) -> None:
    now = int(ledger.read(present).timestamp())
    write(ledger, ("pay", sample(now)), ("sound", sample(now)))
    spoilt = update(table).where(table.c.route == "pay").values(damage)
    ledger.write(lambda connection: connection.execute(spoilt))
    with pytest.raises(samples.Unreadable, match=why):
        read(ledger)
    recent = ledger.read(lambda connection: samples.recent(connection, timedelta(minutes=1)))
    assert list(recent) == ["sound"]


def test_samples_that_the_database_does_not_give_undo_nothing_else(ledger: Ledger) -> None:
    def read_and_keep(connection: Connection) -> None:
        with pytest.raises(samples.Unreadable, match="banyan_samples"):
            samples.read(connection, "pay", 0)
        settings.put(connection, "kept", "yes")

    rename(ledger, "banyan_samples", "banyan_away")
    try:
        ledger.write(read_and_keep)
    finally:
        rename(ledger, "banyan_away", "banyan_samples")
    assert ledger.write(lambda connection: settings.agree(connection, "kept", "no")) == "yes"


def test_a_connection_that_breaks_at_samples_damages_none(postgresql: Server) -> None:
    url = postgresql.create_database()
    migrate.upgrade(url)
    ledger, other, cut = Ledger.open(url), Ledger.open(url), list[int]()

    def break_once_and_read(connection: Connection) -> list[Sample]:
        if not cut:
            cut.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
            other.write(lambda found: found.exec_driver_sql(f"SELECT pg_terminate_backend({cut[0]}, 60000)"))
        return samples.read(connection, "pay", 0)

    assert ledger.read(break_once_and_read) == []
    ledger.close()
    other.close()


def rename(ledger: Ledger, before: str, after: str) -> None:
    ledger.write(lambda connection: connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}"))


def test_old_samples_are_forgotten(ledger: Ledger) -> None:
    write(ledger, *(("pay", sample(slot)) for slot in (10, 20, 30)))
    assert ledger.write(lambda connection: samples.prune(connection, 30)) == 2
    assert read(ledger) == [sample(30)]


def test_a_large_histogram_fits(ledger: Ledger) -> None:
    wide = {bucket: 1_000_000_000 for bucket in range(6_000)}
    write(ledger, ("pay", Sample(10, "a", SideSample(1, 0, wide))))
    assert read(ledger)[0].legacy.latency == wide
