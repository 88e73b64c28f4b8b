"""Flips an endpoint by editing routes.yaml while clients keep asking, and measures what they saw."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .parts import Address
from .stages import save, side_of, with_stages
from .visits import Visit
from .wire import Request, Side, exchange

CLIENTS = 4
RESPITE = 4
"""Clients that pause do so for so many times what their answer took: a busy machine is asked less."""

SETTLED = 40
"""So many answers in a row from the new side end a flip."""

PATIENCE = 15.0
"""Seconds after which a flip that does not happen is given up."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer under load: when it was asked for (monotonic seconds), and its side, None for a failure."""

    began: float
    side: Side | None


@dataclass(frozen=True, slots=True)
class Flip:
    """What clients saw of a flip: seconds until the last request to the old side began, and the failures."""

    route: str
    stage: str
    seconds: float
    requests: int
    failed: int
    done: bool


class Load:
    """Clients that ask again and again, each on its own kept connection; `pause` is in seconds, at least."""

    def __init__(
        self, address: Address, draw: Callable[[], Request], status: int = 200, pause: float = 0.0
    ) -> None:
        self._address, self._draw, self._status, self._pause = address, draw, status, pause
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._ask_on) for _ in range(CLIENTS)]
        self.seen: list[Seen] = []

    def __enter__(self) -> "Load":
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()

    def _ask_on(self) -> None:
        connection = http.client.HTTPConnection(self._address.host, self._address.port, timeout=30)
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                answer = exchange(connection, self._draw(), str(self._address))
                side = answer.side if answer.status == self._status else None
            except (OSError, http.client.HTTPException):
                connection.close()
                side = None
            self.seen.append(Seen(began, side))
            if self._pause:
                self._stop.wait(max(self._pause, RESPITE * (time.monotonic() - began)))
        connection.close()


def flip(file: Path, visit: Visit, stage: str, load: Load, patience: float = PATIENCE) -> Flip:
    """Writes the stage into the file and waits until the load's answers come from its side alone."""
    side, start = side_of(stage), len(load.seen)
    save(file, with_stages(file.read_text(), {visit.route: stage}))
    written = time.monotonic()
    done = False
    while not done and time.monotonic() < written + patience:
        time.sleep(0.02)
        recent = load.seen[start:][-SETTLED:]
        done = len(recent) == SETTLED and all(one.side == side and one.began > written for one in recent)
    seen = load.seen[start:]
    old = [one.began - written for one in seen if one.side not in (side, None)]
    failed = sum(one.side is None for one in seen)
    return Flip(visit.route, stage, max([0.0, *old]), len(seen), failed, done)
