from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from proxy.ledger import Ledger, audit, overrides
from proxy.ledger.audit import Author, Source
from proxy.ledger.overrides import Flip, NothingBefore, Override, StaleVersion
from proxy.ledger.positions import Intent, Position
from tests.support.databases import patient

ANN = Author("ann", Source.CLI, "the new code is ready")
RAMP = Author("controller", Source.RAMP, "gates passed")
LEGACY, SHADOW, MODERN = Position("legacy"), Position("shadow"), Position("modern")
FILE = Intent(SHADOW, "mark-1")


def canary(percent: float) -> Position:
    return Position("canary", round(percent * 100))


def flip(
    ledger: Ledger, to: Position, author: Author = ANN, expect: int | None = None, route: str = "pay"
) -> Flip:
    return ledger.write(lambda connection: overrides.flip(connection, route, to, author, FILE, expect))


def rollback(ledger: Ledger, intent: Intent = FILE) -> Flip:
    return ledger.write(lambda connection: overrides.rollback(connection, "pay", ANN, intent))


def find(ledger: Ledger, route: str = "pay") -> Override | None:
    return ledger.read(lambda connection: overrides.find(connection, route))


def trail(ledger: Ledger) -> list[audit.Entry]:
    return ledger.read(audit.entries)


def test_a_flip_is_in_force_and_audited(ledger: Ledger) -> None:
    assert flip(ledger, canary(5)) == Flip("pay", SHADOW, canary(5), 1)
    override = find(ledger)
    assert override is not None
    assert (override.position, override.previous, override.version) == (canary(5), SHADOW, 1)
    entry = trail(ledger)[0]
    assert (entry.actor, entry.source, entry.route, entry.action) == ("ann", Source.CLI, "pay", "flip")
    assert (entry.was, entry.became, entry.reason) == ("shadow", "canary 5 %", "the new code is ready")
    assert entry.version == 1
    assert abs(entry.time - override.since).total_seconds() < 60


def test_versions_only_grow_over_all_routes(ledger: Ledger) -> None:
    versions = [flip(ledger, canary(n), route=f"route-{n % 2}").version for n in range(1, 6)]
    assert versions == [1, 2, 3, 4, 5]


def test_what_changed_since_a_version_is_told(ledger: Ledger) -> None:
    assert ledger.read(lambda connection: overrides.changed_since(connection, 0)) == (0, [])
    flip(ledger, canary(5), route="a")
    flip(ledger, canary(5), route="b")
    flip(ledger, canary(9), route="a")
    version, changed = ledger.read(lambda connection: overrides.changed_since(connection, 1))
    assert version == 3
    assert [(override.route, override.version) for override in changed] == [("b", 2), ("a", 3)]


def test_a_stale_version_is_refused_and_leaves_no_trace(ledger: Ledger) -> None:
    flip(ledger, canary(5), expect=0)
    flip(ledger, canary(6), expect=1)
    with pytest.raises(StaleVersion, match="pay was changed since: it is at version 2"):
        flip(ledger, canary(7), expect=1)
    with pytest.raises(StaleVersion, match="it is at version 0"):
        flip(ledger, canary(7), expect=2, route="other")
    assert flip(ledger, canary(8)).version == 3
    assert [entry.became for entry in trail(ledger)] == ["canary 8 %", "canary 6 %", "canary 5 %"]


def test_a_rollback_goes_to_the_stage_before_the_canary_not_to_its_last_weight(ledger: Ledger) -> None:
    for weight in (1, 5, 25):
        flip(ledger, canary(weight), RAMP)
    assert rollback(ledger) == Flip("pay", canary(25), SHADOW, 4)
    assert trail(ledger)[0].action == "rollback"


def test_modern_after_a_full_canary_rolls_back_to_before_both(ledger: Ledger) -> None:
    flip(ledger, canary(100))
    flip(ledger, MODERN)
    assert rollback(ledger).became == SHADOW


def test_modern_after_half_a_canary_rolls_back_to_that(ledger: Ledger) -> None:
    flip(ledger, canary(50))
    flip(ledger, MODERN)
    assert rollback(ledger).became == canary(50)
    assert rollback(ledger).became == LEGACY


def test_rolling_back_again_and_again_never_gives_modern_more(ledger: Ledger) -> None:
    flip(ledger, canary(25))
    assert rollback(ledger).became == SHADOW
    assert rollback(ledger).became == LEGACY
    with pytest.raises(NothingBefore, match="pay stands at legacy"):
        rollback(ledger)


def test_rolling_back_what_somebody_just_took_back_by_a_flip_stays_back(ledger: Ledger) -> None:
    flip(ledger, canary(25))
    flip(ledger, LEGACY)
    with pytest.raises(NothingBefore):
        rollback(ledger)


def test_what_the_file_made_modern_rolls_back_to_legacy(ledger: Ledger) -> None:
    assert rollback(ledger, Intent(MODERN, "mark-1")) == Flip("pay", MODERN, LEGACY, 1)


