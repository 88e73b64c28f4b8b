"""The worker takes on less where others want the processor, and never nothing."""

import asyncio
import time
from itertools import chain, repeat
from pathlib import Path

import pytest

from shadow import turns
from shadow.thrift import CROWDED, LEAST, MOST, Thrift
from shadow.turns import Turns, waited
from tests.support.shadow import Desk, exchange, until


def test_whoever_has_to_wait_for_a_processor_takes_on_half_of_what_it_did() -> None:
    thrift = Thrift()
    thrift.waited(CROWDED, 1000)
    assert thrift.rate == MOST
    thrift.waited(CROWDED * 1.01, 1000)
    assert thrift.rate == 500
    thrift.waited(0.9, 10_000)
    assert thrift.rate == 250


def test_some_is_always_taken_on_and_all_again_once_there_is_room() -> None:
    thrift = Thrift()
    for _ in range(100):
        thrift.waited(1.0, 0)
    assert thrift.rate == LEAST
    for _ in range(100):
        thrift.waited(0.0, 0)
    assert thrift.rate == MOST


def test_turns_are_spread_evenly_and_none_is_saved_up() -> None:
    thrift = Thrift()
    thrift.waited(1.0, 200)
    assert [thrift.turn(10.0), thrift.turn(10.0), thrift.turn(10.005)] == pytest.approx([0, 0.01, 0.015])
    assert [thrift.turn(20.0), thrift.turn(20.0)] == pytest.approx([0, 0.01])


async def test_what_the_kernel_says_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK", 0.01)
    grows = chain(range(0, 100), repeat(99))
    crowded = Turns(lambda: float(next(grows)))
    watching = asyncio.ensure_future(crowded.watch())
    await until(lambda: crowded.thrift.rate == LEAST)
    await until(lambda: crowded.thrift.rate == MOST)
    watching.cancel()


async def test_where_nobody_says_everything_is_taken_on() -> None:
    silent = Turns(lambda: None)
    await silent.watch()
    for _ in range(100):
        await silent.next()
    assert silent.thrift.rate == MOST


def test_linux_says_how_long_a_process_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = waited()
    assert before is not None and before >= 0
    for text in ("", "1", "1 x 3"):
        (tmp_path / "odd").write_text(text)
        monkeypatch.setattr(turns, "_SCHEDSTAT", tmp_path / "odd")
        assert waited() is None
    monkeypatch.setattr(turns, "_SCHEDSTAT", tmp_path / "none")
    assert waited() is None


async def test_what_is_too_old_takes_no_turn(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    running = asyncio.create_task(desk.worker.run(tmp_path / "s"))
    taken = desk.worker._turns
    taken.thrift.waited(1.0, 0)
    for _ in range(3):
        desk.worker.take(exchange(time=time.time() - 60))
    await until(lambda: desk.worker.counts["skipped", "r", "expired"] == 3)
    assert taken._taken == 0
    running.cancel()
