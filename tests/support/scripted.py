"""An event loop whose clock, timers and network the test holds, and transports that write to a list.

The data plane and the upstream core run over it as they are: nothing of theirs is patched.
"""

import asyncio
import heapq
import itertools
import socket
import ssl
from collections.abc import Callable, Coroutine
from typing import Any, cast


class ScriptedTransport:
    """One end of a connection. What is written to it is in `sent`; closing it tells its protocol."""

    def __init__(
        self, protocol: asyncio.Protocol, address: str = "192.0.2.7", secure: ssl.SSLObject | None = None
    ) -> None:
        self.protocol = protocol
        self.sent = b""
        self.writes = 0
        self.closing = False
        self.aborted = False
        self.ended = False
        self.reading = True
        self.buffered = 0
        """Bytes that the other end has not taken yet, as the test says."""
        self._ours, self.theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._extra: dict[str, object] = {"socket": _Named(self._ours, address)}
        if secure is not None:
            self._extra.update(sslcontext=secure.context, ssl_object=secure)
        protocol.connection_made(cast(asyncio.Transport, self))

    # -- what the test does with it

    def feed(self, data: bytes) -> None:
        """Bytes come from the other end."""
        self.protocol.data_received(data)

    def end(self) -> None:
        """The other end says that this was all, and goes."""
        self.protocol.eof_received()
        self.lose()

    def secure(self) -> None:
        """What its socket carries is TLS."""
        self._extra["sslcontext"] = object()

    def forget_socket(self) -> None:
        """Its socket is closed, as TLS has it before it says that the connection is lost."""
        self._extra["socket"] = None

    def take(self) -> bytes:
        """What was written since the last call."""
        sent, self.sent = self.sent, b""
        return sent

    def lose(self, error: Exception | None = None) -> None:
        """The other end is gone; `error` is what the loop noticed it by."""
        self.closing = True
        self.protocol.connection_lost(error)

    # -- asyncio.Transport, as far as it is used

    def write(self, data: bytes) -> None:
        assert not self.ended, "written after the end"
        self.writes += 1
        self.sent += data

    def writelines(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def get_extra_info(self, name: str) -> Any:
        return self._extra.get(name)

    def is_closing(self) -> bool:
        return self.closing

    def can_write_eof(self) -> bool:
        return "sslcontext" not in self._extra

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    def abort(self) -> None:
        self.aborted = True
        self.close()

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True

    def release(self) -> None:
        """Close the sockets that stand behind it."""
        self._ours.close()
        self.theirs.close()


class _Named:
    """A socket that says it is connected to some address."""

    def __init__(self, real: socket.socket, address: str) -> None:
        self._real = real
        self._address = address
        self.options: list[tuple[int, int]] = []

    def getpeername(self) -> tuple[str, int]:
        return self._address, 40000

    def fileno(self) -> int:
        return self._real.fileno()

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        self.options.append((level, option))


class ScriptedLoop:
    """Stands for the event loop that a gateway or a backend is given."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.dialled: list[int] = []
        """Ports that were connected to, in order."""
        self.failing: dict[int, Exception] = {}
        """By port, what a connection attempt ends with."""
        self.secure: ssl.SSLObject | None = None
        """What a connection that is made is encrypted with."""
        self.wires: list[ScriptedTransport] = []
        """The connections that were made, in order."""
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = itertools.count()

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, asyncio.get_running_loop())
        heapq.heappush(self._timers, (when, next(self._number), handle))
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args)

    def call_soon(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        return asyncio.get_running_loop().call_soon(callback, *args)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    def create_task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(work)

    async def create_connection(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int, **_: Any
    ) -> tuple[ScriptedTransport, asyncio.Protocol]:
        self.dialled.append(port)
        if port in self.failing:
            raise self.failing[port]
        protocol = factory()
        self.wires.append(ScriptedTransport(protocol, secure=self.secure))
        return self.wires[-1], protocol

    def advance(self, seconds: float) -> None:
        """Move the clock, and do what is due by then at its time."""
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _, handle = heapq.heappop(self._timers)
            self.now = max(self.now, due)  # a loop that was busy comes late to its timers
            if not handle.cancelled():
                handle._run()
        self.now = end

    @property
    def as_loop(self) -> asyncio.AbstractEventLoop:
        return cast(asyncio.AbstractEventLoop, self)

    def release(self) -> None:
        for wire in self.wires:
            wire.release()


async def settle() -> None:
    """Let everything run that can run now."""
    for _ in range(20):
        await asyncio.sleep(0)
