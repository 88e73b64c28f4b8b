from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from proxy.ledger import Ledger, audit, diffs, noise
from proxy.ledger.audit import Author, Source
from proxy.ledger.diffs import Exchange, Seen, Triage, UnknownGroup
from proxy.ledger.noise import Ruling
from tests.support.databases import patient

QA = Author("quinn", Source.UI, "rounding, see the ticket")
NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)
LAPSED = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def exchange(number: int) -> Exchange:
    return Exchange(f"exchange-{number:03}", NOW + timedelta(seconds=number), f'{{"id": {number}}}')


def seen(
    signature: str, count: int = 1, minute: int = 0, route: str = "pay", exchanges: Sequence[Exchange] = ()
) -> Seen:
    at = NOW + timedelta(minutes=minute)
    return Seen(signature, route, "critical", count, at, at, '[["body", "$.amount", "changed"]]', exchanges)


def record(ledger: Ledger, *groups: Seen, keep: int = 20) -> None:
    ledger.write(lambda connection: diffs.record(connection, groups, keep))


def triage(
    ledger: Ledger, signature: str, verdict: Triage | None, until: datetime | None = None
) -> diffs.Group:
    return ledger.write(lambda connection: diffs.triage(connection, signature, verdict, QA, until))


def open_groups(ledger: Ledger, since: datetime = NOW) -> int:
    return ledger.read(lambda connection: diffs.count_open(connection, "pay", since))


def test_one_bug_is_one_group_that_counts(ledger: Ledger) -> None:
    record(ledger, seen("s1", 3), seen("s2", 1))
    record(ledger, seen("s1", 4, minute=5))
    [first, second] = ledger.read(diffs.listed)
    assert (first.signature, first.count) == ("s1", 7)
    assert (first.first_seen, first.last_seen) == (NOW, NOW + timedelta(minutes=5))
    assert (first.route, first.severity, first.verdict) == ("pay", "critical", None)
    assert first.differences == '[["body", "$.amount", "changed"]]'
    assert (second.signature, second.count) == ("s2", 1)


def test_groups_are_listed_by_route_and_openness(ledger: Ledger) -> None:
    record(ledger, seen("s1"), seen("s2"), seen("s3", route="other"))
    triage(ledger, "s1", Triage.EXPECTED)
    mine = ledger.read(partial(diffs.listed, route="pay"))
    still_open = ledger.read(partial(diffs.listed, only_open=True))
    assert {group.signature for group in mine} == {"s1", "s2"}
    assert {group.signature for group in still_open} == {"s2", "s3"}
    assert len(ledger.read(partial(diffs.listed, limit=1))) == 1


def test_no_limit_hides_an_open_group_behind_those_that_were_judged(ledger: Ledger) -> None:
    record(ledger, seen("s1"), seen("s2", minute=5), seen("s3", minute=9))
    for judged in ("s2", "s3"):
        triage(ledger, judged, Triage.EXPECTED)
    listed = ledger.read(partial(diffs.listed, limit=2))
    assert [group.signature for group in listed] == ["s1", "s3"]


def test_groups_are_counted_beyond_those_that_are_listed(ledger: Ledger) -> None:
    record(ledger, seen("s1"), seen("s2"), seen("s3", route="other"))
    triage(ledger, "s1", Triage.EXPECTED)
    assert len(ledger.read(partial(diffs.listed, limit=1))) == 1
    assert ledger.read(diffs.count) == 3
    assert ledger.read(partial(diffs.count, only_open=True)) == 2
    assert ledger.read(partial(diffs.count, route="pay", only_open=True)) == 1


