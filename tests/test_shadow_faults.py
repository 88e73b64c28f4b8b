"""The real program with its shadow worker killed, stopped, hung or flooded: clients notice nothing."""

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shadow.channel import PATIENCE
from tests.support.banyan import LANES, Banyan, Lane, running
from tests.support.processes import command, descendants, frozen, rss
from tests.support.wire import response

Handler = Callable[[BaseHTTPRequestHandler], bytes]


class Roomy(ThreadingHTTPServer):
    """Has room for all whom the worker sends at once; beyond five the kernel would let them wait a second."""

    request_queue_size = 256
    daemon_threads = True


@contextlib.contextmanager
def backend(answer: Handler) -> Iterator[str]:
    """A backend that answers what the function returns, as JSON; its url."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = answer(self)
            with contextlib.suppress(OSError):
                self.wfile.write(response(b"200 OK", b"Content-Type: application/json", body=body))

        def log_message(self, *_: object) -> None:
            pass

    server = Roomy(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def same(_: BaseHTTPRequestHandler) -> bytes:
    return b'{"a": 1, "pad": "%s"}' % (b"x" * 2000)


def other(_: BaseHTTPRequestHandler) -> bytes:
    return b'{"a": 2, "pad": "%s"}' % (b"x" * 2000)


def config(legacy: str, modern: str, home: Path, timeout: str = "30s", **queue: Any) -> dict[str, Any]:
    """One mirrored route. `timeout` is the shadow's, and `queue` the bounds of what waits for the worker."""
    return {
        "backends": {"legacy": {"url": legacy, "dialect": "plain"}, "modern": {"url": modern}},
        "defaults": {"legacy": "legacy"},
        "shadow": {
            "socket": str(home / "s"),
            "log": {"path": str(home / "diffs.jsonl"), "verdicts": ["all"]},
            "queue": queue or {"exchanges": 2000},
        },
        "routes": [
            {
                "id": "r",
                "match": {"path": "/{rest:path}"},
                "modern": "modern",
                "stage": "shadow",
                "shadow": {"timeout": timeout, "noise": {"sample": 0}},
            }
        ],
    }


def ask(banyan: Banyan, times: int = 1) -> list[int]:
    """So many requests on one connection; their statuses."""
    with contextlib.closing(http.client.HTTPConnection(*banyan.address, timeout=30)) as connection:
        statuses = []
        for _ in range(times):
            connection.request("GET", "/a")
            answer = connection.getresponse()
            assert json.loads(answer.read())["a"] == 1
            statuses.append(answer.status)
        return statuses


def shadow_pid(banyan: Banyan) -> int | None:
    """The worker's process."""
    family = descendants(banyan.process.pid)
    return next((pid for pid in family if "proxy.shadow_process" in command(pid)), None)


def counted(banyan: Banyan, name: str, word: str) -> float:
    """A counter of route r on /metrics."""
    with contextlib.closing(http.client.HTTPConnection(*banyan.control, timeout=30)) as connection:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    lines = [line for line in text.splitlines() if line.startswith(name + "{") and f'"{word}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def wait(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def compared(banyan: Banyan) -> float:
    return counted(banyan, "banyan_shadow_verdicts_total", "match")


UNEQUAL = {"mismatch", "inconclusive", "skipped"}
"""What becomes of exchanges that differ: a busy machine cannot look at all of them twice, nor ask for all."""


def logged(home: Path) -> list[dict[str, Any]]:
    """The diff log so far, whole lines."""
    log = home / "diffs.jsonl"
    lines = log.read_bytes().splitlines(keepends=True) if log.exists() else []
    return [json.loads(line) for line in lines if line.endswith(b"\n")]


def spared(banyan: Banyan) -> float:
    """What the worker did not ask for, as answers took long, or as it came to it too late: on a busy machine
    both happen."""
    return sum(counted(banyan, "banyan_shadow_skipped_total", why) for why in ("overloaded", "expired"))


def accounted(banyan: Banyan) -> float:
    """The requests that were compared, or left out for a reason."""
    names = ("banyan_shadow_verdicts_total", "banyan_shadow_skipped_total")
    return sum(counted(banyan, name, "r") for name in names)


def down(banyan: Banyan) -> float:
    """Those that reached no worker, or were with one when it died."""
    return counted(banyan, "banyan_shadow_skipped_total", "worker_down")


def warm(banyan: Banyan) -> int:
    """Until exchanges reach the worker and come back compared; how many requests that took."""
    asked = 0
    while not asked or not compared(banyan):
        ask(banyan)
        asked += 1
        assert asked < 1200
        time.sleep(0.05)
    return asked


@pytest.fixture(params=LANES)
def lane(request: pytest.FixtureRequest) -> Lane:
    return request.param  # type: ignore[no-any-return]  # pytest types it as Any


def test_a_killed_worker_costs_no_answer_and_its_successor_gets_what_waited(
    tmp_path: Path, lane: Lane
) -> None:
    with (
        backend(same) as legacy,
        backend(same) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), lane, "serve") as banyan,
    ):
        asked = 0
        while True:
            asked += warm(banyan)
            if handed_on(banyan, asked):
                break
            asked += 120
            assert asked < 2000


