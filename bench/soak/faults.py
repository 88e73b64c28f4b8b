"""What happens to backends in production, in minutes instead of months."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from bench.children import Child, running, wait_until
from bench.machine import free_port
from bench.origin import fetch_size
from bench.venvs import ROOT

CALM = (2.0, 6.0)  # seconds between two faults
ECHO = 6.0  # seconds after a fault in which a refusal or a cut may still be its doing


class Fault(Enum):
    """What is done to a backend."""

    KILL = "killed"
    RESTART = "restarted"
    STOP = "stopped for a while"
    THROTTLE = "slowed"


class Backend:
    """One backend that keeps its port through all its lives."""

    def __init__(self, name: str, folder: Path, core: int) -> None:
        self.name = name
        self.port = free_port()
        self._log = folder / f"{name}.log"
        self._core = core
        self._life = contextlib.ExitStack()
        self._child: Child | None = None

    def start(self) -> None:
        argv = [sys.executable, "-m", "bench.backend", str(self.port)]
        life = running(self.name, argv, cores=[self._core], log=self._log, cwd=ROOT)
        self._child = self._life.enter_context(life)

    def end(self) -> None:
        """Ends it, politely first; harmless when it is gone."""
        self._life.close()

    def signal(self, number: signal.Signals) -> None:
        assert self._child
        os.kill(self._child.pid, number)

    def wait(self) -> None:
        """Until it answers."""
        assert self._child
        wait_until(lambda: fetch_size(self.port, "/bytes/1/10") == 10, self._child)


class Misfortune:
    """Brings faults over the backends, one at a time, and remembers when."""

    def __init__(self, backends: Sequence[Backend], dice: random.Random) -> None:
        self.counts: dict[Fault, int] = dict.fromkeys(Fault, 0)
        self._backends = backends
        self._dice = dice
        self._last = float("-inf")
        self._under_way = False

    def recent(self) -> bool:
        """Whether a refusal or a cut that a client sees now can be blamed on a fault."""
        return self._under_way or time.monotonic() - self._last < ECHO

    async def strike(self) -> None:
        """Goes on until cancelled, which leaves no backend stopped."""
        while True:
            await asyncio.sleep(self._dice.uniform(*CALM) + ECHO * (self._dice.random() < 0.5))
            fault = self._dice.choice(list(Fault))
            self._under_way = True
            try:
                await self._bring(fault, self._dice.choice(self._backends))
            finally:
                self._under_way = False
                self._last = time.monotonic()
            self.counts[fault] += 1

    async def _bring(self, fault: Fault, backend: Backend) -> None:
        length = self._dice.uniform(0.5, 3.0)
        match fault:
            case Fault.KILL:
                backend.signal(signal.SIGKILL)
                await self._rebirth(backend, length)
            case Fault.RESTART:
                await self._rebirth(backend, 0)
            case Fault.STOP:
                await self._freeze(backend, length)
            case Fault.THROTTLE:
                for _ in range(round(length * 5)):
                    await self._freeze(backend, 0.1)
                    await asyncio.sleep(0.1)

    async def _rebirth(self, backend: Backend, pause: float) -> None:
        await asyncio.to_thread(backend.end)
        await asyncio.sleep(pause)
        backend.start()
        await asyncio.to_thread(backend.wait)

    async def _freeze(self, backend: Backend, length: float) -> None:
        backend.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(length)
        finally:
            backend.signal(signal.SIGCONT)
