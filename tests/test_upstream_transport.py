"""The httpx transport's uploads: bodies and backends that break off, answers that come early."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from proxy.upstream.backend import Backend
from proxy.upstream.settings import Address, BackendSettings
from proxy.upstream.transport import BackendTransport

PIECE = b"x" * 65536
REFUSAL = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class BrokeOff(Exception):
    """The request's own body could not be read to its end."""


async def breaking_off() -> AsyncIterator[bytes]:
    yield b"begun"
    raise BrokeOff


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield PIECE


@asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[tuple[httpx.AsyncClient, Backend]]:
    """A client whose backend's only endpoint is this handler; at the end nothing is under way any more."""
    served: list[asyncio.Task[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.transport.abort()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.create_task(handle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1])
    backend = Backend(BackendSettings("origin", (address,)), asyncio.get_running_loop())
    async with httpx.AsyncClient(transport=BackendTransport(backend), base_url="http://origin") as client:
        yield client, backend
    assert backend.active == set()
    backend.close()
    async with asyncio.timeout(30):
        await asyncio.gather(*served)
    server.close()


async def whole(reader: asyncio.StreamReader) -> bytes:
    """A chunked request's body."""
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readuntil(b"0\r\n\r\n")


async def test_a_body_of_unknown_length_is_chunked() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await whole(reader) == b"3\r\none\r\n5\r\nthree\r\n0\r\n\r\n"
        writer.write(b"HTTP/1.1 204 Done\r\n\r\n")
        await reader.read()

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"one", b"", b"three"):
            yield piece

    async with asking(serve) as (client, _):
        assert (await client.post("/", content=pieces())).status_code == 204


async def test_a_body_that_breaks_off_is_its_readers_error_and_cuts_the_request() -> None:
    """The backend must not take what came for the whole."""
    received = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with suppress(ConnectionError):
            received.set_result(await reader.read())

    async with asking(serve) as (client, _):
        with pytest.raises(BrokeOff):
            await client.post("/", content=breaking_off())
        assert b"0\r\n\r\n" not in await asyncio.wait_for(received, 30)


async def test_a_backend_that_goes_in_the_middle_of_an_upload_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(PIECE))

    async with asking(serve) as (client, _):
        with pytest.raises(httpx.ReadError):
            await client.post("/", content=endless())


async def test_a_backend_that_answers_early_ends_the_upload() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(PIECE))
        writer.write(REFUSAL)
        while await reader.read(len(PIECE)):
            pass

    async with asking(serve) as (client, backend):
        assert (await client.post("/", content=endless())).status_code == 413
        assert backend.pools[0].open == 0


async def test_an_upload_that_is_cancelled_leaves_nothing_behind() -> None:
    begun = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(PIECE))
        begun.set()
        while await reader.read(len(PIECE)):
            pass

    async with asking(serve) as (client, _):
        asked = asyncio.create_task(client.post("/", content=endless()))
        await begun.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
