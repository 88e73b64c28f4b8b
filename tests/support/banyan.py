"""Runs the real program for black-box tests: own process, own ports, own routes.yaml, a chosen lane."""

import contextlib
import http.client
import itertools
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from proxy import native
from tests.support.processes import descendants, descriptors

Lane = Literal["express", "asgi"]
Part = Literal["serve", "proxy"]
LANES: tuple[Lane, ...] = ("express", "asgi")

START = 60.0
"""Seconds that a start may take on a busy machine."""

STOP = 60.0
"""Seconds that an end may take: whoever is killed has not said all that a test may want to know."""


def _own_ports() -> Iterator[int]:
    """Ports in turn, below those that the kernel gives to outgoing connections.

    Processes of one test run draw from different ones: what is free for one must not be taken by another
    before it is used.
    """
    first = 10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 20 * 1000
    ports = [*range(first, first + 1000)]
    begin = random.randrange(1000)
    return itertools.cycle(ports[begin:] + ports[:begin])


_ports = _own_ports()


def free_port() -> int:
    """A port that nobody listens on."""
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Banyan:
    """One running `banyan serve` or `banyan proxy`. `home` receives its configuration, ledger and log."""

    def __init__(
        self,
        home: Path,
        config: Mapping[str, Any],
        lane: Lane = "express",
        part: Part = "proxy",
        open_files: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.home = home
        self.address = (host, free_port())
        self.control = (host, free_port())
        self._log = home / "log.txt"
        file = home / "routes.yaml"
        file.write_text(yaml.safe_dump(self._complete(home, dict(config), part)))
        command = [sys.executable, "-m", "proxy", part]
        command += ["--config", str(file), "--listen", _text(self.address)]
        if part == "serve":
            command += ["--control-listen", _text(self.control)]
        kept = native.INTERPRETED  # the same tests run with and without what is compiled
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("BANYAN_") or key == kept
        }
        if lane == "asgi":
            environment["BANYAN_LANE"] = "asgi"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=(lambda: _limit_files(open_files)) if open_files else None,
            )
        self._wait_until_ready()

    def _complete(self, home: Path, config: dict[str, Any], part: Part) -> dict[str, Any]:
        server = {"workers": 1, **config.get("server", {})}
        if part == "proxy":
            server["status"] = _text(self.control)
        return {
            "version": 1,
            "ledger": f"sqlite:///{home / 'ledger.db'}",
            "shadow": {"socket": str(home / "shadow.sock"), "log": {"path": str(home / "diffs.jsonl")}},
            **config,
            "server": server,
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START
        while self.readyz() != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"banyan did not become ready:\n{self.log()}")
            time.sleep(0.05)

    def readyz(self) -> int | None:
        """The status of /readyz, or None where nobody answers."""
        with contextlib.closing(http.client.HTTPConnection(*self.control, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status
            except OSError:
                return None

    def log(self) -> str:
        """What the program has written so far, its last part."""
        return self._log.read_text(errors="replace")[-8000:]

    def workers(self) -> list[int]:
        """The pids of the processes that accept clients, oldest first.

        A supervisor may hold the listening socket too; the workers are those that no child inherited it from.
        """
        listening = _listening_sockets(self.address[1])
        family = [self.process.pid, *descendants(self.process.pid)]
        holders = [pid for pid in family if listening & _sockets(pid)]
        return [pid for pid in holders if not set(descendants(pid)) & set(holders)]

    def terminate(self) -> None:
        """Ask it to drain and end."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it, by force if it does not end by itself."""
        if self.process.poll() is None:
            self.terminate()
        try:
            self.process.wait(STOP)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextlib.contextmanager
def running(*args: Any, **kwargs: Any) -> Iterator[Banyan]:
    """A `Banyan` that is stopped at the end."""
    banyan = Banyan(*args, **kwargs)
    try:
        yield banyan
    finally:
        banyan.stop()


def _text(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"


def _limit_files(count: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))


def _sockets(pid: int) -> set[str]:
    return {what for _, what in descriptors(pid)}


def _listening_sockets(port: int) -> set[str]:
    """The listening sockets of a port, in the words of /proc/PID/fd."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
