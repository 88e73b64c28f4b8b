"""What the worker has to know of routes and backends, compiled from routes.yaml by whoever runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx

from shadow.compare import Difference, Policy
from shadow.exchange import Fields


class Redactor(Protocol):
    """Makes text that may be kept. Whatever it raises, nothing of that exchange is kept then."""

    def target(self, target: bytes) -> str:
        """A request's target."""

    def fields(self, fields: Fields) -> list[tuple[str, str]]:
        """Header fields, in order."""

    def body(self, fields: Fields, body: bytes) -> str:
        """A request's body, of the type that its fields say."""

    def text(self, text: str) -> str:
        """Text of which nothing is known but itself."""

    def difference(self, difference: Difference) -> tuple[str, str | None, str | None]:
        """Its path and both values; None for one that is absent."""


@dataclass(frozen=True, slots=True)
class Rules:
    """One mirrored route. `timeout` in seconds, `max_body` in bytes, `noise_sample` a share, 0–1."""

    policy: Policy
    redactor: Redactor
    timeout: float = 10.0
    max_body: int = 256 * 1024
    noise_sample: float = 0.05


@dataclass(frozen=True, slots=True)
class Upstream:
    """A backend to call. `sessions`: it is PHP, whose sessions are locked.

    The transport raises `shadow.replay.Resting` when the backend is not to be asked.
    """

    transport: httpx.AsyncBaseTransport
    sessions: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything, by the names of routes and backends; swapped by one reference."""

    routes: Mapping[str, Rules]
    upstreams: Mapping[str, Upstream]
