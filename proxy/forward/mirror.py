"""The tee: keeps what a mirrored request and its primary response said, and hands it over when both ended.

It stands between the exchange and whoever answers the client, passes everything on first, and can raise
nothing into the client's path. Beyond its bound it forgets what it kept: half a body is never compared.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.call import Sink
from proxy.upstream.failures import Failure
from shadow.exchange import SkipReason

_STREAM: Final = re.compile(rb"(?im)^content-type:[ \t]*text/event-stream")


class Mirror(NamedTuple):
    """How a request is to be mirrored: to which backend, with which head, bodies up to how many bytes.

    Without a head it is the primary's own with another `target`; the worker makes it, not the data plane.
    """

    backend: str
    head: bytes
    max_body: int
    target: bytes = b""


@dataclass(slots=True)
class Kept:
    """What the tee has of an exchange; `skip` says why it is not to be handed over after all."""

    request_body: list[bytes]
    response: Response | None
    response_body: list[bytes]
    skip: SkipReason | None = None


class Tee:
    """A sink around a sink. After `detach` the exchange goes on without its client, for the mirror alone."""

    __slots__ = ("_ended", "_inner", "_left", "_ready", "kept")

    def __init__(self, inner: Sink, max_body: int, ready: Callable[[Kept], None]) -> None:
        self._inner: Sink | None = inner
        self._left = [max_body, max_body]
        self._ready = ready
        self._ended = False
        self.kept = Kept([], None, [])

    def sent(self, data: bytes) -> None:
        """A piece of the request's body."""
        self._keep(self.kept.request_body, data, 0)

    def detach(self) -> bool:
        """The client is gone. True if the exchange should go on: it is all sent, and worth comparing."""
        self._inner = None
        return not self._ended and self.kept.skip is None

    # -- pushed by the exchange

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        if self._inner is not None:
            self._inner.interim(status, reason, fields)

    def responded(self, response: Response) -> None:
        self.kept.response = response
        if response.status == 101 or _STREAM.search(response.lines):
            self.kept.skip = SkipReason.STREAMED
        if self._inner is not None:
            self._inner.responded(response)

    def received(self, data: bytes) -> None:
        self._keep(self.kept.response_body, data, 1)
        if self._inner is not None:
            self._inner.received(data)

    def completed(self, trailers: list[Field]) -> None:
        inner, self._inner = self._inner, None  # which knows this tee: no ring may be left to the collector
        if inner is not None:
            inner.completed(trailers)
        self._end()

    def failed(self, failure: Failure) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.failed(failure)
        self.kept.skip = self.kept.skip or SkipReason.CUT_SHORT
        self._end()

    def flush(self) -> None:
        if self._inner is not None:
            self._inner.flush()
            if self._ended:
                self._inner = None  # it holds this tee: without the circle no collector is needed

    def upload_blocked(self) -> None:
        if self._inner is not None:
            self._inner.upload_blocked()

    def upload_unblocked(self) -> None:
        if self._inner is not None:
            self._inner.upload_unblocked()

    # -- keeping

    def _keep(self, pieces: list[bytes], data: bytes, which: int) -> None:
        """Keep a piece while both bodies stay within their bound."""
        if self.kept.skip is not None:
            return
        self._left[which] -= len(data)
        if self._left[which] < 0:
            self.kept.skip = SkipReason.TOO_LARGE
            self.kept.request_body.clear()
            self.kept.response_body.clear()
        else:
            pieces.append(data)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._ready(self.kept)
