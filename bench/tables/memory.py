"""Memory: a gigabyte each way, with and without a stalled other end, and ten thousand idle connections."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import procfs, wire
from bench.children import BenchError, Child, running, wait_until
from bench.machine import free_port
from bench.options import Options
from bench.origin import fetch_size, origin
from bench.report import Report, Target, below
from bench.rounds import note
from bench.target import Target as Proxy
from bench.target import started
from bench.venvs import ROOT

GIGABYTE = 1 << 30
IDLE = 10_000
SPARE_FILES = 600  # descriptors that are needed beside the clients' connections
STALL = 2.0  # seconds
MEASURED = ("banyan", "banyan-asgi", "envoy", "caddy")
COLUMNS = (
    "<proxy",
    "at rest",
    "1 GB down",
    "client stalls",
    "1 GB up",
    "origin stalls",
    "idle clients",
    "MiB",
)


@dataclass(frozen=True, slots=True)
class Peaks:
    """The most that the process that serves clients had resident in each exercise, in bytes."""

    rest: int
    down: int
    client_stalls: int
    up: int
    origin_stalls: int
    idle: int
    connections: int

    def transfers(self) -> int:
        return max(self.down, self.client_stalls, self.up, self.origin_stalls)


def run(options: Options) -> Report:
    room, core = options.room("memory"), options.cores.load
    peaks: dict[str, Peaks] = {}
    with origin(room / "origin", core, GIGABYTE) as files, counter(room, core) as (port, backend):
        for peer in options.chosen(*MEASURED):
            with (
                started(peer, room / "down", files, [options.cores.proxy]) as down,
                started(peer, room / "up", port, [options.cores.proxy], counts) as up,
            ):
                peaks[peer.title] = exercise(down, up, backend)
    note("")
    return Report(
        "memory",
        "memory: the most that a worker had resident, MiB",
        COLUMNS,
        [row(title, found) for title, found in peaks.items()],
        targets_of(peaks),
        [
            f"The kernel's own high-water mark. A stall is {STALL:g} s in the middle of the gigabyte.",
            "idle clients: keep-alive connections, each after one answered request.",
            *options.left_out(),
        ],
        {title: asdict(found) for title, found in peaks.items()},
    )


@contextmanager
def counter(room: Path, core: int) -> Iterator[tuple[int, Child]]:
    """A backend that reads uploads to the end."""
    port = free_port()
    argv = [sys.executable, "-m", "bench.backend", str(port)]
    with running("backend", argv, cores=[core], log=room / "backend.log", cwd=ROOT) as child:
        wait_until(lambda: counts(port), child)
        yield port, child


def counts(port: int) -> bool:
    return fetch_size(port, "/bytes/1/1000") == 1000


def exercise(down: Proxy, up: Proxy, backend: Child) -> Peaks:
    """Takes one proxy through everything; `down` leads to the files, `up` to the counting backend."""
    fetch_size(down.port, "/api/payments/pay_42")
    rest = procfs.rss_bytes(down.worker())
    archive = "/api/exports/archive.bin"
    count = room_for_clients()
    return Peaks(
        rest=rest,
        down=peak(down, "1 GB down", lambda: wire.download(down.port, archive)),
        client_stalls=peak(down, "client stalls", lambda: wire.download(down.port, archive, STALL)),
        up=peak(up, "1 GB up", lambda: wire.upload(up.port, "/count", GIGABYTE)),
        origin_stalls=peak(up, "origin stalls", lambda: stalled_upload(up.port, backend)),
        idle=peak(down, "idle clients", lambda: hold(down.port, count)),
        connections=count,
    )


def peak(proxy: Proxy, what: str, act: Callable[[], object]) -> int:
    note(f"{proxy.title}: {what}")
    pid = proxy.worker()
    procfs.forget_peak(pid)
    try:
        act()
    except BenchError as error:
        raise BenchError(f"{proxy.title}, {what}: {error}") from error
    return procfs.peak_rss_bytes(pid)


def stalled_upload(port: int, backend: Child) -> None:
    """The backend stops, with everything in it, while the upload is under way, and goes on later."""
    timers = [
        threading.Timer(after, os.kill, (backend.pid, number))
        for after, number in ((0.1, signal.SIGSTOP), (0.1 + STALL, signal.SIGCONT))
    ]
    for timer in timers:
        timer.start()
    wire.upload(port, "/count", GIGABYTE)
    for timer in timers:
        timer.join()


def hold(port: int, count: int) -> None:
    for connection in wire.idle_connections(port, "/api/payments/pay_42", count):
        connection.close()


def room_for_clients() -> int:
    """How many connections this process may hold; ten thousand where the limit of open files allows it."""
    return min(IDLE, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_FILES)


def row(title: str, found: Peaks) -> list[str]:
    sizes = (found.rest, found.down, found.client_stalls, found.up, found.origin_stalls)
    return [title, *map(mib, sizes), f"{found.connections:,}", mib(found.idle)]


def mib(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def targets_of(peaks: dict[str, Peaks]) -> list[Target]:
    return [
        target
        for title, found in peaks.items()
        if title.startswith("Banyan")
        for target in (
            below(f"{title}: 1 GB up and down", found.transfers() / 2**20, 80, " MiB"),
            below(f"{title}: {IDLE:,} idle connections", enough(found), 150, " MiB"),
        )
    ]


def enough(found: Peaks) -> float | None:
    """The memory of the idle connections in MiB; None when the limit of open files let too few of them in."""
    return found.idle / 2**20 if found.connections >= IDLE else None
