"""What is asked of a backend, and who asked."""

from dataclasses import dataclass
from typing import Protocol

from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.failures import Failure


class Sink(Protocol):
    """Who asked. Called from the event loop; `flush` ends each batch, `completed` or `failed` everything."""

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None: ...
    def responded(self, response: Response) -> None: ...
    def received(self, data: bytes) -> None: ...
    def completed(self, trailers: list[Field]) -> None: ...
    def failed(self, failure: Failure) -> None: ...
    def flush(self) -> None: ...
    def upload_blocked(self) -> None: ...
    def upload_unblocked(self) -> None: ...


@dataclass(slots=True, init=False)
class Call:
    """What is sent: the head's bytes, whether a body follows and in which framing.

    `safe` is about the effective method: only then may the request be sent a second time.
    """

    head: bytes
    safe: bool
    is_head: bool
    has_body: bool
    chunked: bool
    wants_upgrade: bool

    def __init__(
        self,
        head: bytes,
        safe: bool,
        is_head: bool = False,
        has_body: bool = False,
        chunked: bool = False,
        wants_upgrade: bool = False,
    ) -> None:
        self.head = head
        self.safe = safe
        self.is_head = is_head
        self.has_body = has_body
        self.chunked = chunked
        self.wants_upgrade = wants_upgrade

    @property
    def repeatable(self) -> bool:
        """Whether the head is all there is, and sending it twice does no harm."""
        return self.safe and not self.has_body and not self.wants_upgrade
