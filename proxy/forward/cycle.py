"""What a client connection and the request it carries at the moment know of each other."""

from abc import ABC, abstractmethod
from typing import Protocol

from proxy.http1.request import Request
from proxy.routing.head import Field
from proxy.upstream.failures import Problem


class Carrier(Protocol):
    """The client's connection, as the cycle that answers a request on it sees it."""

    def write(self, data: bytes) -> None: ...
    def may_keep_alive(self, request: Request) -> bool: ...
    def done(self, keep_alive: bool) -> None: ...
    def cut(self, reset: bool = False) -> None: ...
    def pause_upload(self) -> None: ...
    def resume_upload(self) -> None: ...
    def become_tunnel(self) -> None: ...


class Cycle(ABC):
    """One request and its response on a client connection; told of the body and of the client's state."""

    __slots__ = ()

    started: bool
    """Whether bytes of the final response were written: after that the proxy can answer nothing else."""

    @abstractmethod
    def begin(self) -> None:
        """Start. What of a short body came along was told before, and may have been refused already."""

    @abstractmethod
    def body(self, data: bytes) -> None: ...

    @abstractmethod
    def body_done(self, trailers: list[Field]) -> None: ...

    @abstractmethod
    def abandon(self, why: str) -> None:
        """The client is gone, or what it sends is broken: no answer of the backend's is wanted any more."""

    @abstractmethod
    def refuse(self, problem: Problem) -> None:
        """Give up the exchange and answer with this problem, if nothing was answered yet."""

    @abstractmethod
    def hold(self, full: bool) -> None:
        """The client takes no more bytes for now, or again."""
