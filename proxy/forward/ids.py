"""Request ids and traceparents: the client's where it sent valid ones, else new ones."""

import random
from typing import Final

from proxy.forward.headers import valid_request_id, valid_traceparent
from proxy.http1.request import Request
from proxy.outcome import Trace

_DRAWN: Final = 48
"""Hexadecimal digits of one draw: a trace id or request id of 32, a span id of 16."""
_AHEAD: Final = 256
"""Draws made at once: each by itself would cost several times as much."""
_NEVER_ZERO: Final = int(("0" * 31 + "1" + "0" * 15 + "1") * _AHEAD, 16)
"""Sets a bit of each id: W3C Trace Context forbids ids of zeros alone."""


class Ids:
    """Draws from a generator of its own; ids need to be unlikely to meet, not hard to guess."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._random = chance or random.Random()
        self._ahead = b""
        self._next = 0

    def of(self, request: Request, share: float) -> tuple[Trace, bool]:
        """The ids that the backend gets, and whether the request gets a span, as `share` (0-1) of all do.

        A span of ours becomes the parent of the backend's, so only then the client's parent is replaced.
        """
        drawn = self._draw()
        sampled = share > 0 and self._random.random() < share
        request_id, parent = request.named.get(b"x-request-id"), request.named.get(b"traceparent")
        above = b""
        if parent is None or not valid_traceparent(parent):
            parent = b"00-%b-%b-%b" % (drawn[:32], drawn[32:], b"01" if sampled else b"00")
        elif sampled:
            above, parent = parent[36:52], b"%b%b-01" % (parent[:36], drawn[32:])
        if request_id is None or not valid_request_id(request_id):
            request_id = drawn[:32]
        return Trace(request_id, parent, above), sampled

    def _draw(self) -> bytes:
        at = self._next
        if at == len(self._ahead):
            digits = _AHEAD * _DRAWN
            at, self._ahead = 0, b"%0*x" % (digits, self._random.getrandbits(digits * 4) | _NEVER_ZERO)
        self._next = at + _DRAWN
        return self._ahead[at : at + _DRAWN]

    def child(self, parent: bytes) -> bytes:
        """The same trace with a span id of its own, for the mirrored request."""
        return b"%b%016x%b" % (parent[:36], self._random.getrandbits(64) or 1, parent[-3:])

    def new(self) -> bytes:
        """An id for an answer to bytes that were no request."""
        return b"%032x" % self._random.getrandbits(128)

    def draw(self) -> int:
        """A number from 0 to 9999, for sampling."""
        return int(self._random.random() * 10_000)
