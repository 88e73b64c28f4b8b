"""The loop of active health checks, against a socket of this process that is ill when told to be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from proxy.upstream.backend import Backend
from proxy.upstream.health import HealthChecks
from proxy.upstream.settings import Address, BackendSettings, HealthPolicy

QUICK = HealthPolicy(path="/up?deep=1", interval=0.001, timeout=30.0, unhealthy_after=2, healthy_after=2)


class Endpoint:
    """Answers as `answer` says: a status line, nothing for ever (None), or a closed connection (empty)."""

    def __init__(self) -> None:
        self.answer: bytes | None = b"200 OK"
        self.heads: list[bytes] = []
        self.open = 0
        self._changed = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while self.answer != b"":
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self._tell()
                if self.answer is None:
                    await reader.read()
                    break
                writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % self.answer)
        writer.close()
        self.open -= 1
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that changes when this endpoint is asked or left."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(holds)


@asynccontextmanager
async def checked(policy: HealthPolicy = QUICK) -> AsyncIterator[tuple[Backend, Endpoint, HealthChecks]]:
    endpoint = Endpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    settings = BackendSettings("origin", (address,), health=policy, max_in_flight=1)
    backend = Backend(settings, asyncio.get_running_loop())
    checks = HealthChecks(backend)
    try:
        yield backend, endpoint, checks
    finally:
        checks.close()
        await endpoint.until(lambda: endpoint.open == 0)
        server.close()


async def test_an_endpoint_that_answers_well_is_asked_on_one_connection() -> None:
    async with checked() as (backend, endpoint, _):
        await endpoint.until(lambda: len(endpoint.heads) >= 20)
        assert backend.pools[0].healthy
        assert endpoint.open == 1
        assert endpoint.heads[0].startswith(b"GET /up?deep=1 HTTP/1.1\r\n")
        assert b"\r\nUser-Agent: banyan-health\r\n" in endpoint.heads[0]


@pytest.mark.parametrize("illness", [b"500 Sick", b"302 Elsewhere", b""], ids=["500", "302", "closes"])
async def test_an_endpoint_that_answers_badly_is_unhealthy_until_it_is_well_again(illness: bytes) -> None:
    async with checked() as (backend, endpoint, _):
        await endpoint.until(lambda: bool(endpoint.heads))
        endpoint.answer = illness
        await endpoint.until(lambda: not backend.pools[0].healthy)
        endpoint.answer = b"204 Well"
        await endpoint.until(lambda: backend.pools[0].healthy)


async def test_an_endpoint_that_hangs_is_unhealthy() -> None:
    """It takes connections and requests, and never answers: the check itself has to end."""
    policy = HealthPolicy(interval=0.001, timeout=0.1, unhealthy_after=2)
    async with checked(policy) as (backend, endpoint, _):
        endpoint.answer = None
        await endpoint.until(lambda: not backend.pools[0].healthy)


async def test_checks_wait_for_nobody_and_no_request_waits_for_them() -> None:
    """They use a connection of their own: neither the pool nor the bulkhead knows of them."""
    async with checked() as (backend, endpoint, _):
        await endpoint.until(lambda: bool(endpoint.heads))
        assert backend.active == set()
        assert backend.pools[0].open == 0


async def test_closed_checks_ask_no_more_and_leave_no_connection() -> None:
    async with checked() as (_, endpoint, checks):
        await endpoint.until(lambda: bool(endpoint.heads))
        checks.close()
        await endpoint.until(lambda: endpoint.open == 0)
