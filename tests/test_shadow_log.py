"""The diff log: whole lines, rotated by size and age, one writer."""

import json
import os
from pathlib import Path

import pytest

from shadow.difflog import DiffLog, LogTaken
from tests.support.processes import descriptors

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def line(number: int, size: int = 20) -> bytes:
    return json.dumps({"n": number, "pad": "x" * size}).encode() + b"\n"


def files(home: Path) -> list[Path]:
    return sorted(home.glob("*.jsonl"))


def test_a_full_file_is_put_aside_and_no_line_is_lost_or_cut(tmp_path: Path) -> None:
    clock = Clock()
    log = DiffLog(tmp_path / "d.jsonl", 100, 14 * DAY, clock)
    for number in range(10):
        clock.now += 1
        log.write([line(number)])
    said = [json.loads(text)["n"] for file in files(tmp_path) for text in file.read_text().splitlines()]
    assert sorted(said) == list(range(10))
    assert all(file.stat().st_size <= 100 for file in files(tmp_path)) and len(files(tmp_path)) > 2


def test_a_file_is_put_aside_after_a_day_and_deleted_when_it_is_too_old(tmp_path: Path) -> None:
    clock = Clock()
    log = DiffLog(tmp_path / "d.jsonl", 1 << 20, 3 * DAY, clock)
    for day in range(6):
        log.write([line(day)])
        clock.now += DAY + 1
    log.write([line(6)])
    kept = [json.loads(text)["n"] for file in files(tmp_path) for text in file.read_text().splitlines()]
    assert 6 in kept and 0 not in kept and 4 in kept


def test_a_line_larger_than_the_file_may_be_is_kept_whole(tmp_path: Path) -> None:
    log = DiffLog(tmp_path / "d.jsonl", 10, DAY)
    log.write([line(1), line(2)])
    assert len(files(tmp_path)) == 2


def test_only_one_may_write_and_who_dies_gives_it_up(tmp_path: Path) -> None:
    first = DiffLog(tmp_path / "d.jsonl", 100, DAY)
    with pytest.raises(LogTaken, match=r"d\.jsonl"):
        DiffLog(tmp_path / "d.jsonl", 100, DAY)
    first.close()
    DiffLog(tmp_path / "d.jsonl", 100, DAY).close()


def test_a_line_that_a_killed_worker_left_unfinished_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(line(1) + b'{"n": 2, "pa')
    DiffLog(tmp_path / "d.jsonl", 1 << 20, DAY).write([line(3)])
    assert (tmp_path / "d.jsonl").read_bytes().splitlines()[2] == line(3).strip()


def test_what_a_full_disk_took_of_a_line_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = DiffLog(tmp_path / "d.jsonl", 1 << 20, DAY)
    log.write([line(1)])
    write, calls = os.write, []

    def full(file: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(file, data[:5])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        log.write([line(2)])
    monkeypatch.undo()
    log.write([line(3)])
    assert (tmp_path / "d.jsonl").read_bytes() == line(1) + line(3)


def opened_in(home: Path) -> set[str]:
    """This process' descriptors of files in a folder."""
    return {number for number, what in descriptors(os.getpid()) if what.startswith(str(home))}


def test_where_no_new_file_can_be_made_the_full_one_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed, its number would be the next connection's, and lines would go there."""
    log = DiffLog(tmp_path / "d.jsonl", len(line(1)), DAY)
    log.write([line(1)])
    held = opened_in(tmp_path)

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    for _ in range(2):
        with monkeypatch.context() as full:
            full.setattr(os, "open", refuse)
            with pytest.raises(OSError, match="No space"):
                log.write([line(2)])
    assert opened_in(tmp_path) == held
    log.write([line(3)])
    assert (tmp_path / "d.jsonl").read_bytes() == line(3)
    assert [file.read_bytes() for file in tmp_path.glob("d.*.jsonl")] == [line(1)]
    log.close()
