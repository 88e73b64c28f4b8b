"""Ends and accidents of whole processes: draining, a worker that is killed, no file descriptors left."""

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.banyan import Banyan, Lane, running
from tests.support.dataplane import backend
from tests.support.hostile import assert_problem
from tests.support.origin import Exchange, Origin, echo
from tests.support.processes import descriptors, frozen, open_files
from tests.support.strict import Truncated
from tests.support.wire import DEADLINE, Address, Response, Wire, payment, request, wait_until

Running = contextlib.AbstractContextManager[Banyan]
Start = Callable[..., Running]

FILES = 100
"""File descriptors for those who are to run out of them."""


@pytest.fixture
def start(lane: Lane, main_origin: Origin, tmp_path: Path) -> Start:
    """Starts a program of its own for one test."""

    def start(
        workers: int = 1, drain: str = "1m", breaker: dict[str, int] | None = None, **settings: Any
    ) -> Running:
        config = {
            "server": {"workers": workers, "timeouts": {"drain": drain, "header": "5m"}},
            "backends": {"legacy": backend(main_origin, **{"breaker": breaker} if breaker else {})},
            "defaults": {"legacy": "legacy"},
        }
        return running(tmp_path, config, lane, **settings)

    return start


class Held:
    """A script that begins an answer and ends it when released."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun")
        self.released.wait(DEADLINE)
        exchange.send(b"ended")


@contextlib.contextmanager
def clients(banyan: Banyan, count: int) -> Iterator[list[Wire]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Wire(banyan.address)) for _ in range(count)]


def refuses(address: Address) -> bool:
    try:
        socket.create_connection(address, DEADLINE).close()
    except ConnectionRefusedError:
        return True
    return False


def test_draining_finishes_what_is_under_way(origin: Origin, start: Start) -> None:
    """Ready turns first; requests under way end whole; idle connections close; the program ends with 0."""
    held = Held()
    with start(part="serve") as banyan, clients(banyan, 3) as (busy, idle, uploading):
        assert idle.ask(request(b"/idle")).status == 200
        origin.plays(held, echo)
        busy.send(request(b"/busy"))
        head = busy.head()
        uploading.send(request(b"/up", b"Content-Length: 6", method=b"POST") + b"abc")
        origin.wait_for(3)
        banyan.terminate()
        wait_until(lambda: banyan.readyz() != 200)
        assert idle.is_closed()
        assert banyan.process.poll() is None
        wait_until(lambda: refuses(banyan.address))  # nobody may wait in a queue that is not served any more
        uploading.send(b"def")
        answered = uploading.response()
        assert (answered.body, answered.get(b"connection")) == (b"POST /up abcdef", b"close")
        held.released.set()
        assert busy.body_of(head).body == b"begunended"
        assert busy.is_closed() and uploading.is_closed()
        assert banyan.process.wait(60) == 0


def test_draining_has_an_end(origin: Origin, start: Start) -> None:
    """After `drain`, what still runs is cut, so that it cannot be taken for whole, and the program ends."""
    held = Held()
    with start(drain="1s") as banyan, clients(banyan, 1) as (wire,):
        origin.plays(held)
        wire.send(request())
        head = wire.head()
        banyan.terminate()
        assert not wire.body_of(head).complete
        banyan.process.wait(60)
        held.released.set()


def test_no_request_is_lost_by_a_drain_under_load(origin: Origin, start: Start) -> None:
    """Whatever the origin executed was answered, on however many connections, up to the last moment."""
    answered: list[int] = []

    def loads(banyan: Banyan) -> None:
        with contextlib.suppress(OSError, Truncated):
            while True:
                with Wire(banyan.address) as wire:
                    while True:
                        response = wire.ask(request(b"/load", method=b"POST", body=b"pay"))
                        answered.append(response.status)
                        if response.get(b"connection") == b"close":
                            break

    with start(workers=2) as banyan:
        threads = [threading.Thread(target=loads, args=(banyan,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answered) > 100)
        banyan.terminate()
        for thread in threads:
            thread.join(DEADLINE * 3)
        assert banyan.process.wait(60) == 0
    assert set(answered) == {200}
    assert len(answered) == len(origin.complete()) == len(origin.seen)


def test_a_killed_worker_costs_its_own_requests_only(origin: Origin, start: Start) -> None:
    """The others' requests go on, and its place is taken."""
    held = Held()
    with start(workers=2, part="serve") as banyan, clients(banyan, 16) as wires:
        wait_until(lambda: len(banyan.workers()) == 2)
        origin.plays(held)
        for wire in wires:
            wire.send(request())
        heads = [wire.head() for wire in wires]
        victim = banyan.workers()[0]
        before = open_connections(victim, banyan)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: victim not in banyan.workers() and len(banyan.workers()) == 2)
        held.released.set()
        complete = [wire.body_of(head).complete for wire, head in zip(wires, heads, strict=True)]
        assert complete.count(False) == before
        origin.plays(echo)
        for _ in range(20):
            with clients(banyan, 1) as (wire,):
                assert wire.ask(request(b"/after")).body == b"GET /after "


