"""The access log: a JSON object a line, written by a thread so that no request waits for a disk."""

import os
import re
import threading
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from proxy.outcome import Outcome

FLUSH = 0.2
"""Seconds between two writes."""
BACKLOG = 50_000
"""Lines that may wait for a slow disk or pipe; beyond it lines are dropped and counted."""

_SUSPECT = re.compile(
    rb"\d(?:(?:[ +\-]|%20|%2[dD])?\d){11}|%3[0-9]"
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
        self._writer = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._writer.start()

    def write(self, outcome: Outcome) -> None:
        """Append one line; never blocks."""
        if len(self._lines) < BACKLOG:
            self._lines.append(line_of(outcome))
        else:
            self.dropped += 1

    def close(self) -> None:
        """Write what is left."""
        self._stop.set()
        self._writer.join(timeout=5)

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


_LINE = (
    b'{"time":"%b","client":"%b","method":"%b","target":%b,"status":%d,"ms":%.3f,"bytes_in":%d,"bytes_out":%d,'
    b'"route":"%b","side":"%b","backend":"%b","reason":"%b","tries":%d,"error":"%b","lane":"%b",'
    b'"request_id":%b,"trace_id":"%b"}\n'
)
_PLAIN = re.compile(rb"[ !#-\[\]-~]*+")
"""Bytes that stand for themselves in a JSON string."""


def line_of(outcome: Outcome) -> bytes:
    """The line with its newline: what the request was, who answered, how long it took, what went wrong.

    Put together by hand: for the few fields that a client chooses JSON is written properly, all others are
    names of this program's own or of routes.yaml, which need no escapes.
    """
    target, trace = outcome.target, outcome.trace
    if _SUSPECT.search(target):
        target = without_secrets(target)
    return _LINE % (
        _timestamp(outcome.started),
        outcome.client.encode(),
        outcome.method,
        _quoted(target),
        outcome.status,
        outcome.duration * 1000,
        outcome.bytes_in,
        outcome.bytes_out,
        outcome.route.encode(),
        outcome.side.encode(),
        outcome.backend.encode(),
        outcome.reason.encode(),
        outcome.tries,
        outcome.error.encode(),
        outcome.lane.value.encode(),
        _quoted(trace.request_id),
        trace.traceparent[3:35],
    )


def _quoted(text: bytes) -> bytes:
    if _PLAIN.fullmatch(text):
        return b'"%b"' % text
    return orjson.dumps(text.decode("latin-1"))


@lru_cache(maxsize=4)
def _second(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def _timestamp(seconds: float) -> bytes:
    """RFC 3339 with microseconds, in UTC; the part before the point is the same for many lines."""
    whole = int(seconds)
    return b"%b.%06dZ" % (_second(whole), int((seconds - whole) * 1_000_000))


def without_secrets(target: bytes) -> bytes:
    """The path with long numbers masked; a query that could hold a secret is left out whole."""
    path, mark, query = target.partition(b"?")
    if mark and _SUSPECT.search(query):
        query = b"[redacted]"
    return _DIGITS.sub(b"[digits]", path) + mark + query
