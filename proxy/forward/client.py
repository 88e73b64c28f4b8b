"""A client's connection: bytes framed strictly into requests, one at a time, each given to a lane.

This is the class that uvicorn's `http` option takes. uvicorn keeps the sockets, TLS and the shutdown;
framing is this project's own, because what two servers read differently is how requests are smuggled.
"""

import asyncio
import socket
import struct
from functools import partial
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr, is_ssl
from uvicorn.server import ServerState

from proxy.forward.asgi_cycle import App, AsgiCycle
from proxy.forward.cycle import Cycle
from proxy.forward.express import ExpressCycle
from proxy.forward.gateway import CLIENT_GONE, Gateway
from proxy.forward.liveness import has_reset, untaken
from proxy.forward.plan import NeedsForm, Refused
from proxy.forward.problems import TOO_MANY_CONNECTIONS, problem_for, problem_response
from proxy.http1.body import Body, body_of
from proxy.http1.errors import BadRequest, malformed
from proxy.http1.request import Request, parse_request, refuse_early
from proxy.http1.response import framing_for, response_head
from proxy.routing.head import Head
from proxy.upstream.failures import Problem

NEVER = float("inf")
LINGER = 2.0
"""Seconds that a closing connection is still read: a reset could eat the answer (RFC 9112 §9.6)."""
HALF_CLOSED_GRACE = 0.8
"""Seconds a client that closed its sending side may wait for a next byte before it counts as gone."""
DRAIN_GRACE = 1.0
"""Seconds an idle connection stays open while draining, for a request that is already on its way."""
MAX_EMPTY_LINES = 8
"""Empty lines that are skipped before a request; old clients send one after a body."""
WATCH = 0.4
"""Seconds between two looks at whether a client that is not read from has left."""
HELD_LIMIT = 64 * 1024
"""Bytes of pipelined requests that are held before reading pauses."""


