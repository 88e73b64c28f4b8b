from functools import partial

from proxy.ledger import Ledger, samples
from proxy.ramp.evidence import Sample, SideSample


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


def test_old_samples_are_forgotten(ledger: Ledger) -> None:
    write(ledger, *(("pay", sample(slot)) for slot in (10, 20, 30)))
    assert ledger.write(lambda connection: samples.prune(connection, 30)) == 2
    assert read(ledger) == [sample(30)]


def test_a_large_histogram_fits(ledger: Ledger) -> None:
    wide = {bucket: 1_000_000_000 for bucket in range(6_000)}
    write(ledger, ("pay", Sample(10, "a", SideSample(1, 0, wide))))
    assert read(ledger)[0].legacy.latency == wide
