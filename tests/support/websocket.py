"""A WebSocket origin, and a running proxy in front of it with short timeouts."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol

from tests.support.banyan import Banyan, Lane
from tests.support.dataplane import Proxies, backend
from tests.support.origin import Origin
from tests.support.wire import DEADLINE

LARGE = hashlib.sha256(b"large").digest() * (64 * (1 << 20) // 32)
"""A message of 64 MiB."""


def prefer(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The best subprotocol that was offered, if any."""
    return next((each for each in (Subprotocol("v2.pay"), Subprotocol("v1.pay")) if each in offered), None)


class WebSocketOrigin:
    """Does what the last segment of the path says; keeps the handshakes, and how each connection ended."""

    def __init__(self) -> None:
        self.handshakes: list[ServerConnection] = []
        self._closed: list[tuple[int | None, str | None]] = []
        self._changed = threading.Condition()
        self.read_on = threading.Event()
        self._server: Server = serve(
            self._handle,
            "127.0.0.1",
            0,
            select_subprotocol=prefer,
            max_size=None,
            ping_interval=None,
        )
        self.port: int = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def forget(self) -> None:
        """Start over: nothing seen."""
        self.handshakes, self._closed = [], []
        self.read_on.clear()

    def ended_with(self, code: int, reason: str) -> bool:
        """Wait for a connection that ends like this; False if none does before the deadline."""
        with self._changed:
            return self._changed.wait_for(lambda: (code, reason) in self._closed, DEADLINE)

    def close(self) -> None:
        self._server.shutdown()

    def _handle(self, socket: ServerConnection) -> None:
        self.handshakes.append(socket)
        assert socket.request is not None
        with contextlib.suppress(ConnectionClosed):
            self._act(socket, socket.request.path.partition("?")[0].rpartition("/")[2])
        with self._changed:
            self._closed.append((socket.close_code, socket.close_reason))
            self._changed.notify_all()

    def _act(self, socket: ServerConnection, what: str) -> None:
        match what:
            case "close":
                socket.close(4001, "come back l\u00e4ter")
            case "ping":
                pong = socket.ping(b"are you there")
                socket.send("ponged" if pong.wait(DEADLINE) else "silence")
                socket.recv()
            case "large":
                socket.send(LARGE)
                socket.recv()
            case "events":
                for number in range(1000):
                    socket.send(str(number))
                socket.recv()
            case "digest":
                message = socket.recv()
                assert isinstance(message, bytes)
                socket.send(hashlib.sha256(message).hexdigest())
                socket.recv()
            case "stuck":
                self.read_on.wait(DEADLINE)
            case _:
                for message in socket:
                    socket.send(message)


@pytest.fixture(scope="session")
def sockets() -> Iterator[WebSocketOrigin]:
    origin = WebSocketOrigin()
    yield origin
    origin.close()


@pytest.fixture(scope="session")
def tunnel_proxy(lane: Lane, sockets: WebSocketOrigin, main_origin: Origin, proxies: Proxies) -> Banyan:
    url = f"http://127.0.0.1:{sockets.port}"
    quick = {"timeouts": {"response": "2s", "idle": "3s"}}
    config = {
        "server": {"timeouts": {"header": "2s", "keep_alive": "2s", "body_idle": "2s"}},
        "backends": {
            "websocket": backend(main_origin, url=url),
            "quick": backend(main_origin, url=url, **quick),
            "raw": backend(main_origin),
        },
        "defaults": {"legacy": "raw"},
        "routes": [
            {"id": "websocket", "match": {"path": "/ws/{rest:path}"}, "legacy": "websocket"},
            {"id": "quick", "match": {"path": "/quick/{rest:path}"}, "legacy": "quick"},
            {
                "id": "moved",
                "match": {"path": "/moved/{rest:path}"},
                "modern": {"backend": "websocket", "path": "/ws/{rest}"},
                "stage": "modern",
            },
        ],
    }
    return proxies.get("tunnel", lane, config)
