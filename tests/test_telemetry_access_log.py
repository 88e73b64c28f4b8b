"""The access log never blocks, and loses no line that can be written."""

import fcntl
import io
import json
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.telemetry.access_log import BACKLOG, AccessLog
from proxy.telemetry.metrics import Totals
from proxy.telemetry.recorder import Telemetry
from tests.support.outcomes import outcome
from tests.support.rollout import eventually

LONG = 60.0
"""Seconds without a turn that no thread gets to wait for."""


def test_lines_reach_the_descriptor_in_order(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(os.open(path, os.O_WRONLY | os.O_CREAT))
    for number in range(500):
        log.write(outcome(f"/{number}".encode()))
    log.close()
    targets = [json.loads(line)["target"] for line in path.read_text().splitlines()]
    assert targets == [f"/{number}" for number in range(500)]
    assert log.dropped == 0


def test_a_log_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    telemetry = Telemetry(str(path))
    telemetry.record(outcome(b"/before"))
    eventually(lambda: path.read_text())
    path.rename(rotated)
    telemetry.record(outcome(b"/after"))
    eventually(path.exists)
    telemetry.close()
    assert [json.loads(file.read_text())["target"] for file in (rotated, path)] == ["/before", "/after"]


def test_where_none_can_be_begun_the_former_log_goes_on(tmp_path: Path) -> None:
    folder, moved = tmp_path / "log", tmp_path / "moved"
    folder.mkdir()
    telemetry = Telemetry(str(folder / "access.log"))
    folder.rename(moved)
    telemetry.record(outcome())
    telemetry.close()
    assert json.loads((moved / "access.log").read_text())["status"] == 200
    assert not telemetry.take().counters


def test_a_reader_that_hangs_or_is_gone_costs_lines_and_nothing_else() -> None:
    reading, writing = os.pipe()
    log = AccessLog(writing)
    for _ in range(BACKLOG * 2 + 1000):
        log.write(outcome())
    assert log.dropped > 0
    os.close(reading)
    log.close()
    os.close(writing)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No other thread gets a turn: whoever writes finds all that is added meanwhile, or nothing of it."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(LONG)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def test_a_disk_that_is_full_for_a_while_costs_the_lines_of_that_time_and_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A pipe of one page that nobody reads takes part of what is written, and then nothing."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    room = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1)
    log = AccessLog(writing)
    with undisturbed():
        for number in range(99):
            log.write(outcome(f"/{number}".encode()))
    eventually(lambda: log.dropped)
    lost = log.dropped
    log.write(outcome(b"/99"))
    eventually(lambda: log.dropped == lost + 1)
    written = os.read(reading, room)
    assert (len(written), written.count(b"\n") + log.dropped) == (room, 100)
    log.write(outcome(b"/after"))
    eventually(lambda: select.select([reading], [], [], 0)[0])
    log.write(outcome(b"/last"))
    log.close()
    end_of_line, *lines, nothing = os.read(reading, room).split(b"\n")
    assert (end_of_line, nothing) == (b"", b"")
    assert [json.loads(line)["target"] for line in lines] == ["/after", "/last"]
    os.close(reading)
    os.close(writing)
    assert capsys.readouterr().err.splitlines() == [
        "access log: Resource temporarily unavailable; lines are lost until it can be written again",
        f"access log: it is written again; {log.dropped} lines were lost since the start",
    ]


def test_a_disk_that_takes_neither_lines_nor_words_about_it_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError

    monkeypatch.setattr("sys.stderr", Full())
    log = AccessLog(os.open("/dev/full", os.O_WRONLY))
    for lost in (1, 2):
        log.write(outcome())
        eventually(lambda lost=lost: log.dropped == lost)
    log.close()


def test_lines_that_were_lost_are_counted_once() -> None:
    telemetry = Telemetry("/dev/full")
    counted = Totals()
    for _ in range(2):
        telemetry.record(outcome())
        counted.merge(telemetry.take())
    telemetry.close()
    counted.merge(telemetry.take())
    counted.merge(telemetry.take())
    assert counted.counters == {("access_log_lost", ""): 2}
