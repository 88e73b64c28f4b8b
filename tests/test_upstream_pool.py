"""Pool, exchange and the httpx transport against real sockets of this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import httpx
import pytest

from proxy.upstream.backend import Backend
from proxy.upstream.call import Call
from proxy.upstream.errors import StreamClosed, UpstreamError
from proxy.upstream.failures import Failure
from proxy.upstream.health import Verdict
from proxy.upstream.pool import MAX_AGE
from proxy.upstream.retry import RetryPolicy
from proxy.upstream.settings import Address, BackendSettings, HealthPolicy
from proxy.upstream.stream import HIGH_WATER, Stream
from proxy.upstream.transport import BackendTransport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

GET = Call(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", safe=True)
BIG = HIGH_WATER * 8


@asynccontextmanager
async def origin(
    serve: Serve, at: tuple[str, int] = ("127.0.0.1", 0), **settings: object
) -> AsyncIterator[Backend]:
    """A backend whose only endpoint is this handler."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
            await reader.read()

    server = await asyncio.start_server(handle, *at)
    port = server.sockets[0].getsockname()[1]
    address = Address("127.0.0.1", port)
    backend = Backend(
        BackendSettings("origin", (address,), **settings),  # type: ignore[arg-type]  # per-test fields
        asyncio.get_running_loop(),
    )
    try:
        yield backend
    finally:
        backend.close()
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def get(backend: Backend, call: Call = GET) -> bytes:
    """The whole body of one answer."""
    stream = Stream(backend.loop, partial(backend.exchange, call))
    stream.exchange.start()
    await stream.response()
    body = b""
    while data := await stream.read():
        body += data
    return body


async def resting(backend: Backend) -> None:
    """Until the pool has a connection at rest; nothing announces that."""
    async with asyncio.timeout(30):
        while not backend.pools[0].resting:  # noqa: ASYNC110  # an event for tests alone has no place in the pool
            await asyncio.sleep(0.01)


def answering(*bodies: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in bodies:
            await head_of(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    return serve


async def test_a_connection_that_was_paused_at_its_end_serves_again() -> None:
    """The last bytes of a response overfill the reader and end the exchange at once."""
    async with origin(answering(b"x" * (HIGH_WATER + 1), b"second")) as backend:
        stream = Stream(backend.loop, partial(backend.exchange, GET))
        stream.exchange.start()
        await resting(backend)
        assert await asyncio.wait_for(get(backend), 30) == b"second"
        assert backend.pools[0].open == 1


async def test_a_slow_reader_holds_the_origin_back() -> None:
    written = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BIG * 16))
        for _ in range(16):
            writer.write(b"x" * BIG)
            await writer.drain()
            written += BIG

    async with origin(serve) as backend:
        stream = Stream(backend.loop, partial(backend.exchange, GET))
        stream.exchange.start()
        await stream.response()
        await asyncio.sleep(0.3)
        assert written < BIG * 8
        stream.close()
        with pytest.raises(StreamClosed):
            while await stream.read():
                pass


async def test_a_full_pool_makes_requests_wait_their_turn() -> None:
    async with origin(answering(*[b"ok"] * 10), pool_connections=1) as backend:
        assert await asyncio.gather(*(get(backend) for _ in range(10))) == [b"ok"] * 10
        assert backend.pools[0].open == 1


async def test_a_request_that_waited_in_vain_says_so() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        asked.set()

    async with origin(silent, pool_connections=1, response_timeout=10.0) as backend:
        first = Stream(backend.loop, partial(backend.exchange, GET))
        second = Stream(backend.loop, partial(backend.exchange, GET))
        for stream in (first, second):
            stream.exchange.start()
        await asked.wait()
        backend.sweep(asyncio.get_running_loop().time() + 11)
        for stream, failure in ((first, Failure.RESPONSE_TIMEOUT), (second, Failure.POOL_TIMEOUT)):
            with pytest.raises(UpstreamError) as error:
                await stream.response()
            assert error.value.failure is failure


async def test_resting_connections_are_closed_after_their_time() -> None:
    async with origin(answering(b"ok"), pool_keep_alive=1.0) as backend:
        await get(backend)
        now = asyncio.get_running_loop().time()
        backend.sweep(now)
        assert len(backend.pools[0].resting) == 1
        backend.sweep(now + 1.1)
        await asyncio.sleep(0.05)
        assert backend.pools[0].open == 0


