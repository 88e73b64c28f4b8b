"""One response after another out of the bytes of a connection, read strictly."""

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

import httptools

from proxy.http1.request import WEBSOCKET
from proxy.http1.response import Response, switches_to
from proxy.routing.head import Field

if TYPE_CHECKING:
    from proxy.upstream.exchange import Exchange

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_REASON: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")
"""What may stand behind the status code (RFC 9112 §4); httptools lets control bytes pass."""
_MAX_HEAD: Final = 256 * 1024
"""Most bytes of a response's head, the interim ones before it counted in, or of its trailers."""
_INTERIM_COST: Final = 256
"""What an interim response counts beside its bytes, so that a flood of empty ones has an end too."""


class ResponseReader(asyncio.Protocol):
    """What httptools calls. It refuses what is not HTTP/1; here responses are refused that have two readings
    (a transfer coding that is not `chunked`), unasked upgrades and bytes after the end of a response.
    """

    def __init__(self) -> None:
        self.exchange: Exchange | None = None
        self._parser: Any = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._response: Response | None = None
        self._reason = b""
        self._fields: list[Field] = []
        self._size = 0
        self._length: int | None = None
        self._coding: bytes | None = None
        self._complete = False
        self._broken = False
        self._keep_alive = False
        self._plain = False  # whether the message begins as nearly all do, with HTTP/1.1
        self._next_plain = False
        self.heard = False  # whether any byte has come in answer to the present request

    # -- httptools callbacks

    def on_message_begin(self) -> None:
        if self._complete:
            self._broken = True  # a second response to one request
            return
        self._plain, self._next_plain = self._next_plain, False
        self._reason, self._fields = b"", []
        self._length = self._coding = None

    def on_status(self, reason: bytes) -> None:
        """Comes in as many pieces as the segments that the phrase came in."""
        self._reason += reason
        self._count(len(reason))

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        self._size += len(name) + len(value)
        if self._size > _MAX_HEAD:
            self._broken = True
            return
        if lower in _FRAMING:
            self._note_framing(lower, value)
        self._fields.append((lower, b"%b: %b" % (name, value), value.rstrip(b" \t")))

    def _count(self, size: int) -> None:
        self._size += size
        self._broken = self._broken or self._size > _MAX_HEAD

    def _note_framing(self, lower: bytes, value: bytes) -> None:
        if lower == b"content-length":
            self._length = int(value)
        else:
            self._broken = self._broken or self._coding is not None
            self._coding = value.strip(b" \t").lower()

    def on_headers_complete(self) -> None:
        if self._broken or self._complete:
            return
        parser, exchange = self._parser, self.exchange
        status, version = parser.get_status_code(), "1.1" if self._plain else parser.get_http_version()
        coding_ok = self._coding is None or (self._coding == b"chunked" and version == "1.1")
        line_ok = version in ("1.0", "1.1") and status >= 100 and self._reason_ok()
        if exchange is None or not line_ok or not coding_ok:
            self._broken = True
        elif status == 101:
            self._broken = not (exchange.wants_upgrade and switches_to(self._fields, WEBSOCKET))
        elif status < 200:
            self._count(_INTERIM_COST)
            exchange.interim(status, self._reason, self._fields)
        else:
            self._begin(exchange, status)

    def _reason_ok(self) -> bool:
        return self._reason == b"OK" or _REASON.fullmatch(self._reason) is not None

    def _begin(self, exchange: "Exchange", status: int) -> None:
        bodiless = exchange.is_head or status in (204, 304)
        self._response = Response(status, self._reason, self._fields, self._length, bodiless)
        self._fields, self._size = [], 0  # what follows are trailers
        exchange.responded(self._response)
        if exchange.is_head:
            self._end_of_message()

    def on_body(self, data: bytes) -> None:
        if (
            self.exchange is not None
            and self._response is not None
            and not self._complete
            and not self._broken
        ):
            self.exchange.received(data)

    def on_message_complete(self) -> None:
        if self._response is not None and not self._broken:
            self._end_of_message()

    def _end_of_message(self) -> None:
        if not self._complete:
            self._complete = True
            self._keep_alive = self._parser.should_keep_alive()  # the parser forgets after its callbacks

    def _until_close(self) -> bool:
        return self._length is None and self._coding is None
