"""The wiring: routes.yaml's models become the settings, backends and applications of one worker process."""

import asyncio
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import uvicorn
from uvicorn.server import ServerState

from proxy import tls
from proxy.config.backends import Backend as BackendModel
from proxy.config.server import Server as ServerModel
from proxy.config.snapshot import Snapshot
from proxy.forward.app import DataPlane
from proxy.forward.client import protocol_for
from proxy.forward.gateway import Gateway, Limits, Settings
from proxy.forward.handover import Handover, uses_sessions
from proxy.forward.sweeper import Expiring, Sweeper
from proxy.forward.tls_door import door_for
from proxy.http1.request import HeadLimits
from proxy.link import Gauges
from proxy.outcome import Outcome
from proxy.telemetry.metrics import Totals
from proxy.telemetry.recorder import Telemetry
from proxy.upstream.backend import Backend
from proxy.upstream.breaker import BreakerPolicy, BreakerState
from proxy.upstream.pool import Pool
from proxy.upstream.retry import RetryPolicy
from proxy.upstream.settings import Address, BackendSettings, HealthPolicy
from shadow.channel import Sender
from shadow.inflight import InFlight

if TYPE_CHECKING:
    from proxy.upstream.health import HealthChecks

WHOLE = 10_000
"""Percentages in routes.yaml's models are hundredths of a percent."""

LANE = "BANYAN_LANE"
"""Environment variable: `asgi` sends every request through the ASGI app, for tests and comparisons."""