async def test_a_cancelled_connect_leaves_its_connection_to_the_next() -> None:
    async with origin(answering(b"ok")) as backend:
        stream = Stream(backend.loop, partial(backend.exchange, GET))
        stream.exchange.start()
        stream.close()
        await resting(backend)
        assert await get(backend) == b"ok"
        assert backend.pools[0].open == 1


async def test_httpx_speaks_through_the_pool() -> None:
    seen: list[bytes] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await head_of(reader):
            seen.append(head)
            body = b""
            if b"content-length: 4" in head.lower():
                body = await reader.readexactly(4)
            writer.write(
                b"HTTP/1.1 299 Odd\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )

    async with (
        origin(echo) as backend,
        httpx.AsyncClient(transport=BackendTransport(backend), base_url="http://x") as client,
    ):
        answer = await client.post("/p", content=b"body")
        assert (answer.status_code, answer.content, answer.reason_phrase) == (299, b"body", "Odd")
        assert answer.headers.get_list("x-a") == ["1", "2"]
        raw = await client.get("/", extensions={"target": b"/a/../b?c[]=%7E"})
        assert raw.status_code == 299
        assert seen[1].startswith(b"GET /a/../b?c[]=%7E HTTP/1.1\r\n")


async def test_httpx_is_told_what_failed() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(b"not http\r\n\r\n")

    async with origin(garbage) as backend, httpx.AsyncClient(transport=BackendTransport(backend)) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("http://x/")
    once = RetryPolicy(attempts=1)
    down = BackendSettings("down", (Address("127.0.0.1", 1),), retry=once)
    transport = BackendTransport(Backend(down, asyncio.get_running_loop()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("http://x/")


def test_a_health_verdict_needs_several_answers_in_a_row_to_change() -> None:
    verdict = Verdict(HealthPolicy(unhealthy_after=3, healthy_after=2))
    assert [verdict.note(well) for well in (False, False, True, False, False, False)] == [True] * 5 + [False]
    assert [verdict.note(well) for well in (True, False, True, True)] == [False, False, False, True]


def test_an_addresss_authority_leaves_the_schemes_own_port_out() -> None:
    assert Address("a", 80).authority == b"a"
    assert Address("a", 443, tls=True).authority == b"a"
    assert Address("::1", 8080).authority == b"[::1]:8080"


# -- a name whose address changes


@pytest.fixture
async def moving(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Backend, list[str]]]:
    """A backend by a name that the list's last address belongs to; whoever answers says its own address."""
    addresses = ["127.0.0.1"]
    loop = asyncio.get_running_loop()

    async def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert host == "moving.test"
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (addresses[-1], port))]

    monkeypatch.setattr(loop, "getaddrinfo", resolve)
    async with origin(say_where) as old:
        port = old.pools[0].address.port
        async with origin(say_where, at=("127.0.0.2", port)):
            backend = Backend(BackendSettings("origin", (Address("moving.test", port),)), loop)
            yield backend, addresses
            backend.close()


async def say_where(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    here = writer.get_extra_info("sockname")[0].encode()
    while head := await head_of(reader):
        ends = b"Connection: close\r\n" if b"GET /last" in head else b""
        writer.write(b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (ends, len(here), here))


async def test_each_new_connection_asks_for_the_address_anew(moving: tuple[Backend, list[str]]) -> None:
    backend, addresses = moving
    assert await get(backend, Call(b"GET /last HTTP/1.1\r\nHost: a\r\n\r\n", safe=True)) == b"127.0.0.1"
    addresses.append("127.0.0.2")
    assert await get(backend) == b"127.0.0.2"


async def test_a_connection_in_use_is_not_kept_so_long_that_a_new_address_is_never_asked_for(
    moving: tuple[Backend, list[str]],
) -> None:
    backend, addresses = moving
    assert await get(backend) == b"127.0.0.1"
    addresses.append("127.0.0.2")
    (connection,) = backend.pools[0].resting
    assert await get(backend) == b"127.0.0.1"
    connection.made_at -= MAX_AGE + 1
    assert await get(backend) == b"127.0.0.1"
    assert await get(backend) == b"127.0.0.2"
