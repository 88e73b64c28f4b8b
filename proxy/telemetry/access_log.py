"""The access log: a JSON object a line, written by a thread so that no request waits for a disk."""

import os
import re
import threading
from datetime import UTC, datetime

import orjson

from proxy.outcome import Outcome

FLUSH = 0.2
"""Seconds between two writes."""
BACKLOG = 50_000
"""Lines that may wait for a slow disk or pipe; beyond it lines are dropped and counted."""

_SUSPECT = re.compile(
    rb"\d(?:[ +\-]|%20|%2[dD])?\d{5}|%3[0-9]"
    rb"|(?i:pan|card|number|cv[vc]|csc|cid|code|pin|track|passw|secret|key|token|auth|cookie|sign|cres|pares)"
)
"""Cheap test for targets that could carry what may not be stored; all others are logged as they came."""

_DIGITS = re.compile(rb"(?:\d|%3[0-9])(?:(?:[ +\-]|%20|%2[dD])?(?:\d|%3[0-9])){12,}")
"""Thirteen digits and more, however they are separated or escaped: what a card number can look like."""


class AccessLog:
    """Takes outcomes on the event loop, writes lines from a daemon thread to a file descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[bytes] = []
        self._stop = threading.Event()
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._thread.start()

    def write(self, outcome: Outcome) -> None:
        """Append one line; never blocks."""
        if len(self._lines) < BACKLOG:
            self._lines.append(line_of(outcome))
        else:
            self.dropped += 1

    def close(self) -> None:
        """Write what is left."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH):
            if not self._flush():
                return
        self._flush()

    def _flush(self) -> bool:
        lines, self._lines = self._lines, []
        data = memoryview(b"".join(lines))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:  # nobody reads any more, or the disk is full
            self.dropped += len(lines)
            return False
        return True


def line_of(outcome: Outcome) -> bytes:
    """The line with its newline: what the request was, who answered, how long it took, what went wrong."""
    target = outcome.target
    if _SUSPECT.search(target):
        target = without_secrets(target)
    return orjson.dumps(
        {
            "time": datetime.fromtimestamp(outcome.started, UTC),
            "client": outcome.client,
            "method": outcome.method.decode("latin-1"),
            "target": target.decode("latin-1"),
            "status": outcome.status,
            "ms": round(outcome.duration * 1000, 3),
            "bytes_in": outcome.bytes_in,
            "bytes_out": outcome.bytes_out,
            "route": outcome.route,
            "side": outcome.side,
            "backend": outcome.backend,
            "reason": outcome.reason,
            "tries": outcome.tries,
            "error": outcome.error,
            "lane": outcome.lane.value,
            "request_id": outcome.trace.request_id.decode("latin-1"),
            "trace_id": outcome.trace.traceparent[3:35].decode("latin-1"),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def without_secrets(target: bytes) -> bytes:
    """The path with long numbers masked; a query that could hold a secret is left out whole."""
    path, mark, query = target.partition(b"?")
    if mark and _SUSPECT.search(query):
        query = b"[redacted]"
    return _DIGITS.sub(b"[digits]", path) + mark + query
