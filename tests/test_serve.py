"""The supervisor: children that die, signals at bad moments, files that are broken."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.children import BACKOFF, STEADY, Restarts, ending
from proxy.serve import ONE_WISH
from tests.support.banyan import free_port
from tests.support.fleet import Replica
from tests.support.origin import Exchange, Origin, answer
from tests.support.processes import descendants
from tests.support.relay import Relay
from tests.support.rollout import eventually
from tests.support.strict import Message
from tests.support.wire import Address, Wire, request, response

PATIENCE = 60.0
"""Seconds that a busy machine may need for anything."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    started = Origin()
    started.plays(answer(response()))
    yield started
    started.close()


def config(origin: Origin, **server: Any) -> dict[str, Any]:
    backends = {"legacy": {"url": f"http://127.0.0.1:{origin.port}"}}
    return {"server": {"workers": 1, "access_log": "off", **server}, "backends": backends}


@pytest.fixture
def replica(tmp_path: Path, origin: Origin) -> Iterator[Replica]:
    started = Replica(tmp_path, config(origin), part="serve")
    yield started
    started.stop()


def status_of(address: Address) -> int:
    with Wire(address) as client:
        return client.ask(request(b"/")).status


def pid_of(module: str, supervisor: int) -> int | None:
    """The child that runs a module."""
    for pid in descendants(supervisor):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # gone since
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if module.encode() in words:
                return pid
    return None


def ended(home: Path) -> list[str]:
    """What the supervisor said of workers that ended."""
    said = (home / "log.txt").read_text().splitlines()
    return [line for line in said if line.startswith("the worker ")]


# -- children that die


def test_a_child_that_dies_young_is_started_ever_more_slowly() -> None:
    restarts = Restarts()
    assert [restarts.pause(0.1) for _ in range(7)] == [*BACKOFF[1:], BACKOFF[-1], BACKOFF[-1]]
    assert restarts.pause(STEADY + 1) == 0
    assert restarts.pause(0.1) == BACKOFF[1]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with 0"),
        (1, "ended with 1"),
        (-15, "was ended by SIGTERM"),
        (-99, "was ended by signal 99"),
    ],
)
def test_an_end_is_said_in_words(code: int, words: str) -> None:
    assert ending(code) == words


def test_a_worker_that_cannot_start_is_tried_again_without_a_spin_and_readyz_says_why(
    tmp_path: Path, origin: Origin
) -> None:
    """Its access log cannot be opened any more; in the end it can."""
    log = tmp_path / "logs" / "access.log"
    log.parent.mkdir()
    replica = Replica(tmp_path, config(origin, access_log=str(log)), part="serve")
    try:
        log.parent.rename(tmp_path / "away")
        os.kill(replica.workers()[0], signal.SIGKILL)
        eventually(lambda: len(ended(tmp_path)) >= 5, PATIENCE)
        status, detail = replica.ask("GET", "/readyz")
        assert (status, detail["ready"]) == (503, False)
        assert detail["reason"].startswith("no worker is serving; the last worker ended with 1; another is ")
        pauses = [line.rpartition("is started ")[2] for line in ended(tmp_path)]
        in_a_row = pauses[1:] if pauses[0] == "now" else pauses  # the first one may have lived for long
        assert in_a_row[:4] == [f"in {pause:g} s" for pause in BACKOFF[1:5]]
        (tmp_path / "away").rename(log.parent)
        eventually(lambda: replica.readyz() == 200, PATIENCE)
        assert status_of(replica.address) == 200
    finally:
        replica.stop()


def test_a_control_plane_that_dies_costs_no_client_anything(replica: Replica) -> None:
    before = pid_of("proxy.control.process", replica.process.pid)
    assert before is not None
    os.kill(before, signal.SIGKILL)
    while replica.readyz() != 200 or pid_of("proxy.control.process", replica.process.pid) == before:
        assert status_of(replica.address) == 200
    said = f"the control plane {before} was ended by SIGKILL; another is started (now|in 0.1 s)"
    assert re.search(said, replica.log()), "now: where its start took so long that it was no young one"


def test_a_supervisor_that_dies_leaves_nobody_behind(replica: Replica) -> None:
    children = descendants(replica.process.pid)
    assert len(children) >= 2
    replica.process.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), PATIENCE)


# -- signals


