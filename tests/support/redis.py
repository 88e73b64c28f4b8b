"""A real Redis for tests: on a free port, without a file, ended with whoever started it."""

import ctypes
import signal
import subprocess
import time

import redis

from tests.support import processes
from tests.support.banyan import free_port

START = 30.0
"""Seconds that a start may take on a busy machine."""


class Redis:
    """A running server. It can be killed and started again, emptied, frozen and thawed."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen(
            [*command, "--appendonly", "no"], stdout=subprocess.DEVNULL, preexec_fn=_die_with_parent
        )
        deadline = time.monotonic() + START
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """From now on nothing is answered, though connections stay open and new ones are taken."""
        processes.freeze(self._process.pid)

    def thaw(self) -> None:
        processes.thaw(self._process.pid)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()


def _die_with_parent() -> None:
    """Between fork and exec: a test run that is killed leaves no server behind (prctl, PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