def test_the_newest_exchanges_of_a_group_are_kept(ledger: Ledger) -> None:
    record(ledger, seen("s1", 9, exchanges=[exchange(n) for n in range(9)]), keep=5)
    record(ledger, seen("s1", 2, exchanges=[exchange(20), exchange(1)]), keep=5)
    record(ledger, seen("s2", 1, exchanges=[exchange(90)]), keep=5)
    kept = ledger.read(partial(diffs.exchanges, signature="s1"))
    assert kept == [exchange(n) for n in (20, 8, 7, 6, 5)]
    assert ledger.read(partial(diffs.find_exchange, exchange="exchange-090")) == exchange(90)
    assert ledger.read(partial(diffs.find_exchange, exchange="exchange-000")) is None


def test_a_verdict_is_kept_with_its_author_and_audited(ledger: Ledger) -> None:
    record(ledger, seen("s1" * 32))
    group = triage(ledger, "s1" * 32, Triage.BUG, LATER)
    assert (group.verdict, group.note, group.until) == (Triage.BUG, "rounding, see the ticket", LATER)
    assert group.triaged_by == "quinn" and group.triaged_at is not None
    entry = ledger.read(audit.entries)[0]
    assert (entry.action, entry.route, entry.was) == ("triage", "pay", "s1s1s1s1s1s1 open")
    assert (entry.became, entry.version) == ("s1s1s1s1s1s1 bug", None)


def test_a_verdict_outlives_further_sightings(ledger: Ledger) -> None:
    record(ledger, seen("s1"))
    triage(ledger, "s1", Triage.NOISE)
    record(ledger, seen("s1", 5, minute=9))
    group = ledger.read(partial(diffs.find, signature="s1"))
    assert (group.verdict, group.count) == (Triage.NOISE, 6)


def test_nobody_can_judge_a_group_that_is_not_there(ledger: Ledger) -> None:
    with pytest.raises(UnknownGroup, match="no group of differences has the signature nope"):
        triage(ledger, "nope", Triage.BUG)


def test_open_groups_are_those_that_nobody_judged_or_whose_verdict_lapsed(ledger: Ledger) -> None:
    record(ledger, *(seen(name) for name in ("new", "expected", "noise", "lapsed", "reopened")))
    triage(ledger, "expected", Triage.EXPECTED)
    triage(ledger, "noise", Triage.NOISE, LATER)
    triage(ledger, "lapsed", Triage.NOISE, LAPSED)
    triage(ledger, "reopened", Triage.NOISE)
    triage(ledger, "reopened", None)
    assert open_groups(ledger) == 3


def test_a_known_bug_keeps_a_ramp_waiting_while_it_still_shows(ledger: Ledger) -> None:
    record(ledger, seen("s1"))
    triage(ledger, "s1", Triage.BUG)
    assert open_groups(ledger, since=NOW) == 1
    assert open_groups(ledger, since=NOW + timedelta(minutes=1)) == 0


def test_old_groups_are_forgotten_with_their_exchanges(ledger: Ledger) -> None:
    record(ledger, seen("old", exchanges=[exchange(1)]), seen("new", minute=10, exchanges=[exchange(2)]))
    assert ledger.write(lambda connection: diffs.prune(connection, NOW + timedelta(minutes=5))) == 1
    assert [group.signature for group in ledger.read(diffs.listed)] == ["new"]
    assert ledger.read(partial(diffs.find_exchange, exchange="exchange-001")) is None
    assert ledger.read(partial(diffs.find_exchange, exchange="exchange-002")) == exchange(2)


def test_workers_that_report_the_same_groups_at_once_lose_no_count(ledger_url: str) -> None:
    ledgers = [patient(ledger_url) for _ in range(3)]
    orders = (["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"])

    def work(worker: int) -> None:
        for _ in range(8):
            record(ledgers[worker], *(seen(signature) for signature in orders[worker]))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert [group.count for group in ledgers[0].read(diffs.listed)] == [24, 24, 24]
    for ledger in ledgers:
        ledger.close()


