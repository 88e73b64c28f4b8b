"""A scripted origin on raw sockets: it reads strictly, keeps what it saw, and answers as the test says.

A script is a function of one `Exchange`; it runs in the connection's own thread, so it may block, and may
meet the test through a `threading.Event`.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support import strict
from tests.support.strict import Malformed, Message, Stream, Truncated
from tests.support.wire import DEADLINE, response


@dataclass(slots=True)
class Seen:
    """One request as the origin received it; `complete` once its body's end has come."""

    head: Message
    connection: int
    body: bytearray = field(default_factory=bytearray)
    trailers: list[strict.Field] = field(default_factory=list)
    complete: bool = False

    @property
    def method(self) -> bytes:
        return self.head.start[0]

    @property
    def target(self) -> bytes:
        return self.head.start[1]

    def get(self, name: bytes) -> bytes | None:
        return self.head.get(name)

    def all(self, name: bytes) -> list[bytes]:
        return self.head.all(name)


class Exchange:
    """The origin's end of one request: what a script has to work with."""

    def __init__(self, sock: socket.socket, stream: Stream, seen: Seen) -> None:
        self.socket = sock
        self.stream = stream
        self.seen = seen
        self.closed = False

    def body(self) -> bytes:
        """Read the request's body to its end."""
        if not self.seen.complete:
            length = strict.body_length(self.seen.head) or 0
            self.seen.trailers = strict.read_body(self.stream, length, self.seen.body.extend)
            self.seen.complete = True
        return bytes(self.seen.body)

    def send(self, data: bytes) -> None:
        """Send bytes; a proxy that has gone away is no error."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def close(self) -> None:
        """Close this connection after what has been sent."""
        self.closed = True
        with contextlib.suppress(OSError):
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.unwrap()  # says that nothing was cut off
            self.socket.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """End the connection as somebody on the way could: under TLS without its closure alert."""
        self.closed = True
        socket.socket.shutdown(self.socket, socket.SHUT_WR)

    def reset(self) -> None:
        """Drop this connection with a RST."""
        self.closed = True
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def is_gone(self) -> bool:
        """Wait until the proxy gives this connection up; False if it does not before the deadline."""
        with contextlib.suppress(TimeoutError):
            self.stream.rest()
            return True
        return False


Script = Callable[[Exchange], None]


def answer(data: bytes, *, close: bool = False) -> Script:
    """Read the whole request, then send these bytes."""

    def script(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(data)
        if close:
            exchange.close()

    return script


def echo(exchange: Exchange) -> None:
    """Answer 200 with the request's method, target and body, so that answers cannot be confused."""
    seen, body = exchange.seen, exchange.body()
    said = response(body=seen.method + b" " + seen.target + b" " + body)
    exchange.send(said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if seen.method == b"HEAD" else said)


def drop(exchange: Exchange) -> None:
    """Take the request, then close without a word."""
    exchange.body()
    exchange.close()


class Origin:
    """Listens on a free port of 127.0.0.1, a thread for each connection."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self._tls = tls
        self._changed = threading.Condition()
        self._scripts: list[Script] = [echo]
        self._connections = 0
        self._working = 0
        self._resting: set[socket.socket] = set()
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def plays(self, *scripts: Script) -> None:
        """Answer the next requests by these scripts in turn; the last one goes on for all that follow."""
        self._scripts = list(scripts)

    def forget(self) -> None:
        """Start over, once what is under way has come to its end: no script, nothing seen."""
        self.settle()
        with self._changed:
            self._scripts, self.seen, self.violations = [echo], [], []

    def wait_for(self, count: int) -> list[Seen]:
        """The requests seen, once there are this many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, DEADLINE), f"seen: {self.seen}"
            return list(self.seen)

    def settle(self) -> None:
        """Wait until all that has reached this port is read, and each script has ended."""
        deadline = time.monotonic() + 3 * DEADLINE
        while self._has_work():
            assert time.monotonic() < deadline, f"still at work, having seen {self.seen}"
            time.sleep(0.001)

    def complete(self) -> list[Seen]:
        """The requests that came to their end; what is under way is waited for."""
        self.settle()
        return [seen for seen in self.seen if seen.complete]

    def close(self) -> None:
        self._listener.close()

    def _has_work(self) -> bool:
        with self._changed:
            return self._working > 0 or _readable(0, self._listener, *self._resting)

    def _works(self, change: int) -> None:
        with self._changed:
            self._working += change

    def _accept(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed
            while _readable(None, self._listener):
                self._works(+1)
                sock, _ = self._listener.accept()
                self._connections += 1
                threading.Thread(target=self._serve, args=(sock, self._connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with contextlib.suppress(OSError), sock:
                if self._tls:
                    sock = self._tls.wrap_socket(sock, server_side=True)
                with contextlib.closing(sock):
                    self._converse(sock, number)
        finally:
            self._works(-1)

    def _next_head(self, sock: socket.socket, stream: Stream) -> Message | None:
        """Rest until a request comes: whoever takes its first byte is at work already."""
        if not stream.buffer and not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            with self._changed:
                self._working -= 1
                self._resting.add(sock)
            _readable(None, sock)
            with self._changed:
                self._working += 1
                self._resting.remove(sock)
        return strict.read_request_head(stream)

    def _converse(self, sock: socket.socket, number: int) -> None:
        stream = Stream(sock)
        try:
            while head := self._next_head(sock, stream):
                sock.settimeout(DEADLINE)
                exchange = Exchange(sock, stream, Seen(head, number))
                self._next_script(exchange.seen)(exchange)
                if exchange.closed:
                    stream.rest()
                    return
                exchange.body()
                sock.settimeout(None)
        except Malformed as error:
            self.violations.append(str(error))
        except Truncated:
            return

    def _next_script(self, seen: Seen) -> Script:
        with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
            return self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]


def _readable(milliseconds: int | None, *sockets: socket.socket) -> bool:
    """Wait until one of them has something to read, be it its end."""
    poll = select.poll()
    for sock in sockets:
        poll.register(sock, select.POLLIN)
    return bool(poll.poll(milliseconds))
