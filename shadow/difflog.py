"""The diff log: JSON lines in one file, rotated by size and age, written by one process."""

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_DAY = 86_400.0
_MODE = 0o640


class LogTaken(Exception):
    """Another shadow worker writes this log."""


class DiffLog:
    """Appends whole lines. All of it blocks: call it from a thread, one at a time.

    `rotate` in bytes; `keep` in seconds: rotated files that are older are deleted, and so that this deletes
    by the day, a file is rotated after a day too.
    """

    def __init__(self, path: Path, rotate: int, keep: float, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._rotate = rotate
        self._keep = keep
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_name(path.name + ".lock"))
        self._size = 0
        self._begun = 0.0
        self._file = self._open()

    def write(self, lines: Sequence[bytes]) -> None:
        """Append these lines, each ended by a newline. Raises OSError when the disk does not take them."""
        for line in lines:
            if self._is_full(len(line)):
                self._begin_anew()
            self._append(line)

    def close(self) -> None:
        os.close(self._file)
        os.close(self._lock)

    def _append(self, line: bytes) -> None:
        """The line whole, or what a full disk took of it taken back."""
        before = self._size
        try:
            while line:
                written = os.write(self._file, line)
                self._size += written
                line = line[written:]
        except OSError:
            os.ftruncate(self._file, before)
            self._size = before
            raise

    def _is_full(self, more: int) -> bool:
        aged = self._clock() - self._begun >= min(self._keep, _DAY)
        return self._size > 0 and (self._size + more > self._rotate or aged)

    def _open(self) -> int:
        """The file as it was left; a line that a killed worker did not finish is ended."""
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
        found = os.fstat(file)
        self._size = found.st_size
        self._begun = found.st_mtime if found.st_size else self._clock()
        if self._size and os.pread(file, 1, self._size - 1) != b"\n":
            self._size += os.write(file, b"\n")
        return file

    def _begin_anew(self) -> None:
        """Rename the full file after the moment, so that names sort by time, and delete the oldest."""
        with suppress(FileNotFoundError):  # renamed before, and then no new one could be made
            os.rename(self._path, self._name_for(self._clock()))
        full, self._file = self._file, self._open()
        os.close(full)  # not before: another file or connection would get its number if there were no new one
        oldest = self._name_for(self._clock() - self._keep).name
        for old in self._path.parent.glob(f"{self._path.stem}.*{self._path.suffix}"):
            if old.name < oldest:
                old.unlink(missing_ok=True)

    def _name_for(self, now: float) -> Path:
        moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%S.%f")
        return self._path.with_name(f"{self._path.stem}.{moment}{self._path.suffix}")


def _locked(path: Path) -> int:
    """A descriptor whose lock says who writes; the kernel takes it from whoever dies. Raises LogTaken."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise LogTaken(f"another shadow worker writes {path.name.removesuffix('.lock')} already") from None
    return file
