"""What is kept, and what becomes of it when the ledger or the disk does not take it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from shadow import recorder as recording
from shadow.difflog import DiffLog
from shadow.groups import MOST_GROUPS, Sightings
from shadow.noise import Noise
from shadow.recorder import Recorder
from tests.support.shadow import Desk, MemoryStore, answers, exchange, until


async def test_one_bug_is_one_group_with_its_newest_samples(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))
    await desk.work(*(exchange(id=f"e{number}", time=exchange().time + number) for number in range(5)))
    [group] = desk.store.recorded
    assert (group.route, group.severity, group.count) == ("r", "major", 5)
    assert [sample.id for sample in group.samples] == ["e2", "e3", "e4"]
    assert (group.last - group.first).total_seconds() == pytest.approx(4, abs=1)
    assert group.samples[0].body.encode() in (tmp_path / "diffs.jsonl").read_bytes()


async def test_only_the_verdicts_that_are_asked_for_are_logged_and_groups_are_kept_all_the_same(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}), verdicts=frozenset({"failed"}))
    assert await desk.work(exchange()) == []
    assert len(desk.store.recorded) == 1


async def test_with_the_ledger_down_the_log_goes_on_and_groups_wait(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))
    desk.store.down = True
    assert len(await desk.work(exchange())) == 1
    assert desk.store.recorded == [] and desk.recorder.lost["try"] == 1
    desk.store.down = False
    later = Recorder(desk.log, desk.store, desk.noise, 3, lambda: 1.0)
    later._sightings = desk.recorder._sightings
    await later.flush()
    assert [group.count for group in desk.store.recorded] == [1]


async def test_a_ledger_that_was_down_is_tried_again(tmp_path: Path) -> None:
    now = [0.0]
    store = MemoryStore(down=True)
    recorder = Recorder(DiffLog(tmp_path / "d", 1 << 20, 60.0), store, Noise(), 3, lambda: now[0])
    await recorder.flush()
    store.down = False
    await recorder.flush()
    assert recorder.lost["try"] == 1
    now[0] = recording.RETRY_AFTER
    await recorder.flush()
    assert recorder.lost["try"] == 1


async def test_a_ledger_that_hangs_does_not_hold_up_the_log(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))
    hung, release = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(*_: object) -> None:
        loop.call_soon_threadsafe(hung.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    desk.store.tidy = hang  # type: ignore[method-assign]  # the seam
    running = asyncio.create_task(desk.recorder.run())
    await hung.wait()
    await desk.worker.handle(exchange())
    await until(lambda: len(desk.lines()) == 1)
    release.set()
    running.cancel()


async def test_lines_that_the_disk_does_not_take_are_counted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    desk.log.write = full  # type: ignore[method-assign]  # the seam
    assert await desk.work(exchange(), exchange()) == []
    assert desk.recorder.lost["line"] == 2


async def test_groups_that_wait_for_the_ledger_are_bounded(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))
    await desk.work(exchange())
    [one] = desk.store.recorded
    waiting = Sightings(most_samples=1, most_groups=2)
    added = [waiting.add(replace(one, signature=str(number % 3))) for number in range(6)]
    assert added == [True, True, False, True, True, False]
    taken = waiting.take()
    assert [seen.count for seen in taken] == [2, 2]
    assert waiting.put_back([*taken, replace(one, signature="3", count=7)]) == 7
    assert MOST_GROUPS >= 100
