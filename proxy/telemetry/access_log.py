"""The access log: a JSON object a line, written by a thread so that no request waits for a disk."""

import os
import sys
import threading
from contextlib import suppress
from typing import Final

from proxy.outcome import Outcome
from proxy.telemetry.log_line import line_of

FLUSH: Final = 0.2
"""Seconds between two writes."""
BACKLOG: Final = 50_000
"""Lines that may wait for a slow disk or pipe; beyond it lines are dropped and counted."""
_NEWLINE: Final = ord("\n")


class AccessLog:
    """Takes outcomes on the event loop, writes lines from a daemon thread to a file descriptor.

    `path` is that of the file, which is begun anew after it was moved away; "" for what is no file.
    """

    def __init__(self, descriptor: int, path: str = "") -> None:
        self._descriptor = descriptor
        self._path = path
        self._lines: list[bytes] = []
        self._stop = threading.Event()
        self._torn = False
        self._failing = False
        self._overflowed = 0
        self._unwritten = 0
        self._writer = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._writer.start()

    @property
    def dropped(self) -> int:
        """Lines that were lost since the start."""
        return self._overflowed + self._unwritten  # each counted by one thread alone

    def write(self, outcome: Outcome) -> None:
        """Append one line; never blocks."""
        if len(self._lines) < BACKLOG:
            self._lines.append(line_of(outcome))
        else:
            self._overflowed += 1

    def close(self) -> None:
        """Write what is left."""
        self._stop.set()
        self._writer.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        self._follow()
        end_of_line = b"\n" if self._torn else b""  # what is left of a line must not spoil the next one
        whole = end_of_line + b"".join(lines)
        rest = memoryview(whole)
        try:
            while rest:
                written = os.write(self._descriptor, rest)
                rest = rest[written:]  # what mypyc makes of a call within the brackets calls it twice
        except OSError as error:  # the disk is full, which may pass, or nobody reads any more
            self._unwritten += whole.count(b"\n", max(len(end_of_line), len(whole) - len(rest)))
            self._say(True, f"access log: {error.strerror}; lines are lost until it can be written again")
        else:
            self._say(
                False, f"access log: it is written again; {self.dropped} lines were lost since the start"
            )
        if len(rest) < len(whole):
            self._torn = whole[len(whole) - len(rest) - 1] != _NEWLINE

    def _follow(self) -> None:
        """Write to the file that has the path now: whoever rotates logs has moved the former one away."""
        if not self._path or _is(self._path, self._descriptor):
            return
        with suppress(OSError):  # nothing can be made there: the former one still takes lines
            begun = _appending(self._path)
            os.close(self._descriptor)
            self._descriptor = begun
            self._torn = False

    def _say(self, failing: bool, text: str) -> None:
        """Once for each time that it begins or ends to fail."""
        if failing is not self._failing:
            self._failing = failing
            with suppress(OSError):  # that may be closed as well
                print(text, file=sys.stderr, flush=True)


def open_access_log(path: str) -> int | None:
    """A descriptor to write to: none for `off`, standard output for `-`, else a file to append to."""
    if path == "off":
        return None
    if path == "-":
        return sys.stdout.fileno()
    return _appending(path)


def _appending(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)


def _is(path: str, descriptor: int) -> bool:
    """Whether the descriptor is of the file that has the path now."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False