class ClientConnection(asyncio.Protocol):
    """One client connection. `expires` is the loop time at which the present phase times out."""

    def __init__(
        self,
        gateway: Gateway,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.gateway = gateway
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_event_loop()
        self.transport: asyncio.Transport
        self.expires = NEVER
        self.tasks = server_state.tasks
        self.cycle: Cycle | None = None
        self._buffer = b""
        self._body: Body | None = None
        self._body_size = 0
        self._empty_lines = 0
        self._looked = 0
        self._body_limit = 0
        self._upload_paused = False
        self._reading_paused = False
        self._watched = False
        self._untaken = 0
        self._draining = False
        self._half_closed = False
        self._discarding = False
        self._tunnel = False

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from asyncio's
        gateway, connections = self.gateway, cast(set[Any], self.server_state.connections)
        connections.add(self)
        self.transport = transport
        address = get_remote_addr(transport)
        self.peer = gateway.peer(address[0] if address else "", is_ssl(transport))
        self.expires = self.loop.time() + gateway.limits.header_timeout
        if 0 < gateway.limits.connections < len(connections):
            self._answer(TOO_MANY_CONNECTIONS)

    def data_received(self, data: bytes) -> None:
        if self._tunnel:
            assert self.cycle is not None
            self.cycle.body(data)
        elif not self._discarding:
            self._consume(self._buffer + data if self._buffer else data)

    def eof_received(self) -> bool:
        """The client sends nothing more. It may still read, so a complete request gets its response."""
        if self.cycle is None or self._body is not None or self.peer.secure:
            return False
        self._half_closed = True
        self.expires = self.loop.time() + HALF_CLOSED_GRACE
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        cast(set[Any], self.server_state.connections).discard(self)
        self.expires = NEVER
        self._discarding = True
        cycle, self.cycle = self.cycle, None
        if cycle is not None:
            cycle.abandon(CLIENT_GONE)

    def pause_writing(self) -> None:
        self.loop.call_soon(self._note_untaken)
        self.expires = self.loop.time() + self.gateway.limits.body_idle
        if self.cycle is not None:
            self.cycle.hold(True)

    def resume_writing(self) -> None:
        self._untaken = 0
        if self.cycle is not None:  # else the response is over, and another timeout has begun
            self.expires = NEVER
            self.cycle.hold(False)

    @property
    def app(self) -> App:
        """The ASGI application; loaded by the server after this connection class was named."""
        return cast(App, self.config.loaded_app)

    def new_request_id(self) -> bytes:
        """For an answer of the proxy's own to a request that has no plan."""
        return self.gateway.ids.new()

    # -- told by the server and the sweeper

    def shutdown(self) -> None:
        """Drain: what is under way finishes, then the connection closes."""
        self._draining = True
        if self.cycle is None:
            self.expires = min(self.expires, self.loop.time() + DRAIN_GRACE)

    def timed_out(self) -> None:
        """The present phase took too long."""
        if self._reads_on():
            self.expires = self.loop.time() + self.gateway.limits.body_idle
            return
        self.expires = NEVER
        if self._body is not None and self.cycle is not None and not self.cycle.started:
            self.cycle.refuse(problem_for(BadRequest("request-timeout", "The body stopped coming.")))
        elif self._buffer and self.cycle is None:
            self._answer(problem_for(BadRequest("request-timeout", "The head did not come in time.")))
        else:
            self.transport.abort()

    # -- framing

    def _consume(self, data: bytes) -> None:
        """Take requests out of the bytes that came, as far as they can be taken now."""
        self._buffer = b""
        while data and not self._discarding:
            if self._body is not None:
                data = self._take_body(self._body, data)
            elif self.cycle is None:
                data = self._take_head(data)
            else:
                self._hold(data)
                return

    def _take_head(self, data: bytes) -> bytes:
        """Begin the request whose head is complete; returns what follows the head."""
        limits = self.gateway.limits
        try:
            data = self._without_empty_lines(data)
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._await_head(data)
                return b""
            request = parse_request(data[: end + 2], limits.head, self.peer.address, self.peer.secure)
        except BadRequest as error:
            self._refuse(error)
            return b""
        self._begin(request)
        return data[end + 4 :]

    def _without_empty_lines(self, data: bytes) -> bytes:
        """Skip the few empty lines that may stand before a request (RFC 9112 §2.2)."""
        while data.startswith(b"\r\n"):
            self._empty_lines += 1
            if self._empty_lines > MAX_EMPTY_LINES:
                raise malformed("too many empty lines before a request")
            data = data[2:]
        return data

    def _await_head(self, data: bytes) -> None:
        if not data:
            return
        refusal = refuse_early(data, self.gateway.limits.head, self._looked)
        self._looked = len(data)
        if refusal is not None:
            raise refusal
        if self._half_closed:
            self._close_politely()
            return
        if not self._buffer and self.expires is not NEVER:
            self.expires = min(self.expires, self.loop.time() + self.gateway.limits.header_timeout)
        self._buffer = data

    def _begin(self, request: Request) -> None:
        gateway = self.gateway
        self._empty_lines = self._looked = 0
        self.expires = NEVER
        plan = gateway.plan(request, self.peer)
        if isinstance(plan, Refused):
            gateway.refused(request.head, plan)
            self._answer(plan.problem, request, plan.trace.request_id)
            return
        self._body_limit = gateway.limits.body
        if request.length:
            self._body = body_of(request.length)
            self._body_size = 0
            self.expires = self.loop.time() + gateway.limits.body_idle
        if isinstance(plan, NeedsForm) or (gateway.asgi_only and request.upgrade is None):
            self.cycle = AsgiCycle(self, request, self.peer)
        else:
            self.cycle = ExpressCycle(self, request, plan, gateway)
        self.cycle.begin()

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
        self.cut()

    def _hold(self, data: bytes) -> None:
        """Pipelined bytes wait until the response before them is written."""
        self._buffer = data
        if len(data) > HELD_LIMIT:
            self._pause_reading()

    # -- what a cycle asks of its connection

    def write(self, data: bytes) -> None:
        self.transport.write(data)
        if self._half_closed:
            self.expires = self.loop.time() + HALF_CLOSED_GRACE

    def may_keep_alive(self, request: Request) -> bool:
        last = self._half_closed and not self._buffer
        return request.keep_alive and not (self._draining or self._discarding or last)

    def done(self, keep_alive: bool) -> None:
        """The response is written. The next request begins, or the connection closes."""
        self.cycle = None
        self.server_state.total_requests += 1
        if not keep_alive or self._draining:
            self._close_politely()
            return
        self.expires = self.loop.time() + self.gateway.limits.keep_alive
        self.resume_upload()
        if self._buffer:
            self.loop.call_soon(self._next)

    def cut(self, reset: bool = False) -> None:
        """Close without an end to the response, so that what was written cannot pass for complete.

        Where only the end of the connection ends the response, that end has to be a `reset`.
        """
        self.cycle = None  # it has ended, and need not hear of the connection's end
        self._discarding = True
        self.expires = self.loop.time() + LINGER
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        else:
            self.transport.close()

    def pause_upload(self) -> None:
        self._upload_paused = True
        self.expires = NEVER  # the backend is slow, not the client
        self._pause_reading()

    def resume_upload(self) -> None:
        self._upload_paused = False
        if self._reading_paused and not self.transport.is_closing():
            self._reading_paused = False
            self.transport.resume_reading()
            if self._body is not None:
                self.expires = self.loop.time() + self.gateway.limits.body_idle

    def become_tunnel(self) -> None:
        """101: from here on bytes go both ways unread."""
        self._tunnel = True
        self._body = None
        self.expires = NEVER
        held, self._buffer = self._buffer, b""
        if held:
            self.loop.call_soon(self.data_received, held)

    # -- small things

    def _next(self) -> None:
        if self.cycle is None and self._buffer and not self._discarding:
            self._consume(self._buffer)

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()
            if not self._watched:
                self._watch()

    def _watch(self) -> None:
        """Look again and again, while nothing is read, whether the client has left."""
        self._watched = self._reading_paused and not self.transport.is_closing()
        if self._watched and has_reset(self.transport):
            self.transport.abort()
        elif self._watched:
            self.loop.call_later(WATCH, self._watch)

    def _note_untaken(self) -> None:
        if not self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._untaken = untaken(self.transport)

    def _reads_on(self) -> bool:
        """Whether a client that is slow to read has taken something since the last look."""
        before = self._untaken
        if before and not self.transport.is_closing():
            self._untaken = untaken(self.transport)
        return self._untaken < before

    def _refuse(self, error: BadRequest) -> None:
        """Bytes that are not one unambiguous request: answer, and trust nothing that follows."""
        self.gateway.malformed(error, self.peer)
        self._answer(problem_for(error))

    def _answer(
        self, problem: Problem, request: Request | None = None, request_id: bytes | None = None
    ) -> None:
        """Answer without a cycle, then close unless a valid request without a body was refused."""
        is_head = request is not None and request.head.method == b"HEAD"
        response, body = problem_response(problem, request_id or self.new_request_id(), is_head)
        keep_alive = request is not None and request.length == 0 and self.may_keep_alive(request)
        request = request or _UNKNOWN_REQUEST
        head = response_head(response, request, framing_for(response, request), keep_alive)
        self.transport.write(head + body)
        self.done(keep_alive)

    def _close_politely(self) -> None:
        """Close our side and read on for a moment: what the client still sends must not reset the answer."""
        self._discarding = True
        self._body = None
        self._buffer = b""
        if self._half_closed or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self._note_untaken()
        self.expires = self.loop.time() + (self.gateway.limits.body_idle if self._untaken else LINGER)
        self.resume_upload()


_UNKNOWN_REQUEST = Request(Head(b"GET", b"/", []), 0, False, None, frozenset(), {})
"""Stands for a request that could not be read, when its refusal is written."""


def protocol_for(gateway: Gateway) -> type[asyncio.Protocol]:
    """What makes this gateway's connections, as uvicorn's `http` option wants it: it is only ever called."""
    return cast(type[asyncio.Protocol], partial(ClientConnection, gateway))