def test_the_panic_button_takes_everything_to_legacy_at_one_version(ledger: Ledger) -> None:
    flip(ledger, canary(25), route="a")
    flip(ledger, LEGACY, route="b")
    intents = {"a": FILE, "b": FILE, "c": Intent(MODERN, "m"), "d": Intent(LEGACY, "m")}
    taken = ledger.write(lambda connection: overrides.rollback_all(connection, ANN, intents))
    assert taken == [Flip("a", canary(25), LEGACY, 3), Flip("c", MODERN, LEGACY, 3)]
    assert ledger.read(lambda connection: overrides.changed_since(connection, 2))[0] == 3


def test_an_override_is_dropped_when_its_route_changes_in_the_file(ledger: Ledger) -> None:
    for route in ("changed", "same", "gone"):
        flip(ledger, canary(5), route=route)
    file = Author("routes.yaml", Source.FILE, "the file changed")
    intents = {"changed": Intent(MODERN, "mark-2"), "same": FILE}

    def drop(connection: Connection) -> list[str]:
        return overrides.drop_changed(connection, file, intents)

    assert ledger.write(drop) == ["changed", "gone"]
    assert ledger.write(drop) == []
    version, changed = ledger.read(lambda connection: overrides.changed_since(connection, 3))
    assert version == 4
    assert [(override.route, override.position) for override in changed] == [
        ("changed", None),
        ("gone", None),
    ]
    assert [(entry.route, entry.was, entry.became) for entry in trail(ledger)[:2]] == [
        ("gone", "canary 5 %", "no such route"),
        ("changed", "canary 5 %", "the file: modern"),
    ]


def test_after_a_drop_a_flip_begins_from_the_file_again(ledger: Ledger) -> None:
    flip(ledger, canary(5))
    changed = Intent(MODERN, "mark-2")
    ledger.write(lambda connection: overrides.drop_changed(connection, ANN, {"pay": changed}))
    assert rollback(ledger, changed) == Flip("pay", MODERN, LEGACY, 3)


def test_an_override_of_an_older_file_does_not_count_before_it_is_dropped(ledger: Ledger) -> None:
    flip(ledger, MODERN)
    changed = Intent(LEGACY, "mark-2")
    to_shadow = ledger.write(lambda connection: overrides.flip(connection, "pay", SHADOW, ANN, changed))
    assert to_shadow.was == LEGACY


def test_the_trail_is_read_by_route_and_in_pages(ledger: Ledger) -> None:
    for number in range(1, 8):
        flip(ledger, canary(number), route=f"route-{number % 2}")
    first = ledger.read(lambda connection: audit.entries(connection, limit=3))
    then = ledger.read(lambda connection: audit.entries(connection, limit=3, before=first[-1].id))
    odd = ledger.read(lambda connection: audit.entries(connection, route="route-1"))
    assert [entry.version for entry in [*first, *then]] == [7, 6, 5, 4, 3, 2]
    assert [entry.version for entry in odd] == [7, 5, 3, 1]


def test_an_exception_undoes_the_whole_transaction(ledger: Ledger) -> None:
    def fail(connection: Connection) -> None:
        overrides.flip(connection, "pay", MODERN, ANN, FILE)
        raise KeyError("after the flip")

    with pytest.raises(KeyError):
        ledger.write(fail)
    assert find(ledger) is None
    assert trail(ledger) == []
    assert flip(ledger, MODERN).version == 1


_T = TypeVar("_T")


def at_once(count: int, work: Callable[[int], _T]) -> list[_T]:
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


def test_writers_at_once_get_versions_in_one_order_without_gaps(ledger_url: str) -> None:
    ledgers = [patient(ledger_url) for _ in range(4)]

    def flips(worker: int) -> list[int]:
        return [flip(ledgers[worker], canary(n), route=f"route-{n % 3}").version for n in range(1, 16)]

    versions = at_once(4, flips)
    assert sorted(version for mine in versions for version in mine) == list(range(1, 61))
    assert all(mine == sorted(mine) for mine in versions)
    assert [entry.version for entry in trail(ledgers[0])] == list(range(60, 0, -1))
    for ledger in ledgers:
        ledger.close()


def test_a_reader_who_goes_on_from_its_version_misses_nothing(ledger_url: str) -> None:
    ledgers = [patient(ledger_url) for _ in range(4)]
    seen: dict[str, int] = {}
    at = 0

    def flips(worker: int) -> None:
        for n in range(1, 16):
            flip(ledgers[worker], canary(n), route=f"route-{worker}-{n}")

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(flips, worker) for worker in range(3)]
        finished = False
        while not finished:
            finished = all(writer.done() for writer in writers)
            at, changed = ledgers[3].read(partial(overrides.changed_since, version=at))
            seen |= {override.route: override.version for override in changed}
    assert [writer.result() for writer in writers] == [None] * 3
    assert sorted(seen.values()) == list(range(1, 46))
    for ledger in ledgers:
        ledger.close()


def test_of_many_who_expect_the_same_version_one_wins(ledger_url: str) -> None:
    ledgers = [patient(ledger_url) for _ in range(4)]

    def try_flip(worker: int) -> bool:
        try:
            flip(ledgers[worker], canary(worker + 1), expect=0)
        except StaleVersion:
            return False
        return True

    assert sum(at_once(4, try_flip)) == 1
    for ledger in ledgers:
        ledger.close()
