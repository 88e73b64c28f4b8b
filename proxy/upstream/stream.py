"""The pull side of an exchange, for whoever awaits: the ASGI lane and the httpx transport."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.call import Sink
from proxy.upstream.errors import StreamClosed, UpstreamError
from proxy.upstream.failures import Failure
from proxy.upstream.news import News

HIGH_WATER: Final = 256 * 1024
"""Bytes of a response that wait to be read before the connection stops reading."""

Interim = tuple[int, bytes, list[Field]]
"""Status, reason and fields of a 1xx response."""


class Asked(Protocol):
    """An exchange, or what stands for one."""

    def start(self) -> None: ...
    def send(self, data: bytes) -> None: ...
    def finish(self, trailers: list[Field]) -> None: ...
    def cancel(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Stream:
    """A sink that waits to be read. `close` must be called whatever happens."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ask: Callable[[Sink], Asked]) -> None:
        """`ask` makes the exchange that pushes into this sink, or into one around it."""
        self.exchange = ask(self)
        self.trailers: list[Field] = []
        self._interims: list[Interim] = []
        self._closed = False
        self._response: Response | None = None
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._ended = False
        self._failure: Failure | None = None
        self._news = News(loop)
        self._upload_blocked = False
        self._room = News(loop)

    # -- awaited by the reader

    async def response(self, tell: Callable[[Interim], Awaitable[None]] | None = None) -> Response:
        """The final response's head; `tell` gets the interim ones before it. Raises `UpstreamError`."""
        while True:
            while self._interims:
                interim = self._interims.pop(0)
                if tell is not None:
                    await tell(interim)
            if self._response is not None:
                return self._response
            self._raise_failure()
            await self._news.next()

    async def read(self) -> bytes:
        """All of the body that has come since the last call; b"" at its end. Raises `UpstreamError`."""
        while not self._pieces:
            self._raise_failure()
            if self._ended:
                return b""
            await self._news.next()
        return self.take()

    def take(self) -> bytes:
        """What there is of the body, without waiting for more."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        self.exchange.resume()
        return data

    def check(self) -> None:
        """Raise `UpstreamError` if all that is left to read is that the response broke off."""
        if not self._pieces:
            self._raise_failure()

    async def send(self, data: bytes) -> None:
        """A piece of the request's body; waits while the backend takes no more."""
        self.exchange.send(data)
        await self.room()

    async def room(self) -> None:
        """Wait while the backend takes no more of the request's body."""
        while self._upload_blocked:
            await self._room.next()

    def close(self) -> None:
        """No more is wanted; the connection goes unless the response is complete. Ends all waiting."""
        self.exchange.cancel()
        self.abandon()

    def abandon(self) -> None:
        """Nobody reads any more: ends all waiting. The exchange goes on until `close`."""
        self._closed = True
        self._release()

    @property
    def ready(self) -> bool:
        """Whether `read` would return at once."""
        return bool(self._pieces) or self._ended or self._failure is not None

    @property
    def whole(self) -> bool:
        """Whether all of the response has come; its body may wait to be read."""
        return self._ended

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise UpstreamError(self._failure)
        if self._closed:
            raise StreamClosed

    # -- pushed by the exchange

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        self._interims.append((status, reason, fields))

    def responded(self, response: Response) -> None:
        self._response = response

    def received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > HIGH_WATER:
            self.exchange.pause()

    def completed(self, trailers: list[Field]) -> None:
        self.trailers = trailers
        self._ended = True
        self._release()

    def failed(self, failure: Failure) -> None:
        self._failure = failure
        self._release()

    def flush(self) -> None:
        self._news.tell()

    def upload_blocked(self) -> None:
        self._upload_blocked = True

    def upload_unblocked(self) -> None:
        self._upload_blocked = False
        self._room.tell()

    def _release(self) -> None:
        self.upload_unblocked()
        self._news.tell()