def handed_on(banyan: Banyan, asked: int) -> bool:
    """Whether the successor of a worker that is killed gets what is asked before it is there, after so many.

    False where the machine took longer to start it than exchanges wait.
    """
    wait(lambda: accounted(banyan) == asked)
    killed, before = shadow_pid(banyan), down(banyan)
    assert killed is not None
    began = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    assert ask(banyan, 20) == [200] * 20  # while it dies: it may still be handed some of them
    wait(lambda: not Path(f"/proc/{killed}").exists())  # it lets go of its sockets last
    assert ask(banyan, 100) == [200] * 100
    wait(lambda: shadow_pid(banyan) not in (None, killed))
    wait(lambda: accounted(banyan) == asked + 120)
    if down(banyan) <= before + 20:
        return True
    assert time.monotonic() - began > PATIENCE, banyan.log()
    return False


def test_what_a_killed_worker_had_is_skipped_so_that_the_sum_holds(tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def slow(_: BaseHTTPRequestHandler) -> bytes:
        asked.set()
        over.wait(60)
        return same(_)

    with (
        backend(same) as legacy,
        backend(slow) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        ask(banyan, 20)
        wait(asked.is_set)  # the worker has some of them, and no answer
        killed = shadow_pid(banyan)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        over.set()
        wait(lambda: counted(banyan, "banyan_shadow_skipped_total", "worker_down") > 0)
        ask(banyan, 20)
        verdicts, skipped = "banyan_shadow_verdicts_total", "banyan_shadow_skipped_total"
        wait(lambda: counted(banyan, verdicts, "r") + counted(banyan, skipped, "r") == 40)


def test_what_is_asked_before_the_worker_is_there_is_compared_too(tmp_path: Path) -> None:
    with (
        backend(same) as legacy,
        backend(same) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        assert ask(banyan, 20) == [200] * 20
        wait(lambda: compared(banyan) + spared(banyan) == 20, 60)
        assert compared(banyan)


def test_a_stopped_worker_costs_bounded_memory_and_no_answer(tmp_path: Path) -> None:
    bounds = {"exchanges": 100, "bytes": "1MiB"}
    with (
        backend(same) as legacy,
        backend(same) as modern,
        running(tmp_path, config(legacy, modern, tmp_path, **bounds), "express", "serve") as banyan,
    ):
        warm(banyan)
        stopped = shadow_pid(banyan)
        assert stopped is not None
        with frozen(stopped):
            [worker] = banyan.workers()
            assert ask(banyan, 300) == [200] * 300
            before = rss(worker)
            assert ask(banyan, 1200) == [200] * 1200
            assert rss(worker) - before < 8 * 1024 * 1024
            wait(lambda: counted(banyan, "banyan_shadow_skipped_total", "queue_full") > 0)
        before_more = compared(banyan)
        wait(lambda: ask(banyan) and compared(banyan) > before_more)


def test_a_hung_backend_fails_its_exchanges_and_delays_nobody(tmp_path: Path) -> None:
    over = threading.Event()

    def hang(_: BaseHTTPRequestHandler) -> bytes:
        over.wait(60)
        return b""

    with (
        backend(same) as legacy,
        backend(hang) as modern,
        running(tmp_path, config(legacy, modern, tmp_path, timeout="1s"), "express", "serve") as banyan,
    ):
        wait(lambda: ask(banyan) and counted(banyan, "banyan_shadow_failures_total", "timeout") > 0, 60)
        assert ask(banyan, 300) == [200] * 300
        assert compared(banyan) == 0
        wait(lambda: counted(banyan, "banyan_shadow_skipped_total", "overloaded") > 0)
        over.set()


def test_a_backend_that_answers_garbage_is_a_failure(tmp_path: Path) -> None:
    def garbage(request: BaseHTTPRequestHandler) -> bytes:
        request.wfile.write(b"\x00\xff no http at all\r\n\r\n")
        request.close_connection = True
        return b""

    with (
        backend(same) as legacy,
        backend(garbage) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        wait(lambda: ask(banyan) and counted(banyan, "banyan_shadow_verdicts_total", "failed") > 0, 60)
        assert compared(banyan) == 0


def test_a_difference_is_in_the_log_and_skips_are_no_matches(tmp_path: Path) -> None:
    with (
        backend(same) as legacy,
        backend(other) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        wait(lambda: ask(banyan) and counted(banyan, "banyan_shadow_verdicts_total", "mismatch") > 0, 60)
        with contextlib.closing(http.client.HTTPConnection(*banyan.address, timeout=30)) as connection:
            connection.request("HEAD", "/a")
            connection.getresponse().read()
            connection.request("POST", "/a", b"x=1")
            connection.getresponse().read()
        wait(lambda: counted(banyan, "banyan_shadow_skipped_total", "uncompared_method") == 1)
        wait(lambda: counted(banyan, "banyan_shadow_skipped_total", "unsafe_method") == 1)
        lines = logged(tmp_path)
        verdicts = {line["verdict"] for line in lines}
        assert "mismatch" in verdicts and verdicts <= UNEQUAL
        assert compared(banyan) == 0
        assert "queue_full" not in banyan.log()
