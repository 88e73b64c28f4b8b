"""Where single differences come from: the diff log where this machine has it, else the ledger's samples.

The log holds every exchange that `shadow.log.verdicts` asks for, but lies where its shadow worker runs.
The ledger holds the newest exchanges of each group, of all machines. Everything here blocks.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from proxy.control.diff_filter import Diff, Filters
from proxy.control.problems import Refusal
from proxy.ledger import Ledger, diffs
from proxy.ledger.columns import EPOCH

MOST_READ = 32 * 1024 * 1024
"""Bytes of the log that one page reads at most; where that does not fill it, the next page goes on."""
MOST_ROWS = 2000
"""Samples likewise."""
_BLOCK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """Differences, the newest first; `next` is where to go on, None at the end."""

    diffs: list[Diff]
    next: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log, and what names its place: the file by its inode, which survives rotation."""

    text: bytes
    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class LogFile:
    """The diff log: the file being written, and the older ones beside it, with a time in their names."""

    path: str

    def exists(self) -> bool:
        return Path(self.path).exists()

    def lines(self, before: tuple[int, int] | None = None) -> Iterator[Line]:
        """All lines, the last written first; `before` is the place of the last one seen."""
        reached = before is None
        for path in self._files():
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # it aged out, or is just being rotated
            with file:
                status = os.fstat(file.fileno())
                end = status.st_size
                if before is not None and status.st_ino == before[0]:
                    reached, end = True, min(end, before[1])
                if reached:
                    for offset, text in _backwards(file.fileno(), end):
                        yield Line(text, status.st_ino, offset)

    def _files(self) -> list[Path]:
        path = Path(self.path)
        return [path, *sorted(path.parent.glob(f"{path.stem}.*{path.suffix}"), reverse=True)]


def page(ledger: Ledger, log: LogFile, filters: Filters, cursor: str | None, limit: int) -> Page:
    """Differences that fit. Raises Refusal for a cursor that is none, LedgerUnavailable."""
    from_log = log.exists() if cursor is None else cursor.startswith("log.")
    if from_log:
        return _from_log(log, filters, _place(cursor), limit)
    return _from_ledger(ledger, filters, _place(cursor), limit)


def find(ledger: Ledger, log: LogFile, wanted: str) -> Diff | None:
    """One difference by its id: from the ledger, which finds it at once, else from the end of the log."""
    kept = ledger.read(lambda connection: diffs.find_exchange(connection, wanted))
    if kept is not None:
        found: Diff = json.loads(kept.body)
        return found
    read = 0
    for line in log.lines():
        read += len(line.text)
        diff = _parsed(line.text) if wanted.encode() in line.text else None
        if diff is not None and diff["id"] == wanted:
            return diff
        if read > MOST_READ:
            break
    return None


def _from_log(log: LogFile, filters: Filters, place: list[str], limit: int) -> Page:
    found: list[Diff] = []
    read = 0
    for line in log.lines((int(place[0]), int(place[1])) if place else None):
        diff = _parsed(line.text)
        read += len(line.text)
        if diff is not None and filters.fit(diff):
            found.append(diff)
        if len(found) == limit or read > MOST_READ:
            return Page(found, f"log.{line.file}.{line.offset}", "log")
    return Page(found, None, "log")


def _from_ledger(ledger: Ledger, filters: Filters, place: list[str], limit: int) -> Page:
    before = (_instant(int(place[0])), place[1]) if place else None
    rows = ledger.read(
        lambda connection: diffs.recent(
            connection, route=filters.route, signature=filters.signature, before=before, limit=MOST_ROWS
        )
    )
    found: list[Diff] = []
    for row in rows:
        diff = _parsed(row.body.encode())
        if diff is not None and filters.fit(diff):
            found.append(diff)
        if len(found) == limit:
            break
    else:
        if len(rows) < MOST_ROWS:
            return Page(found, None, "ledger")
    return Page(found, f"ledger.{_milliseconds(row.time)}.{row.id}", "ledger")


def _place(cursor: str | None) -> list[str]:
    if cursor is None:
        return []
    source, *place = cursor.split(".", 2)
    numbers = place[:1] if source == "ledger" else place
    if source not in ("log", "ledger") or len(place) != 2 or not all(_is_number(one) for one in numbers):
        raise Refusal(400, "bad-query", "cursor must be the `next` of an earlier page.")
    return place


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def _parsed(text: bytes) -> Diff | None:
    """A line as data; None for one that a worker which was killed did not finish."""
    try:
        diff = json.loads(text)
    except ValueError:
        return None
    return diff if isinstance(diff, dict) and "id" in diff else None


def _backwards(file: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The whole lines before an offset, the last first, each with the offset at which it begins."""
    tail = b""
    while end > 0:
        start = max(0, end - _BLOCK)
        block = os.pread(file, end - start, start) + tail
        _, *lines = block.split(b"\n")
        unfinished = lines.pop() if lines else b""
        offset = start + len(block) - len(unfinished)
        for text in reversed(lines):
            offset -= len(text) + 1
            yield offset, text
        tail = block[: offset - start]
        end = start
    if tail.endswith(b"\n"):
        yield 0, tail[:-1]


def _instant(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refusal(400, "bad-query", "cursor must be the `next` of an earlier page.") from None


def _milliseconds(instant: datetime) -> int:
    return round((instant - EPOCH).total_seconds() * 1000)