class DataPlaneProcess:
    """One worker's data plane: the gateway over its backends, what serves it, and what watches it."""

    def __init__(self, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._server = snapshot.config.server
        self._keys = None if self._server.tls is None else tls.ServerKeys(self._server.tls)
        self._telemetry = Telemetry(self._server.access_log)
        self._handover = Handover(None, loop)
        asgi_only = os.environ.get(LANE) == "asgi"
        self.gateway = Gateway(loop, self._telemetry.record, self._handover, asgi_only)
        self._backends = Backends(loop)
        self._state = ServerState()
        self._sweeper = Sweeper(self.gateway, self._clients, lambda: self._backends.live)
        self.apply(snapshot)

    def apply(self, snapshot: Snapshot) -> None:
        """Put a snapshot in force. Raises OSError for a certificate or key that cannot be used."""
        if self._keys is not None:
            self._keys.renew()
        backends = self._backends.follow(snapshot.config.backends)
        if snapshot.mirrors and not self._handover.open:
            shadow = snapshot.config.shadow
            socket, queue = Path(shadow.socket), shadow.queue
            self._handover.attach(Sender(socket, queue.exchanges, queue.bytes), InFlight(socket))
        self._handover.counts_sessions = uses_sessions(snapshot)
        self.gateway.apply(snapshot, backends, gateway_settings(snapshot.config.server))

    def uvicorn_config(self) -> uvicorn.Config:
        """uvicorn keeps the sockets and the shutdown; everything else is the connection class's."""
        return uvicorn.Config(
            DataPlane(self.gateway),
            http=self._door(),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whose word counts is `trusted_proxies`' business
            timeout_graceful_shutdown=math.ceil(self._server.timeouts.drain),
        )

    def _door(self) -> type[asyncio.Protocol]:
        """What becomes of a new connection: TLS first, where routes.yaml says so."""
        keys = self._keys
        return protocol_for(self.gateway) if keys is None else door_for(self.gateway, lambda: keys.context)

    def start(self, state: ServerState) -> None:
        """The server is about to accept; from now on its connections are swept."""
        self._state = state
        self._sweeper.start()

    def _clients(self) -> Iterable[Expiring]:
        return cast(Iterable[Expiring], self._state.connections)  # uvicorn names its own classes only

    def take_totals(self) -> Totals:
        """What was counted since the last call."""
        totals = self._telemetry.take()
        for backend in self._backends.live:
            totals.count("retries", backend.name, backend.take_retries())
        for (route, reason), amount in self._handover.take_skipped().items():
            totals.count("shadow_skipped", f"{route} {reason}", amount)
        return totals

    def take_sampled(self) -> tuple[Outcome, ...]:
        """The requests since the last call that are to get a span."""
        return self._telemetry.take_sampled()

    def gauges(self) -> Gauges:
        return Gauges(
            connections=len(self._state.connections),
            in_flight=sum(len(backend.active) for backend in self._backends.live),
            open_breakers=self._backends.where(lambda pool: pool.breaker.state is not BreakerState.CLOSED),
            unhealthy=self._backends.where(lambda pool: not pool.healthy),
            overloaded=self.gateway.overloaded,
            tasks=len(asyncio.all_tasks(self._loop)),
        )

    async def close(self) -> None:
        self._sweeper.stop()
        self._handover.close()
        self._backends.close()
        self._telemetry.close()


class _Running(NamedTuple):
    """A backend, and what it was made of: its settings, and what its certificates and keys held."""

    model: BackendModel
    keys: bytes
    backend: Backend


class Backends:
    """The backends of this process; they outlive the snapshots that name them.

    `checked`: with the active health checks that routes.yaml asks for.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, checked: bool = True) -> None:
        self._loop = loop
        self._checked = checked
        self._current: dict[str, _Running] = {}
        self._checks: dict[Backend, HealthChecks] = {}
        self._retired: list[Backend] = []

    def follow(self, models: Mapping[str, BackendModel]) -> Mapping[str, Backend]:
        """The backends for these models; one whose settings and certificates are the same keeps its
        connections.

        Raises OSError for a certificate or key that cannot be used, and all is as it was.
        """
        before = self._current
        asked = {name: (model, tls.content(model.tls)) for name, model in models.items()}
        news = {
            name: backend_settings(name, model)
            for name, (model, keys) in asked.items()
            if name not in before or before[name][:2] != (model, keys)
        }
        self._current = {
            name: _Running(model, keys, self._new(news[name])) if name in news else before[name]
            for name, (model, keys) in asked.items()
        }
        kept = {running.backend for running in self._current.values()}
        for running in before.values():
            if running.backend not in kept:
                self._retire(running.backend)
        return {name: running.backend for name, running in self._current.items()}

    @property
    def live(self) -> list[Backend]:
        """All that may have exchanges under way."""
        self._retired = [backend for backend in self._retired if backend.active]
        return [running.backend for running in self._current.values()] + self._retired

    def where(self, condition: Callable[[Pool], bool]) -> tuple[str, ...]:
        """`backend@host:port` of the endpoints that meet a condition."""
        return tuple(
            f"{running.backend.name}@{pool.address.authority.decode()}"
            for running in self._current.values()
            for pool in running.backend.pools
            if condition(pool)
        )

    def close(self) -> None:
        for running in self._current.values():
            self._retire(running.backend)

    def _new(self, settings: BackendSettings) -> Backend:
        backend = Backend(settings, self._loop)
        if self._checked and backend.settings.health is not None:
            self._checks[backend] = _checks(backend)
        return backend

    def _retire(self, backend: Backend) -> None:
        checks = self._checks.pop(backend, None)
        if checks is not None:
            checks.close()
        backend.close()
        self._retired.append(backend)


def _checks(backend: Backend) -> "HealthChecks":
    from proxy.upstream.health import HealthChecks  # costs every worker 8 MB: httpx, and all it brings

    return HealthChecks(backend)


def gateway_settings(server: ServerModel) -> Settings:
    """What of `server` concerns every request."""
    limits, timeouts = server.limits, server.timeouts
    return Settings(
        limits=Limits(
            head=HeadLimits(limits.url, limits.headers, limits.header_count),
            body=limits.body,
            connections=limits.connections,
            header_timeout=timeouts.header,
            keep_alive=timeouts.keep_alive,
            body_idle=timeouts.body_idle,
        ),
        trusted=tuple(server.trusted_proxies),
        sample=server.tracing.sample / WHOLE if server.tracing.endpoint else 0.0,
        debug=server.debug_headers,
    )


def backend_settings(name: str, model: BackendModel) -> BackendSettings:
    """One backend's settings in the upstream core's own terms."""
    retries, breaker, health = model.retries, model.breaker, model.health
    addresses = tuple(Address(url.host, url.port, url.scheme == "https") for url in model.url)
    return BackendSettings(
        name=name,
        addresses=addresses,
        connect_timeout=model.timeouts.connect,
        response_timeout=model.timeouts.response,
        idle_timeout=model.timeouts.idle,
        pool_connections=model.pool.connections,
        pool_keep_alive=model.pool.keep_alive,
        max_in_flight=model.max_in_flight,
        retry=RetryPolicy(
            attempts=retries.attempts,
            on=frozenset(str(reason) for reason in retries.on),
            budget=retries.budget / WHOLE,
            base=retries.backoff.base,
            cap=retries.backoff.cap,
        ),
        breaker=BreakerPolicy(breaker.consecutive_failures, breaker.open_for, breaker.half_open_probes),
        health=None if health is None else HealthPolicy(**health.model_dump()),
        tls=tls.towards_backend(model.tls) if any(address.tls for address in addresses) else None,
        preserve_host=model.host == "preserve",
    )
