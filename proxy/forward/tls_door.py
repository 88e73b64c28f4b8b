"""Where clients come in over TLS: a handshake counts and times out as any other phase of a connection does.

A server's own TLS tells a protocol of its connection only once it is secure: whoever never finishes a
handshake would be counted nowhere, and held for a minute.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from proxy.forward.client import ClientConnection
from proxy.forward.client_socket import NEVER
from proxy.forward.gateway import Gateway
from proxy.tls_ends import Secure


class TlsDoor(asyncio.Protocol):
    """Takes a new connection's socket, if there is room for one more, and begins the handshake on it."""

    def __init__(
        self,
        gateway: Gateway,
        context: Callable[[], ssl.SSLContext],
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._limits = gateway.limits
        self._context = context
        self._loop = _loop or asyncio.get_event_loop()
        self._connections = cast(set[Any], server_state.connections)  # uvicorn names its own classes only
        self._inside = partial(ClientConnection, gateway, config, server_state, app_state, self._loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The plain transport goes: it would read what belongs to the handshake. The connection stays."""
        plain = cast(asyncio.Transport, transport)  # uvloop's do not inherit from asyncio's
        if not 0 < self._limits.connections <= len(self._connections):
            with contextlib.suppress(OSError):  # there is no descriptor left
                self._begin(plain.get_extra_info("socket").dup())
        plain.abort()  # whom there is no room for cannot be told why before the handshake

    def _begin(self, client: socket.socket) -> None:
        limit = self._limits.header_timeout
        handshake = _Handshake(self._connections, self._inside)
        handshake.expires = self._loop.time() + limit
        secured = self._loop.connect_accepted_socket(
            lambda: handshake,
            client,
            ssl=self._context(),
            ssl_handshake_timeout=2 * limit,  # the sweeper comes before it
        )
        handshake.task = self._loop.create_task(secured)
        handshake.task.add_done_callback(handshake.ended)


class _Handshake(asyncio.Protocol):
    """One of the server's connections until it is secure; then a client's connection takes its place."""

    def __init__(self, connections: set[Any], inside: Callable[[], ClientConnection]) -> None:
        self.expires = NEVER
        self.task: asyncio.Future[Any]
        self._connections = connections
        self._inside = inside
        connections.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.discard(self)
        connection = self._inside()
        cast(Secure, transport.get_extra_info("ssl_object")).on_end = connection.closure_alerted
        transport.set_protocol(connection)
        connection.connection_made(transport)

    def ended(self, task: "asyncio.Future[Any]") -> None:
        """It is secure, or it is no TLS, has no version in common with us, took too long, is gone."""
        self._connections.discard(self)
        if not task.cancelled():
            task.exception()  # was the client's; nobody else asks for it

    # -- told by the server and the sweeper

    def timed_out(self) -> None:
        self.task.cancel()

    def shutdown(self) -> None:
        """Drain: who has not finished its handshake has sent no request."""
        self.task.cancel()


def door_for(gateway: Gateway, context: Callable[[], ssl.SSLContext]) -> type[asyncio.Protocol]:
    """What makes this gateway's TLS connections, as uvicorn's `http` option wants it; `context` as of now."""
    return cast(type[asyncio.Protocol], partial(TlsDoor, gateway, context))
