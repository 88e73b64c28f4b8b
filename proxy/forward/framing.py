"""Requests taken out of the bytes of a client's connection, strictly, one at a time.

This framing is the project's own, because what two servers read differently is how requests are smuggled.
"""

import asyncio
from typing import Final

from proxy.forward.client_socket import NEVER, ClientSocket
from proxy.forward.cycle import Cycle
from proxy.forward.gateway import Gateway
from proxy.forward.headers import Peer
from proxy.forward.problems import problem_for
from proxy.http1.body import Body, body_of
from proxy.http1.errors import BadRequest, malformed
from proxy.http1.request import Request, parse_request, refuse_early

MAX_EMPTY_LINES: Final = 8
"""Empty lines that are skipped before a request; old clients send one after a body."""
HELD_LIMIT: Final = 64 * 1024
"""Bytes of pipelined requests that are held before reading pauses."""
TOGETHER: Final = 32 * 1024
"""Bytes of a body that are copied behind their head; beyond that a second write costs less."""


class RequestReader(ClientSocket):
    """Heads become requests, of which `cycle` is the one under way; what follows a head is its body."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(gateway, loop)
        self.peer: Peer
        self.cycle: Cycle | None = None
        self._buffer = b""
        self._empty_lines = 0
        self._looked = 0
        self._body: Body | None = None
        self._body_size = 0
        self._body_limit = 0
        self._upload_paused = False

    # -- what a request and its end lead to

    def _begin(self, request: Request) -> None:
        """A head is complete: answer it, or make the cycle that will, and await its body if it has one."""
        raise NotImplementedError

    def _refuse(self, error: BadRequest) -> None:
        """Bytes that are not one unambiguous request: answer, and trust nothing that follows."""
        raise NotImplementedError

    # -- heads

    def _consume(self, data: bytes) -> None:
        """Take requests out of the bytes that came, as far as they can be taken now."""
        self._buffer = b""
        while data and not self._discarding:
            if self._body is not None:
                data = self._take_body(self._body, data)
            elif self.cycle is None and not self._writing_paused:
                data = self._take_head(data)
            else:
                self._hold(data)
                return

    def _take_head(self, data: bytes) -> bytes:
        """Begin the request whose head is complete; returns what follows the head."""
        limits = self.gateway.limits
        try:
            data = self._without_empty_lines(data)
            parts = data.partition(b"\r\n\r\n")  # by index: compiled code unpacks by an iterator
            if not parts[1]:
                self._await_head(data)
                return b""
            block = parts[0] + b"\r\n"
            request = parse_request(block, limits.head, self.peer.address, self.peer.secure)
        except BadRequest as error:
            self._refuse(error)
            return b""
        self._empty_lines = self._looked = 0
        self.expires = NEVER
        self._begin(request)
        return self._start(parts[2])

    def _start(self, data: bytes) -> bytes:
        """Start the cycle, if there is one; a short body that came along leaves with the head."""
        cycle = self.cycle
        if cycle is None:
            return data
        if self._body is not None and 0 < len(data) <= TOGETHER:
            data = self._take_body(self._body, data)
        cycle.begin()
        return data

    def _without_empty_lines(self, data: bytes) -> bytes:
        """Skip the few empty lines that may stand before a request (RFC 9112 §2.2)."""
        while data.startswith(b"\r\n"):
            self._empty_lines += 1
            if self._empty_lines > MAX_EMPTY_LINES:
                raise malformed("too many empty lines before a request")
            data = data[2:]
        return data

    def _await_head(self, data: bytes) -> None:
        refusal = refuse_early(data, self.gateway.limits.head, self._looked) if data else None
        self._looked = len(data)
        if refusal is not None:
            raise refusal
        if self._half_closed:
            self._close_politely()
            return
        if data and not self._buffer and self.expires is not NEVER:
            self.expires = min(self.expires, self.loop.time() + self.gateway.limits.header_timeout)
        self._buffer = data

    def _hold(self, data: bytes) -> None:
        """Pipelined bytes wait until the response before them is written, and the client has most of it."""
        self._buffer = data
        if len(data) > HELD_LIMIT:
            self._pause_reading()

    def _await_request(self) -> None:
        """The next one may have come already."""
        self.expires = self.loop.time() + self.gateway.limits.keep_alive
        if self._buffer:
            self.loop.call_soon(self._next)

    def _next(self) -> None:
        if self.cycle is None and self._buffer and not self._discarding:
            self._consume(self._buffer)

    # -- bodies

    def _await_body(self, length: int) -> None:
        """From now on bytes are the body's; `length` as a `Request` has it, and not 0."""
        limits = self.gateway.limits
        self._body, self._body_size, self._body_limit = body_of(length), 0, limits.body
        self.expires = self.loop.time() + limits.body_idle

    def _take_body(self, body: Body, data: bytes) -> bytes:
        """Hand on what has come of the body; returns what follows it."""
        try:
            pieces, taken, complete = body.feed(data)
            self._count(pieces)
        except BadRequest as error:
            self._body_broken(error)
            return b""
        cycle = self.cycle
        for piece in pieces:
            if cycle is not None:
                cycle.body(piece)
        if complete:
            self._body = None
            self.expires = NEVER
            if self.cycle is not None:
                self.cycle.body_done(body.trailers)
        elif not self._upload_paused:  # else the backend is slow, not the client
            self.expires = self.loop.time() + self.gateway.limits.body_idle
        return data[taken:]

    def _count(self, pieces: list[bytes]) -> None:
        self._body_size += sum(map(len, pieces))
        if 0 < self._body_limit < self._body_size:
            raise BadRequest("body-too-large", f"the body exceeds {self._body_limit} bytes")

    def _body_broken(self, error: BadRequest) -> None:
        """The rest of the body cannot be read: nothing after it can be trusted either."""
        self._discarding = True
        cycle = self.cycle
        if cycle is not None and not cycle.started:
            cycle.refuse(problem_for(error))
            return
        if cycle is not None:
            cycle.abandon("request broke off")
        self.cycle = None  # it has ended, and need not hear of the connection's end
        self._cut(reset=False)

    def pause_upload(self) -> None:
        self._upload_paused = True
        self.expires = NEVER  # the backend is slow, not the client
        self._pause_reading()

    def resume_upload(self) -> None:
        self._upload_paused = False
        if self._resume_reading() and self._body is not None:
            self.expires = self.loop.time() + self.gateway.limits.body_idle

    def _close_politely(self) -> None:
        self._body = None
        self._buffer = b""
        super()._close_politely()
