"""A client's connection: each request that comes is given to a lane, and answered before the next one.

This is the class that uvicorn's `http` option takes. uvicorn keeps the sockets and the shutdown.
"""

import asyncio
from functools import partial
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import get_remote_addr, is_ssl
from uvicorn.server import ServerState

from proxy.forward.asgi_cycle import App, AsgiCycle
from proxy.forward.client_socket import NEVER
from proxy.forward.express import ExpressCycle
from proxy.forward.framing import RequestReader
from proxy.forward.gateway import CLIENT_GONE, Gateway
from proxy.forward.plan import NeedsForm, Refused
from proxy.forward.problems import TOO_MANY_CONNECTIONS, problem_for, problem_response
from proxy.http1.errors import BadRequest
from proxy.http1.request import Request
from proxy.http1.response import framing_for, response_head
from proxy.routing.head import Head
from proxy.upstream.failures import Problem

DRAIN_GRACE: Final = 1.0
"""Seconds an idle connection stays open while draining, for a request that is already on its way."""


class ClientConnection(RequestReader):
    """Told by the transport, the server and the sweeper; asked by the cycle of the request under way."""

    def __init__(
        self,
        gateway: Gateway,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(gateway, _loop or asyncio.get_event_loop())
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.tasks = server_state.tasks
        self._draining = False
        self._tunnel = False
        self._turned_away = False

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        gateway, connections = self.gateway, cast(set[Any], self.server_state.connections)
        connections.add(self)
        address = get_remote_addr(self.transport)
        self.peer = gateway.peer(address[0] if address else "", is_ssl(self.transport))
        self.expires = self.loop.time() + gateway.limits.header_timeout
        if 0 < gateway.limits.connections < len(connections) - gateway.turned_away:
            self._turn_away(gateway.limits.connections)

    def data_received(self, data: bytes) -> None:
        if self._tunnel:
            assert self.cycle is not None
            self.cycle.body(data)
        elif not self._discarding:
            self._consume(self._buffer + data if self._buffer else data)

    def eof_received(self) -> bool:
        """The client sends nothing more. It may still read, so each complete request gets its response."""
        return not self.peer.secure and self._still_answered()

    def closure_alerted(self) -> None:
        """The same over TLS, whose end of the connection below is the client's leaving (RFC 8446 §6.1).

        What it said last is on its way here.
        """
        self.loop.call_soon(self._listens_only)

    def connection_lost(self, exc: Exception | None) -> None:
        cast(set[Any], self.server_state.connections).discard(self)
        self.expires = NEVER
        self._discarding = True
        self.gateway.turned_away -= self._turned_away
        cycle, self.cycle = self.cycle, None
        if cycle is not None:
            cycle.abandon(CLIENT_GONE)

    def pause_writing(self) -> None:
        self._writing_paused = True
        self.loop.call_soon(self._note_untaken)
        self.expires = self.loop.time() + self.gateway.limits.body_idle
        if self.cycle is not None:
            self.cycle.hold(True)

    def resume_writing(self) -> None:
        self._untaken = 0
        self._writing_paused = False
        if self.cycle is not None:
            self.expires = NEVER
            self.cycle.hold(False)
        elif not self._discarding:  # the response was over already
            self._await_request()

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
        elif self._buffer and self.cycle is None and not self._writing_paused:
            self._answer(problem_for(BadRequest("request-timeout", "The head did not come in time.")))
        else:
            self.transport.abort()

    # -- requests

    def _begin(self, request: Request) -> None:
        gateway = self.gateway
        plan = gateway.plan(request, self.peer)
        if isinstance(plan, Refused):
            gateway.refused(request.head, plan)
            self._answer(plan.problem, request, plan.trace.request_id)
            return
        if request.length:
            self._await_body(request.length)
        if isinstance(plan, NeedsForm) or (gateway.asgi_only and request.upgrade is None):
            self.cycle = AsgiCycle(self, request, self.peer, plan)
        else:
            self.cycle = ExpressCycle(self, request, plan, gateway)

    def _turn_away(self, limit: int) -> None:
        """There is no room. As many again are told so; whoever comes beyond those is dropped."""
        self._turned_away = True
        self.gateway.turned_away += 1
        if self.gateway.turned_away > limit:
            self.transport.abort()
        else:
            self._answer(TOO_MANY_CONNECTIONS)

    def _listens_only(self) -> None:
        if not self._discarding and not self._still_answered():
            self.transport.close()

    def _still_answered(self) -> bool:
        """Whether a client that sends no more has an answer to come."""
        between = self.cycle is None  # two requests, of which the next may have come already
        if (between and not self._buffer) or self._discarding or self._body is not None:
            return False
        self._half_closed = True
        self._await_taking()
        if self._tunnel:
            self._end_upload()
        elif between and not self._writing_paused:
            self.loop.call_soon(self._next)
        return True

    def _end_upload(self) -> None:
        """Pass on that a tunnel's client sends no more, behind all that it has sent."""
        assert self.cycle is not None
        self.loop.call_soon(self.cycle.body_done, [])

    def _refuse(self, error: BadRequest) -> None:
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

    # -- what a cycle asks of its connection

    def may_keep_alive(self, request: Request) -> bool:
        last = self._half_closed and not self._buffer
        return request.keep_alive and not (self._draining or self._discarding or last)

    def done(self, keep_alive: bool) -> None:
        """The response is written. The next request begins, or the connection closes."""
        self.cycle = None
        nothing_comes = self._half_closed and not self._buffer
        if not keep_alive or self._draining or nothing_comes:
            self._close_politely()
            return
        self.resume_upload()
        if self._writing_paused:
            self.expires = self.loop.time() + self.gateway.limits.body_idle
        else:
            self._await_request()

    def cut(self, reset: bool = False) -> None:
        """Close without an end to the response, so that what was written cannot pass for complete.

        Where only the end of the connection ends the response, that end has to be a `reset`.
        """
        self.cycle = None  # it has ended, and need not hear of the connection's end
        self._cut(reset)

    def become_tunnel(self) -> None:
        """101: from here on bytes go both ways unread."""
        self._tunnel = True
        self._body = None
        self.expires = NEVER
        held, self._buffer = self._buffer, b""
        if held:
            self.loop.call_soon(self.data_received, held)
        if self._half_closed:
            self._end_upload()


_UNKNOWN_REQUEST: Final = Request(Head(b"GET", b"/", []), 0, False, None, frozenset(), {})
"""Stands for a request that could not be read, when its refusal is written."""


def protocol_for(gateway: Gateway) -> type[asyncio.Protocol]:
    """What makes this gateway's connections, as uvicorn's `http` option wants it: it is only ever called."""
    return cast(type[asyncio.Protocol], partial(ClientConnection, gateway))
