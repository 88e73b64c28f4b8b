"""The data plane in one process with the bench, over transports that are none.

The product's connection class gets requests as bytes, with the configuration of the speed table; sockets
are replaced by objects that take what is written and answer at once. What is left out is the kernel and
uvloop, so figures are far quieter than a load test's, and show what a change in the code is worth.
"""

import asyncio
import gc
import json
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from bench.origin import small_json
from bench.peers.banyan import Setup, configuration
from bench.peers.base import Site
from bench.report import table
from bench.stats import Spread, spread
from proxy.app import LANE, DataPlaneProcess
from proxy.config.loading import load
from proxy.config.snapshot import Snapshot
from proxy.forward.client import ClientConnection
from proxy.upstream.connection import Connection
from proxy.upstream.pool import Pool

MERCHANTS = 100
WIDTH = 20
"""Client connections. Their requests are under way at the same time, so that they share what an event loop
costs for each of its turns, as they do under load."""
BATCH = 2_000
LANES = ("express", "asgi")
LIKE_WRK = b"Host: 127.0.0.1:8080\r\nX-Merchant-Id: m_%d\r\n"
LIKE_A_BROWSER = (
    b"Host: shop.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"
    b"Accept: application/json\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\nAccept-Encoding: gzip, br\r\n"
    b"Connection: keep-alive\r\nReferer: https://shop.example.com/payments\r\nX-Merchant-Id: m_%d\r\n"
    b"Cookie: PHPSESSID=b7ad6b7169203331b7ad6b71; consent=1; theme=dark\r\nX-Request-Id: 8448eb211c80319c\r\n"
)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 1024\r\nConnection: keep-alive\r\n\r\n"
) + small_json().encode()


class Client:
    """The transport of a client's connection: notes what was written."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 50_000) if name == "peername" else None


class Origin(Client):
    """The transport of a backend's connection: remembers that a request is to be answered."""

    def __init__(self, pool: Pool, asked: list[Connection]) -> None:
        super().__init__()
        self._asked = asked
        self._ends = socket.socketpair()  # of a resting connection the kernel is asked what there is to read
        self._connection = Connection(pool)
        self._connection.connection_made(self)  # type: ignore[arg-type]  # uvloop's do not inherit either
        self._connection.made_at = time.monotonic()
        pool.open += 1
        pool.rest(self._connection)

    def write(self, data: bytes) -> None:
        self.written += len(data)
        self._asked.append(self._connection)

    def get_extra_info(self, name: str) -> Any:
        return self._ends[0] if name == "socket" else None


class Bench:
    """One data plane with some client connections and as many resting ones to each backend."""

    def __init__(self, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> None:
        self.process = DataPlaneProcess(snapshot, loop)
        config = self.process.uvicorn_config()
        config.load()
        self._asked: list[Connection] = []
        for backend in self.process._backends.live:
            for _ in range(WIDTH):
                Origin(backend.pools[0], self._asked)
        self._clients = [Client() for _ in range(WIDTH)]
        self._connections = [connection(config, loop) for _ in range(WIDTH)]
        for made, client in zip(self._connections, self._clients, strict=True):
            made.connection_made(client)  # type: ignore[arg-type]  # as above

    async def micros(self, requests: Iterable[bytes]) -> float:
        """CPU time in µs that one of these requests takes, with its answer."""
        waiting, count = iter(requests), 0
        begun = time.process_time()
        while wave := list(islice(waiting, WIDTH)):
            await self._serve(wave)
            count += len(wave)
        return (time.process_time() - begun) / count * 1e6

    async def _serve(self, wave: list[bytes]) -> None:
        """One request on each connection; all of them are asked before the first is answered."""
        asked, active = self._asked, self._connections[: len(wave)]
        for made, request in zip(active, wave, strict=True):
            made.data_received(request)
        await until(lambda: len(asked) == len(wave))
        while asked:
            asked.pop().data_received(ANSWER)
        await until(lambda: all(made.cycle is None for made in active))


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop turn until it is so."""
    while not condition():  # noqa: ASYNC110  # nothing in the data plane would announce it
        await asyncio.sleep(0)


def connection(config: uvicorn.Config, loop: asyncio.AbstractEventLoop) -> ClientConnection:
    """A connection object as uvicorn makes them."""
    made: Callable[..., ClientConnection] = config.http_protocol_class  # type: ignore[assignment]  # is ours
    return made(config=config, server_state=ServerState(), app_state={}, _loop=loop)


def requests(fields: bytes) -> list[bytes]:
    """A GET of every merchant."""
    head = b"GET /api/payments/pay_42 HTTP/1.1\r\n" + fields + b"\r\n"
    return [head % merchant for merchant in range(MERCHANTS)]


async def measure(bench: Bench, fields: bytes, rounds: int) -> Spread:
    """The spread over `rounds` batches, after one that only warms up."""
    endless = cycle(requests(fields))
    await bench.micros(islice(endless, BATCH))
    return spread([await bench.micros(islice(endless, BATCH)) for _ in range(rounds)])


def run(rounds: int) -> str:
    """Both kinds of requests through both lanes of a data plane; the table to print."""
    with tempfile.TemporaryDirectory(prefix="banyan-inprocess-") as folder:
        product = configuration(Site(Path(folder), 8080, 9), Setup())
        del product["server"]["tracing"]  # nobody listens, and failing exports cost time of their own
        snapshot = load(json.dumps(product), "routes.yaml", {}).snapshot
        assert snapshot is not None
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            rows = [row for lane in LANES for row in runner.run(through(lane, snapshot, rounds))]
    return "\n".join(table(["<lane", "<GET with", "least µs", "median", "most"], rows))


async def through(lane: str, snapshot: Snapshot, rounds: int) -> list[list[str]]:
    """The rows of one lane."""
    os.environ[LANE] = lane
    bench = Bench(snapshot, asyncio.get_running_loop())
    gc.collect()
    gc.freeze()  # as a worker does
    rows = []
    for title, fields in (("wrk's two fields", LIKE_WRK), ("a browser's ten", LIKE_A_BROWSER)):
        found = await measure(bench, fields, rounds)
        rows.append([lane, title, f"{found.low:.1f}", f"{found.median:.1f}", f"{found.high:.1f}"])
    return rows
