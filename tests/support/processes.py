"""What the kernel knows of other processes; and processes that stand still for a while.

A signal is only on its way when `kill` returns: on a busy machine a process with several threads goes on
for milliseconds, and answers. So whoever stops one waits until the kernel says that all of it stands.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

STOP = 30.0
"""Seconds that a process may take to stand still on a busy machine."""


def rss(pid: int) -> int:
    """Resident memory of a process, in bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(pid: int) -> int:
    """How many file descriptors a process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def descriptors(pid: int) -> set[tuple[str, str]]:
    """The number of each, and what it is of, as proc(5) writes it; none where the process is gone."""
    found = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # closed since
                found.add((entry.name, os.readlink(entry)))
    return found


def command(pid: int) -> str:
    """The words of its command line; none where it is gone."""
    return _read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def descendants(pid: int) -> list[int]:
    """Its children, theirs, and so on; none where it is gone."""
    return [each for child in _children(pid) for each in (child, *descendants(child))]


def freeze(pid: int) -> None:
    """Stops a process and all that descend from it; returns once every thread of theirs stands."""
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.kill(pid, signal.SIGSTOP)
        _wait_until_still(pid)
        for child in _children(pid):  # there will be no more of them: who stands begins nobody
            freeze(child)


def thaw(pid: int) -> None:
    """Lets a process and all that descend from it go on."""
    for each in (*reversed(descendants(pid)), pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGCONT)


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process and all that descend from it stand still."""
    freeze(pid)
    try:
        yield
    finally:
        thaw(pid)


def _children(pid: int) -> list[int]:
    lines = [_read(file) for file in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for line in lines for child in line.split()]


def _wait_until_still(pid: int) -> None:
    deadline = time.monotonic() + STOP
    while not set(_states(pid)) <= set("TZX"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} did not stop")
        time.sleep(0.001)


def _states(pid: int) -> list[str]:
    """The state of each of its threads: T stands, Z and X have ended (proc(5), /proc/pid/stat)."""
    lines = [_read(file) for file in Path(f"/proc/{pid}/task").glob("*/stat")]
    return [line.rpartition(") ")[2][0] for line in lines if line]


def _read(file: Path) -> str:
    """Nothing where its process or thread has ended meanwhile."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
