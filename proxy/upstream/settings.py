"""What an operator says about one backend, as plain values (times in seconds)."""

import ssl
from dataclasses import dataclass, field

from proxy.upstream.breaker import BreakerPolicy
from proxy.upstream.retry import RetryPolicy


@dataclass(frozen=True, slots=True)
class Address:
    """Where one endpoint listens."""

    host: str
    port: int
    tls: bool = False

    @property
    def authority(self) -> bytes:
        """`host[:port]` as a Host header names it, the scheme's own port left out (RFC 9110 §4.2.3)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.tls else 80
        return host.encode() if self.port == default else f"{host}:{self.port}".encode()


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """An active check: GET `path` each `interval`; so many in a row change the verdict."""

    path: str = "/healthz"
    interval: float = 5.0
    timeout: float = 1.0
    unhealthy_after: int = 3
    healthy_after: int = 2


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """One backend: its endpoints, limits and policies. `max_in_flight` 0 means no bulkhead."""

    name: str
    addresses: tuple[Address, ...]
    connect_timeout: float = 1.0
    response_timeout: float = 30.0
    idle_timeout: float = 60.0
    pool_connections: int = 256
    pool_keep_alive: float = 30.0
    max_in_flight: int = 0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    health: HealthPolicy | None = None
    tls: ssl.SSLContext | None = None
    preserve_host: bool = True