def started(home: Path, origin: Origin, **more: Any) -> "subprocess.Popen[bytes]":
    """`banyan serve`, not waited for."""
    (home / "routes.yaml").write_text(yaml.safe_dump({"version": 1, **config(origin), **more}))
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(home / "routes.yaml")]
    command += ["--listen", f"127.0.0.1:{free_port()}", "--control-listen", f"127.0.0.1:{free_port()}"]
    more_arguments = [] if "ledger" in more else ["--ledger", f"sqlite:///{home}/ledger.db"]
    with (home / "log.txt").open("wb") as log:
        return subprocess.Popen([*command, *more_arguments], stdout=log, stderr=log)


@pytest.mark.parametrize("ledger", ["here", "silent"])
def test_asked_to_end_while_it_starts_it_ends(tmp_path: Path, origin: Origin, ledger: str) -> None:
    """Its children are processes already, and not yet more; with a ledger that hangs they wait for that."""
    silent = Relay(origin.port)
    silent.silence()
    more = {"ledger": f"postgresql://banyan@127.0.0.1:{silent.port}/x"} if ledger == "silent" else {}
    process = started(tmp_path, origin, **more)
    eventually(lambda: len(descendants(process.pid)) >= 2, PATIENCE)
    children = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0, (tmp_path / "log.txt").read_text()
    silent.close()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), PATIENCE)
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


