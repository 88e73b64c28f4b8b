"""WebSockets pass as if nothing stood between: handshake, frames, closing, compression, pressure."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as dial
from websockets.typing import Subprotocol

from tests.support.banyan import Banyan
from tests.support.origin import Origin, answer
from tests.support.processes import rss
from tests.support.websocket import LARGE, WebSocketOrigin
from tests.support.wire import DEADLINE, response

MIB = 1 << 20
Dial = Callable[..., ClientConnection]


@pytest.fixture
def open_socket(tunnel_proxy: Banyan, sockets: WebSocketOrigin) -> Iterator[Dial]:
    """Opens WebSockets through the proxy; they are closed when the test ends."""
    sockets.forget()
    with contextlib.ExitStack() as stack:

        def open_socket(path: str, **settings: Any) -> ClientConnection:
            url = f"ws://{tunnel_proxy.address[0]}:{tunnel_proxy.address[1]}{path}"
            socket: ClientConnection = stack.enter_context(
                dial(
                    url,
                    max_size=None,
                    proxy=None,
                    ping_interval=None,
                    open_timeout=DEADLINE,
                    close_timeout=1,
                    **settings,
                )
            )
            return socket

        yield open_socket
        sockets.read_on.set()


# -- frames


@pytest.mark.parametrize("compression", ["deflate", None], ids=["deflate", "plain"])
@pytest.mark.parametrize("path", ["/ws/echo", "/moved/echo"], ids=["legacy", "modern"])
def test_messages_pass(open_socket: Dial, compression: str | None, path: str) -> None:
    socket = open_socket(path, compression=compression)
    for message in ("hello", "", "\u20ac" * 1000, b"", bytes(range(256)) * 300, os.urandom(100_000)):
        socket.send(message)
        assert socket.recv(DEADLINE) == message


def test_fragmented_messages_pass(open_socket: Dial) -> None:
    socket = open_socket("/ws/echo")
    socket.send(["frag", "men", "ted"])
    assert socket.recv(DEADLINE) == "fragmented"


def test_many_messages_keep_their_order(open_socket: Dial) -> None:
    socket = open_socket("/ws/events")
    assert [socket.recv(DEADLINE) for _ in range(1000)] == [str(number) for number in range(1000)]


def test_compression_is_negotiated_end_to_end(open_socket: Dial, sockets: WebSocketOrigin) -> None:
    """The proxy neither offers nor accepts extensions of its own."""
    opened = []
    for settings in ({}, {"compression": None}):
        socket = open_socket("/ws/echo", **settings)
        socket.send("so that the origin has surely noted this handshake before the next")
        socket.recv(DEADLINE)
        opened.append(socket)
    with_it, without = opened
    offers = [
        each.request.headers.get("Sec-WebSocket-Extensions") for each in sockets.handshakes if each.request
    ]
    assert "permessage-deflate" in (offers[0] or "") and offers[1] is None
    assert with_it.response and "permessage-deflate" in with_it.response.headers["Sec-WebSocket-Extensions"]
    assert without.response and "Sec-WebSocket-Extensions" not in without.response.headers


def test_a_large_message_passes_at_flat_memory(open_socket: Dial, tunnel_proxy: Banyan) -> None:
    (worker,) = tunnel_proxy.workers()
    before = rss(worker)
    socket = open_socket("/ws/large", compression=None)
    message = socket.recv(60)
    assert isinstance(message, bytes) and hashlib.sha256(message).digest() == hashlib.sha256(LARGE).digest()
    upward = open_socket("/ws/digest", compression=None)
    upward.send(LARGE)
    assert upward.recv(60) == hashlib.sha256(LARGE).hexdigest()
    assert rss(worker) - before < 24 * MIB


def test_pressure_is_passed_back(open_socket: Dial, tunnel_proxy: Banyan) -> None:
    """An origin that reads nothing stops the client, not the proxy's memory."""
    (worker,) = tunnel_proxy.workers()
    before = rss(worker)
    socket = open_socket("/ws/stuck", compression=None)
    socket.socket.settimeout(1)
    with pytest.raises((TimeoutError, ConnectionClosedError)):
        for _ in range(64):
            socket.send(LARGE[:MIB])
    assert rss(worker) - before < 24 * MIB


# -- handshake


def test_the_handshake_passes(open_socket: Dial, sockets: WebSocketOrigin) -> None:
    fields = {"Cookie": "sid=1", "Authorization": "Bearer t", "X-Merchant-Id": "m_1"}
    socket = open_socket("/ws/echo?a[]=1&b=%20", additional_headers=fields, origin="https://shop.example")
    socket.send("so that the origin has surely noted the handshake")
    socket.recv(DEADLINE)
    handshake = sockets.handshakes[0].request
    assert handshake is not None and handshake.path == "/ws/echo?a[]=1&b=%20"
    for name, value in {**fields, "Origin": "https://shop.example", "X-Forwarded-For": "127.0.0.1"}.items():
        assert handshake.headers[name] == value


def test_a_subprotocol_is_agreed_on(open_socket: Dial) -> None:
    wanted = [Subprotocol("v0.pay"), Subprotocol("v1.pay")]
    assert open_socket("/ws/echo", subprotocols=wanted).subprotocol == "v1.pay"


@pytest.mark.parametrize(
    "status", [b"401 Unauthorized", b"404 Not Found", b"426 Upgrade Required"], ids=bytes.decode
)
def test_a_refused_handshake_is_an_answer(origin: Origin, open_socket: Dial, status: bytes) -> None:
    origin.plays(answer(response(status, b"X-Why: 1", body=b"not you")))
    with pytest.raises(InvalidStatus) as refused:
        open_socket("/refused")
    answered = refused.value.response
    assert answered.status_code == int(status[:3])
    assert (answered.body, answered.headers["X-Why"]) == (b"not you", "1")


# -- the end


def test_the_origins_close_code_arrives(open_socket: Dial) -> None:
    socket = open_socket("/ws/close")
    with pytest.raises(ConnectionClosed):
        socket.recv(DEADLINE)
    assert (socket.close_code, socket.close_reason) == (4001, "come back l\u00e4ter")


def test_the_clients_close_code_arrives(open_socket: Dial, sockets: WebSocketOrigin) -> None:
    open_socket("/ws/echo").close(4002, "bye")
    assert sockets.ended_with(4002, "bye")


def test_a_client_that_vanishes_is_noticed(open_socket: Dial, sockets: WebSocketOrigin) -> None:
    open_socket("/ws/echo").socket.close()
    assert sockets.ended_with(1006, "")


def test_pings_and_pongs_pass(open_socket: Dial) -> None:
    socket = open_socket("/ws/ping")
    assert socket.recv(DEADLINE) == "ponged"
    assert socket.ping(b"and you").wait(DEADLINE)


def test_a_tunnel_in_use_outlives_every_timeout(open_socket: Dial) -> None:
    """Head, keep-alive, body, response and idle timeouts (3 s at most here) are not meant for it."""
    socket = open_socket("/quick/echo")
    for number in range(12):
        time.sleep(0.3)
        socket.send(str(number))
        assert socket.recv(DEADLINE) == str(number)


def test_a_tunnel_that_nobody_uses_ends(open_socket: Dial, sockets: WebSocketOrigin) -> None:
    """The backend's idle timeout applies, and both ends see it."""
    socket = open_socket("/quick/echo")
    with pytest.raises(ConnectionClosed):
        socket.recv(DEADLINE)
    assert sockets.ended_with(1006, "")
