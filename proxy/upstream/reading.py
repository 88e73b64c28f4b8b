"""One response after another out of the bytes of a connection, read strictly.

What two recipients could read differently is refused here, as it is in requests (RFC 9112 §11.1).
"""

import asyncio
from typing import TYPE_CHECKING, Final

from proxy.http1.answer import Answer, parse_answer
from proxy.http1.body import Body, ChunkedBody, CountedBody
from proxy.http1.errors import BadRequest
from proxy.http1.fields import LONE, parse_fields

if TYPE_CHECKING:
    from proxy.upstream.exchange import Exchange

_BEGINNING: Final = b"HTTP/1."
_MAX_HEAD: Final = 256 * 1024
"""Most bytes of a response's head, the interim ones before it counted in."""
_INTERIM_COST: Final = 256
"""What an interim response counts beside its bytes, so that a flood of empty ones has an end too."""


class ResponseReader(asyncio.Protocol):
    """Tells the exchange of heads and bodies as they come, and notes when the response is whole or broken.

    An answer without a `_body` has none, or lasts as long as the connection: then it is never `_complete`.
    """

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self._reset()

    def _reset(self) -> None:
        self._answer: Answer | None = None
        self._body: Body | None = None
        self._buffer = b""
        self._size = 0
        self._complete = False
        self._broken = False
        self.heard = False  # whether any byte has come in answer to the present request

    def _read(self, data: bytes, exchange: "Exchange") -> None:
        """Take what came apart, as far as the exchange wants it: it may give up in between, for a retry."""
        while data and self.exchange is exchange and not self._broken:
            if self._complete:
                self._broken = True  # nothing was asked that these bytes could answer
            elif self._answer is None:
                data = self._take_head(data, exchange)
            else:
                data = self._take_body(self._body, data, exchange)

    def _take_head(self, data: bytes, exchange: "Exchange") -> bytes:
        """Tell of the head that is complete; returns what follows it."""
        looked = len(self._buffer)
        if looked:
            data = self._buffer + data
        parts = data.partition(b"\r\n\r\n")  # by index: compiled code unpacks by an iterator
        if not parts[1]:
            self._await_head(data, looked)
            return b""
        self._buffer = b""
        self._size += len(parts[0])
        answer = parse_answer(parts[0] + b"\r\n", exchange.is_head)
        if answer is None or self._size > _MAX_HEAD:
            self._broken = True
        elif answer.status >= 200:
            self._begin(answer, exchange)
        elif answer.status == 101:
            self._switch(answer, exchange)
        else:
            self._size += _INTERIM_COST
            exchange.interim(answer.status, answer.reason, answer.fields)
        return parts[2]

    def _await_head(self, data: bytes, looked: int) -> None:
        """Wait for the rest of a head, unless it can never be one, or grows without end."""
        self._buffer = data
        begins = _BEGINNING.startswith(data[: len(_BEGINNING)])
        hopeless = not begins or LONE.search(data, max(0, looked - 1)) is not None
        self._broken = hopeless or self._size + len(data) > _MAX_HEAD

    def _begin(self, answer: Answer, exchange: "Exchange") -> None:
        self._answer = answer
        if answer.bodiless or answer.length == 0:
            self._complete = True
        elif answer.length is not None:
            self._body = CountedBody(answer.length)
        elif answer.chunked:
            self._body = ChunkedBody(parse_fields)
        exchange.responded(answer)

    def _switch(self, answer: Answer, exchange: "Exchange") -> None:
        """101: if it was asked for, bytes go both ways unread from here on (RFC 9110 §7.8)."""
        if exchange.wants_upgrade and answer.switches:
            self._answer = answer
            exchange.responded(answer)
        else:
            self._broken = True

    def _take_body(self, body: Body | None, data: bytes, exchange: "Exchange") -> bytes:
        """Tell of what has come of the body; returns what follows it."""
        if body is None:
            exchange.received(data)
            return b""
        try:
            pieces, taken, self._complete = body.feed(data)
        except BadRequest:
            self._broken = True
            return b""
        for piece in pieces:
            exchange.received(piece)
        return data[taken:]