def open_connections(pid: int, banyan: Banyan) -> int:
    """How many client connections a worker holds."""
    port = f":{banyan.address[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(port) and row[3] == "01"}
    return len(inodes.intersection(what for _, what in descriptors(pid)))


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_running_out_of_file_descriptors(origin: Origin, start: Start) -> None:
    """Accepting pauses, without a spin and without a crash; it goes on when descriptors are free again."""
    with start(open_files=FILES) as banyan:
        (worker,) = banyan.workers()
        with clients(banyan, 150) as wires:
            wires[0].send(request(b"/first"))
            wait_until(lambda: open_files(worker) == FILES)
            used = cpu_seconds(worker)
            time.sleep(2)
            assert cpu_seconds(worker) - used < 1, "it spins"
        wait_until(lambda: answers(banyan))
        assert banyan.workers() == [worker]


def test_no_descriptor_left_is_not_the_backends_fault(origin: Origin, start: Start) -> None:
    """Who has none left for a connection to the backend says so, and goes on as soon as there is one."""
    with start(open_files=FILES, breaker={"consecutive_failures": 2}) as banyan:
        (worker,) = banyan.workers()
        with clients(banyan, 150) as wires:

            def ask() -> Response:
                return wires[0].ask(payment(b"/"))

            wait_until(lambda: open_files(worker) == FILES)
            wait_until(lambda: ask().status != 200)
            for refused in [ask() for _ in range(8)]:
                assert refused.status == 503
                assert_problem(refused, "overloaded")
                assert b"descriptor" in refused.body, "the backend's breaker has opened"
                assert int(refused.get(b"retry-after") or 0) > 0
            assert origin.seen == []
        wait_until(lambda: answers(banyan))


def test_all_descriptors_that_may_be_had_are_used(origin: Origin, start: Start) -> None:
    """The soft limit is for programs that use select(2); with it 10,000 clients would be 1,000."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, before[1]), before[1]))
    try:
        with start() as banyan:
            (worker,) = banyan.workers()
            assert resource.prlimit(worker, resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def answers(banyan: Banyan) -> bool:
    """Whether a new connection is served."""
    with contextlib.suppress(OSError, Truncated), clients(banyan, 1) as (wire,):
        wire.socket.settimeout(2)
        return wire.ask(request()).status == 200
    return False


def test_a_stall_is_survived(origin: Origin, main_proxy: Banyan) -> None:
    """What waited is served, or shed with a hint when to return; then all is well again."""
    (worker,) = main_proxy.workers()
    with clients(main_proxy, 10) as wires:
        with frozen(worker):
            for wire in wires:
                wire.send(request(b"/stalled"))
            time.sleep(1.5)
        for wire in wires:
            answered = wire.response()
            assert answered.status == 200 or int(answered.get(b"retry-after") or 0) > 0
        wait_until(lambda: answers(main_proxy))
    assert main_proxy.workers() == [worker]