def test_noise_is_learned_by_counting(ledger: Ledger) -> None:
    ledger.write(lambda connection: noise.learn(connection, "pay", 100, {"$.time": 100, "$.id": 2}))
    ledger.write(lambda connection: noise.learn(connection, "pay", 50, {"$.time": 50}))
    ledger.write(lambda connection: noise.learn(connection, "other", 7, {}))
    known = ledger.read(noise.load)
    assert known["pay"].pairs == 150
    assert {path.path: path.differed for path in known["pay"].paths} == {"$.time": 150, "$.id": 2}
    assert (known["other"].pairs, known["other"].paths) == (7, ())


def test_pairs_of_both_sides_are_counted_for_what_ever_differed_on_one(ledger: Ledger) -> None:
    ledger.write(lambda connection: noise.compare(connection, "pay", 5, {"$.time": 5}))
    ledger.write(lambda connection: noise.learn(connection, "pay", 10, {"$.time": 4}))
    for _ in range(2):
        ledger.write(lambda connection: noise.compare(connection, "pay", 100, {"$.bug": 100, "$.time": 30}))
    known = ledger.read(noise.load)["pay"]
    assert (known.pairs, known.mirrored) == (10, 205)
    assert [(path.path, path.differed, path.mirrored) for path in known.paths] == [("$.time", 4, 60)]


def test_of_many_pairs_the_older_half_is_forgotten(ledger: Ledger) -> None:
    for route in ("pay", "other"):
        ledger.write(lambda connection, route=route: noise.learn(connection, route, 101, {"$.time": 7}))
    ledger.write(lambda connection: noise.learn(connection, "pay", 20, {}))
    ledger.write(lambda connection: noise.compare(connection, "other", 500, {"$.time": 9}))
    ledger.write(lambda connection: noise.halve(connection, 120))
    known = ledger.read(noise.load)
    assert (known["pay"].pairs, known["pay"].paths[0].differed) == (60, 3)
    other = known["other"]
    assert (other.pairs, other.mirrored) == (101, 250)
    assert (other.paths[0].differed, other.paths[0].mirrored) == (7, 4)


def test_what_people_ruled_of_a_path_is_kept_and_audited(ledger: Ledger) -> None:
    def rule(path: str, ruling: Ruling | None) -> None:
        ledger.write(lambda connection: noise.rule(connection, "pay", path, ruling, QA))

    ledger.write(lambda connection: noise.learn(connection, "pay", 10, {"$.time": 4}))
    rule("$.time", Ruling.FORBIDDEN)
    rule("$.nonce", Ruling.PINNED)
    rule("$.other", Ruling.PINNED)
    rule("$.other", None)
    ledger.write(lambda connection: noise.learn(connection, "pay", 10, {"$.time": 1}))
    found = {path.path: (path.differed, path.ruling) for path in ledger.read(noise.load)["pay"].paths}
    assert found == {"$.time": (5, Ruling.FORBIDDEN), "$.nonce": (0, Ruling.PINNED), "$.other": (0, None)}
    assert [(entry.was, entry.became) for entry in ledger.read(audit.entries)][:2] == [
        ("$.other", "learned"),
        ("$.other", "pinned"),
    ]


def test_learned_noise_expires_and_rulings_do_not(ledger: Ledger) -> None:
    ledger.write(lambda connection: noise.learn(connection, "pay", 10, {"$.time": 4}))
    ledger.write(lambda connection: noise.rule(connection, "pay", "$.nonce", Ruling.PINNED, QA))
    assert ledger.write(lambda connection: noise.expire(connection, LATER)) == 1
    known = ledger.read(noise.load)["pay"]
    assert (known.pairs, [path.path for path in known.paths]) == (10, ["$.nonce"])


def test_a_path_of_any_length_and_alphabet_is_one_path(ledger: Ledger) -> None:
    paths = {"$['" + "x" * 3_000 + "']": 1, "$['naïve 🌳']": 2, "$.A": 3, "$.a": 4}
    ledger.write(lambda connection: noise.learn(connection, "pay", 9, paths))
    assert {path.path: path.differed for path in ledger.read(noise.load)["pay"].paths} == paths
