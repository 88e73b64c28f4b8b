"""Child processes that end with the bench, however it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import procfs

STOP_PATIENCE = 8.0  # seconds between asking a child to stop and killing it
LOG_TAIL = 15  # lines of a child's log that are worth showing when it fails


class BenchError(Exception):
    """Something a person has to put right; the text says what and how."""


@dataclass(frozen=True, slots=True)
class Child:
    """One running child: what it is called, its process, and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def tail(self) -> str:
        """The last lines the child wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL:])

    def check_alive(self) -> None:
        """Raises BenchError, with the child's last words, when it has ended."""
        if (code := self.process.poll()) is not None:
            raise BenchError(f"{self.name} ended by itself with code {code}:\n{self.tail()}")


def prefixed(argv: Sequence[str], cores: Sequence[int]) -> list[str]:
    """The command pinned to cores. The kernel stops it even when the bench is killed outright."""
    pinned = ["taskset", "-c", ",".join(map(str, cores)), *argv]
    if shutil.which("setpriv"):
        return ["setpriv", "--pdeathsig", "TERM", *pinned]
    return pinned


@contextlib.contextmanager
def running(
    name: str,
    argv: Sequence[str],
    *,
    cores: Sequence[int],
    log: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    patience: float = STOP_PATIENCE,
) -> Iterator[Child]:
    """Runs a command for the length of the block; afterwards it and all its descendants are gone.

    The child leads its own session: Ctrl-C reaches the bench alone, which stops things in order.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            prefixed(argv, cores),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    child = Child(name, process, log)
    try:
        yield child
    finally:
        stop(child, patience)


def stop(child: Child, patience: float) -> None:
    """Asks the child to end, then insists; what it leaves behind is ended by pid."""
    family = procfs.tree(child.pid)
    with contextlib.suppress(ProcessLookupError):
        child.process.send_signal(signal.SIGCONT)
        child.process.terminate()
    try:
        child.process.wait(patience)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()
    left = [stat for stat in family if _alive(stat)]
    for stat in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stat.pid, signal.SIGKILL)
    while any(map(_alive, left)):  # a killed process still has to get its turn on a busy core
        time.sleep(0.01)


def wait_until(ready: Callable[[], bool], child: Child, patience: float = 60.0) -> None:
    """Polls until `ready`. Raises BenchError when the child dies or the patience, in seconds, is over."""
    deadline = time.monotonic() + patience
    while not ready():
        child.check_alive()
        if time.monotonic() > deadline:
            raise BenchError(f"{child.name} was not ready within {patience:.0f} s:\n{child.tail()}")
        time.sleep(0.02)


def _alive(stat: procfs.Stat) -> bool:
    """Whether this very process still runs, and not another one under its pid."""
    now = procfs.read_stat(stat.pid)
    return now is not None and now.started == stat.started and not now.ended
