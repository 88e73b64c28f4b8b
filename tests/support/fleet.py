"""Replicas of the real program on separate loopback addresses, one ledger, one Redis, and steady load on all.

Both backends say who they are; so every answer tells which side served which sticky key, and when.
"""

import contextlib
import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proxy.decision.buckets import bucket
from tests.support import processes
from tests.support.banyan import Banyan
from tests.support.origin import Exchange, Origin
from tests.support.wire import DEADLINE, Address, response

KEYS = 60
"""Sticky keys that the load uses."""
PAUSE = 0.004
"""Seconds that a client rests between two requests."""
FAILING = "/broken"
"""How paths begin for which modern answers 503 to every other request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client got; `side` is empty where it got nothing whole."""

    began: float
    ended: float
    key: str
    status: int
    side: str


class Load:
    """Clients that ask for one path, by many keys, of many addresses, until they are told to stop."""

    def __init__(
        self, addresses: Sequence[Address], path: str, clients: int = 4, pause: float = PAUSE
    ) -> None:
        self.answers: list[Answer] = []
        self._addresses = addresses
        self._path = path
        self._pause = pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[number]) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def between(self, start: float, end: float) -> list[Answer]:
        """What was asked for and answered within a stretch of time."""
        return [answer for answer in self.answers if start <= answer.began and answer.ended <= end]

    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 200]

    def _run(self, number: int) -> None:
        with contextlib.ExitStack() as open_connections:
            clients = [
                open_connections.enter_context(
                    contextlib.closing(http.client.HTTPConnection(*address, timeout=DEADLINE))
                )
                for address in self._addresses
            ]
            asked = number
            while not self._stop.wait(self._pause):
                asked += 1
                self._ask(clients[asked % len(clients)], f"key-{asked * 7 % KEYS}")

    def _ask(self, client: http.client.HTTPConnection, key: str) -> None:
        began = time.time()
        try:
            client.request("GET", self._path, headers={"X-Key": key})
            answer = client.getresponse()
            status, side = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            client.close()
            status, side = 0, ""
        self.answers.append(Answer(began, time.time(), key, status, side))


def side_of(route: str, key: str, weight: float) -> str:
    """Who serves a key of a route at a weight in percent."""
    return "modern" if bucket(route.encode(), key.encode()) < weight * 100 else "legacy"


def violations(answers: Sequence[Answer], route: str, weight: float) -> list[Answer]:
    """The answers by another side than the weight gives the key to."""
    return [answer for answer in answers if answer.side != side_of(route, answer.key, weight)]


class Backends:
    """Legacy and modern, and whether modern may fail."""

    def __init__(self) -> None:
        self._count = 0
        self.legacy, self.modern = Origin(), Origin()
        self.legacy.plays(self._legacy)
        self.modern.plays(self._modern)

    def config(self) -> dict[str, Any]:
        return {
            name: {"url": f"http://127.0.0.1:{origin.port}", "retries": {"attempts": 1, "on": []}}
            for name, origin in (("legacy", self.legacy), ("modern", self.modern))
        }

    def close(self) -> None:
        self.legacy.close()
        self.modern.close()

    def _legacy(self, exchange: Exchange) -> None:
        exchange.body()
        exchange.send(response(body=b"legacy"))

    def _modern(self, exchange: Exchange) -> None:
        exchange.body()
        self._count += 1
        fails = exchange.seen.target.startswith(FAILING.encode()) and self._count % 2
        exchange.send(response(b"503 Broken" if fails else b"200 OK", body=b"modern"))


class Replica(Banyan):
    """One of the replicas, and its control plane."""

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and document of the control port."""
        with contextlib.closing(http.client.HTTPConnection(*self.control, timeout=DEADLINE)) as connection:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def flip(self, route: str, stage: str, weight: float | None = None) -> dict[str, Any]:
        """Flip a route by the API, which answers once all replicas confirmed, or did not."""
        body = {"stage": stage, "reason": "a test"} | ({} if weight is None else {"weight": weight})
        status, document = self.ask("POST", f"/api/v1/routes/{route}/flip", body)
        assert status == 200, document
        return dict(document)

    def flip_everywhere(self, route: str, stage: str, weight: float | None = None) -> dict[str, Any]:
        """Flip a route until all replicas confirmed: on a busy machine they may take longer than the API
        waits for them."""
        deadline = time.monotonic() + 3 * DEADLINE
        while True:
            said = self.flip(route, stage, weight)
            if not said["replicas"]["missing"] and not said["replicas"]["silent"]:
                return said
            assert time.monotonic() < deadline, said

    def ledger(self) -> dict[str, Any]:
        """What /readyz says of the ledger."""
        return dict(self.ask("GET", "/readyz")[1]["ledger"])

    def freeze(self) -> None:
        processes.freeze(self.process.pid)

    def thaw(self) -> None:
        processes.thaw(self.process.pid)


@contextlib.contextmanager
def replicas(home: Path, config: dict[str, Any], count: int) -> Iterator[list[Replica]]:
    """So many replicas with one configuration, started together."""

    def start(number: int) -> Replica:
        folder = home / f"replica-{number}"
        folder.mkdir()
        return Replica(folder, config, part="serve", host=f"127.0.0.{10 + number}")

    with ThreadPoolExecutor(count) as starters:
        started = list(starters.map(start, range(count)))
    try:
        yield started
    finally:
        for replica in started:
            replica.terminate()
        for replica in started:
            replica.stop()
