"""What the bench starts, it ends."""

import os
import sys
import time
from pathlib import Path

import pytest

from bench import procfs
from bench.children import BenchError, running, wait_until

CORES = sorted(os.sched_getaffinity(0))[:1]


def family(pid: int, size: int) -> list[int]:
    """The pids below `pid` as soon as there are so many."""
    while len(found := [stat.pid for stat in procfs.tree(pid)]) < size:
        time.sleep(0.01)
    return found


def test_a_child_and_what_it_started_are_gone_after_the_block(tmp_path: Path) -> None:
    stubborn = ["sh", "-c", "trap '' TERM; sleep 60 & sh -c 'sleep 61 & wait' & wait; exit 3"]
    with (
        pytest.raises(KeyboardInterrupt),
        running("stubborn", stubborn, cores=CORES, log=tmp_path / "log", cwd=tmp_path, patience=0.1) as child,
    ):
        pids = family(child.pid, 4)
        raise KeyboardInterrupt
    assert all((stat := procfs.read_stat(pid)) is None or stat.ended for pid in pids)


def test_a_child_that_ends_too_soon_is_told_with_its_last_words(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('port 1 is taken')"]
    with (
        running("failing", failing, cores=CORES, log=tmp_path / "log", cwd=tmp_path) as child,
        pytest.raises(BenchError, match=r"failing ended by itself with code 1:\nport 1 is taken"),
    ):
        wait_until(lambda: False, child)


def test_a_child_that_never_gets_ready_is_an_error(tmp_path: Path) -> None:
    with (
        running("slow", ["sleep", "60"], cores=CORES, log=tmp_path / "log", cwd=tmp_path) as child,
        pytest.raises(BenchError, match="slow was not ready within 0 s"),
    ):
        wait_until(lambda: False, child, patience=0)
