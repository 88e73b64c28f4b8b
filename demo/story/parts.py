"""A part of the demo: a program with an address, started, awaited, ended."""

import contextlib
import http.client
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
STOP = 15.0
"""Seconds that a part may take to end; its tether gives up a little earlier."""


class StartFailed(Exception):
    """A part that does not start, in one line for people."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a part listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """`http://host:port`, without a slash at the end."""
        return f"http://{self}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Of `host:port`; ValueError for anything else."""
        host, colon, port = text.rpartition(":")
        if not (host and colon and port.isdigit() and int(port) < 65536):
            raise ValueError(f"{text!r} is not host:port")
        return cls(host, int(port))


@dataclass(frozen=True, slots=True)
class Part:
    """A program to start: `health` is the address and path that answer 200 once it is ready."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    address: Address
    health: tuple[Address, str]
    cwd: Path | None = None


class Running:
    """A part that was started. Its output is in `log`."""

    def __init__(self, part: Part, logs: Path) -> None:
        require_free(part)
        self.part = part
        self.log = logs / f"{part.name.replace(' ', '-').lower()}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(TETHER), *part.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(part.env),
                cwd=part.cwd,
                start_new_session=True,
            )

    def wait_until_ready(self, timeout: float = 60.0) -> float:
        """Seconds until the part answered; StartFailed if it ends before, or does not answer in time."""
        began = time.monotonic()
        while True:
            answers = _answers(*self.part.health)
            if self._process.poll() is not None:
                self._fail("did not start")
            if answers:
                return time.monotonic() - began
            if time.monotonic() > began + timeout:
                self._fail(f"did not answer within {timeout:.0f} s")
            time.sleep(0.05)

    def alive(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Ends the part and everything it started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _fail(self, what: str) -> None:
        self.stop()
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        raise StartFailed(f"{self.part.name} {what}; its last words: {lines[-1] if lines else 'none'}")


def start(part: Part, logs: Path, timeout: float = 60.0) -> Running:
    """The part, started and ready, or StartFailed and nothing left of it."""
    running = Running(part, logs)
    try:
        running.wait_until_ready(timeout)
    except BaseException:
        running.stop()
        raise
    return running


def require_free(part: Part) -> None:
    """StartFailed if another program listens where the part wants to."""
    for address in (part.address, part.health[0]):
        if in_use(address):
            raise StartFailed(f"{part.name} cannot listen on {address}: another program does already")


def free_address(host: str = "127.0.0.1", preferred: int = 0) -> Address:
    """An address nobody listens on: with the preferred port if that is free, else with any."""
    address = Address(host, preferred or _any_port())
    while in_use(address):
        address = Address(host, _any_port())
    return address


def _any_port() -> int:
    # Below the range that the kernel takes clients' ports from, so that no connection snatches it meanwhile.
    return secrets.choice(range(20_000, 32_000))


def in_use(address: Address) -> bool:
    """Whether a program listens there."""
    try:
        with socket.create_server((address.host, address.port)):
            return False
    except OSError:
        return True


def _answers(address: Address, path: str) -> bool:
    with contextlib.closing(http.client.HTTPConnection(address.host, address.port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