def asks_for_a_long_answer(origin: Origin, client: Wire) -> tuple[threading.Event, Message]:
    """A request that is under way until the event is set, and the head of its answer."""
    released = threading.Event()

    def hold(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun")
        released.wait(PATIENCE)
        exchange.send(b"ended")

    origin.plays(hold)
    client.send(request(b"/long"))
    return released, client.head()


def test_asked_twice_to_end_it_waits_no_more(replica: Replica, origin: Origin) -> None:
    with Wire(replica.address) as client:
        released, _ = asks_for_a_long_answer(origin, client)
        replica.terminate()
        eventually(lambda: replica.readyz() != 200, PATIENCE)
        time.sleep(ONE_WISH)  # what the signals are that far apart for
        replica.terminate()
        assert replica.process.wait(PATIENCE) == 0
        assert "asked to end again: what is under way is cut off" in replica.log()
        released.set()


def test_the_spans_of_all_workers_reach_the_collector_the_last_ones_too(
    tmp_path: Path, origin: Origin
) -> None:
    collector = Origin()
    collector.plays(answer(response()))
    tracing = {"endpoint": f"http://127.0.0.1:{collector.port}/v1/traces", "sample": 100}
    replica = Replica(tmp_path, config(origin, tracing=tracing), part="serve")
    try:
        with Wire(replica.address) as client:
            told = [client.ask(request(b"/")) and origin.complete()[-1].get(b"traceparent") for _ in range(3)]
    finally:
        replica.stop()
    exported = b"".join(seen.body for seen in collector.complete())
    collector.close()
    assert len(set(told)) == 3
    for parent in told:
        assert parent is not None
        assert bytes.fromhex(parent[3:35].decode()) in exported


def test_signals_that_come_together_are_one_wish(replica: Replica, origin: Origin) -> None:
    with Wire(replica.address) as client:
        released, head = asks_for_a_long_answer(origin, client)
        for number in (signal.SIGINT, signal.SIGTERM):
            replica.process.send_signal(number)
        eventually(lambda: replica.readyz() != 200, PATIENCE)
        released.set()
        assert client.body_of(head).body == b"begunended"
        assert replica.process.wait(PATIENCE) == 0
        assert "cut off" not in replica.log()


def test_a_broken_file_is_refused_on_sighup_and_the_last_good_one_serves(
    tmp_path: Path, replica: Replica
) -> None:
    file = tmp_path / "routes.yaml"
    good, version = file.read_text(), replica.ask("GET", "/readyz")[1]["version"]
    file.write_text(good + "bogus: 1\n")
    replica.process.send_signal(signal.SIGHUP)
    eventually(lambda: replica.ask("GET", "/readyz")[1]["config_errors"], PATIENCE)
    status, detail = replica.ask("GET", "/readyz")
    assert (status, detail["version"]) == (200, version)
    assert [error.partition(": ")[2][:18] for error in detail["config_errors"]] == ["bogus: unknown key"]
    assert "routes.yaml is not valid; the last good one stays in force:" in replica.log()
    assert status_of(replica.address) == 200
    file.write_text(good)
    replica.process.send_signal(signal.SIGHUP)
    eventually(lambda: not replica.ask("GET", "/readyz")[1]["config_errors"], PATIENCE)
    assert replica.ask("GET", "/readyz")[1]["version"] > version


def test_a_certificate_that_is_not_there_is_refused_and_all_goes_on(
    tmp_path: Path, replica: Replica, origin: Origin
) -> None:
    """A worker would fail at it, and hear of no flip and of no end any more."""
    file = tmp_path / "routes.yaml"
    good = yaml.safe_load(file.read_text())
    secure = {"url": f"https://127.0.0.1:{origin.port}", "tls": {"ca": str(tmp_path / "ca.pem")}}
    file.write_text(yaml.safe_dump({**good, "backends": {**good["backends"], "secure": secure}}))
    replica.process.send_signal(signal.SIGHUP)
    eventually(lambda: replica.ask("GET", "/readyz")[1]["config_errors"], PATIENCE)
    (error,) = replica.ask("GET", "/readyz")[1]["config_errors"]
    assert error.endswith(": backends.secure.tls.ca: cannot be opened: No such file or directory")
    file.write_text(yaml.safe_dump({**good, "server": {**good["server"], "debug_headers": True}}))
    replica.process.send_signal(signal.SIGHUP)
    eventually(lambda: not replica.ask("GET", "/readyz")[1]["config_errors"], PATIENCE)
    detail = replica.ask("GET", "/readyz")[1]
    eventually(lambda: detail["version"] in replica.ask("GET", "/readyz")[1]["workers"].values(), PATIENCE)
    assert status_of(replica.address) == 200


def test_a_backend_that_changes_under_load_leaves_no_connection_behind(
    tmp_path: Path, replica: Replica, origin: Origin
) -> None:
    """What was under way finishes on its connection, which nobody would ever use again."""
    released, gone = threading.Event(), threading.Event()

    def outlasts_the_change(exchange: Exchange) -> None:
        exchange.body()
        assert released.wait(PATIENCE)
        exchange.send(response(body=b"finished"))
        if exchange.is_gone():
            gone.set()

    origin.plays(outlasts_the_change, answer(response()))
    file = tmp_path / "routes.yaml"
    good = yaml.safe_load(file.read_text())
    with Wire(replica.address) as client:
        client.send(request(b"/"))
        origin.wait_for(1)
        good["backends"]["legacy"]["timeouts"] = {"response": "20s"}
        version = replica.ask("GET", "/readyz")[1]["version"]
        file.write_text(yaml.safe_dump(good))
        replica.process.send_signal(signal.SIGHUP)
        eventually(lambda: min(replica.ask("GET", "/readyz")[1]["workers"].values()) > version, PATIENCE)
        released.set()
        assert client.response().body == b"finished"
        assert gone.wait(PATIENCE)


def test_an_access_log_that_changes_in_the_file_waits_for_the_next_start(
    tmp_path: Path, replica: Replica
) -> None:
    """Also for a worker that is started in between: it would fail at a log that cannot be opened."""
    file = tmp_path / "routes.yaml"
    good = yaml.safe_load(file.read_text())
    log = str(tmp_path / "nowhere" / "access.log")
    file.write_text(yaml.safe_dump({**good, "server": {**good["server"], "access_log": log}}))
    replica.process.send_signal(signal.SIGHUP)
    waits = ": server.access_log: warning: changed since the start, and takes effect at the next one"
    eventually(lambda: waits in replica.log(), PATIENCE)
    (before,) = replica.workers()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: before not in replica.workers() and replica.readyz() == 200, PATIENCE)
    assert status_of(replica.address) == 200


def test_a_shadow_worker_that_cannot_start_says_why_in_a_line_and_costs_no_client_anything(
    tmp_path: Path, origin: Origin
) -> None:
    (tmp_path / "file").touch()
    document = config(origin) | {
        "shadow": {"log": {"path": str(tmp_path / "file" / "diffs.jsonl")}},
        "routes": [{"id": "a", "match": {"path": "/a"}, "modern": "legacy", "stage": "shadow"}],
    }
    replica = Replica(tmp_path, document, part="serve")
    try:
        eventually(
            lambda: "the shadow worker cannot start: [Errno 17] File exists" in replica.log(), PATIENCE
        )
        assert status_of(replica.address) == 200
        assert "Traceback" not in replica.log()
    finally:
        replica.stop()
