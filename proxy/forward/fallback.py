"""Fallback: where modern cannot answer a safe request, legacy does, once, within the same deadline."""

from collections.abc import Callable
from typing import NamedTuple

from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.backend import Backend
from proxy.upstream.exchange import Call, Exchange, Sink
from proxy.upstream.failures import Failure, problem_of

_NAMED = {
    Failure.CONNECT: "connect",
    Failure.CONNECT_TIMEOUT: "connect",
    Failure.BREAKER_OPEN: "open_breaker",
}


class Second(NamedTuple):
    """Where a request goes when its first backend fails on one of `conditions`.

    `fall` is told on which and says what to send; most requests never need it, so it is made only then.
    """

    backend: Backend
    conditions: frozenset[str]
    fall: Callable[[str], Call]


def condition_of(failure: Failure) -> str:
    """A failure's name in a route's `fallback`: its own, or the status that the client would have got."""
    return _NAMED.get(failure) or str(problem_of(failure, safe=True).status)


class FallingBack:
    """A sink around a sink that can turn to a second exchange; for the asker it is one exchange."""

    __slots__ = ("_exchange", "_fallen", "_inner", "_second")

    def __init__(self, backend: Backend, call: Call, inner: Sink, second: Second) -> None:
        self._inner = inner
        self._second = second
        self._fallen = False
        self._exchange = backend.exchange(call, self)

    # -- the asker's side, as of an exchange

    @property
    def tries(self) -> int:
        return self._exchange.tries

    def start(self) -> None:
        self._exchange.start()

    def send(self, data: bytes) -> None:
        self._exchange.send(data)

    def finish(self, trailers: list[Field]) -> None:
        self._exchange.finish(trailers)

    def cancel(self) -> None:
        self._exchange.cancel()

    def pause(self) -> None:
        self._exchange.pause()

    def resume(self) -> None:
        self._exchange.resume()

    # -- pushed by the exchange

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        self._inner.interim(status, reason, fields)

    def responded(self, response: Response) -> None:
        if str(response.status) in self._second.conditions and not self._fallen:
            self._exchange.cancel()
            self._fall(str(response.status))
        else:
            self._inner.responded(response)

    def received(self, data: bytes) -> None:
        self._inner.received(data)

    def completed(self, trailers: list[Field]) -> None:
        self._inner.completed(trailers)

    def failed(self, failure: Failure) -> None:
        condition = condition_of(failure)
        if self._exchange.response is None and condition in self._second.conditions and not self._fallen:
            self._fall(condition)
        else:
            self._inner.failed(failure)

    def flush(self) -> None:
        self._inner.flush()

    def upload_blocked(self) -> None:
        self._inner.upload_blocked()

    def upload_unblocked(self) -> None:
        self._inner.upload_unblocked()

    def _fall(self, condition: str) -> None:
        self._fallen = True
        second, deadline = self._second, self._exchange.deadline
        self._exchange = second.backend.exchange(second.fall(condition), self)
        self._exchange.start(deadline)


Asked = Exchange | FallingBack
"""What an asker talks to."""
