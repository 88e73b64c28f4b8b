"""What `bench.replicas` runs: three replicas with two workers each, PostgreSQL, Redis, backends, clients."""

import contextlib
import multiprocessing
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from bench.replicas_judge import STAGES, Result, Span, wrong
from proxy.ledger import Ledger, migrate
from tests.support.databases import POSTGRESQL, Server
from tests.support.fleet import Backends, Load, Replica, replicas
from tests.support.redis import Redis
from tests.support.rollout import eventually
from tests.support.wire import Address

CLIENTS = 6
"""Connections to each replica."""
PATIENCE = 60.0
"""Seconds in which everybody has noticed that a server went, or came back."""
RAMP = {
    "steps": [25, 50, 100],
    "bake": "3s",
    "min_requests": 200,
    "gates": {"errors": {"max_increase": 5}, "latency": {"max_ratio": 5}, "mismatches": None},
}


@dataclass(frozen=True, slots=True)
class Fleet:
    replicas: Sequence[Replica]
    postgresql: Server
    redis: Redis
    ledger: Ledger

    def settled(self, troubled: str | None = None) -> None:
        """Wait until every replica is without trouble, or all are in one: `trouble` (the ledger), `redis`."""
        eventually(lambda: all(_in_trouble(replica) == troubled for replica in self.replicas), PATIENCE)

    def caught_up(self, late: Replica) -> None:
        """Wait until a replica has what the first one has."""
        eventually(lambda: late.ledger()["version"] >= self.replicas[0].ledger()["version"], PATIENCE)


def _in_trouble(replica: Replica) -> str | None:
    view = replica.ledger()
    return next((name for name in ("trouble", "redis") if view[name]), None)


@contextlib.contextmanager
def traffic(fleet: Fleet, route: str, result: Result, *without: Replica) -> Iterator[None]:
    """Steady load on a route, on all replicas but some; in the end its answers are in the result."""
    context = multiprocessing.get_context("spawn")
    begun, stop, answers = context.Event(), context.Event(), context.Queue()
    addresses = [replica.address for replica in fleet.replicas if replica not in without]
    arguments = (addresses, f"/{route}/x", begun, stop, answers)
    process = context.Process(target=_clients, args=arguments, daemon=True)
    process.start()
    begun.wait()
    try:
        yield
    finally:
        stop.set()
        result.answers += answers.get()
        process.join()


def _clients(addresses: Sequence[Address], path: str, begun: Event, stop: Event, answers: Any) -> None:
    """A process full of clients: those of the bench itself would wait for its other work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the bench's, which then says stop
    with Load(addresses, path, CLIENTS, pause=0.001) as load:
        begun.set()
        stop.wait()
    answers.put(load.answers)


class Flips:
    """Flips a route by one of the replicas. Until a flip is confirmed either side may answer, then one."""

    def __init__(self, fleet: Fleet, route: str, result: Result) -> None:
        self._fleet, self._route, self._result = fleet, route, result
        self._spans: list[Span] = []
        self._since, self._weight = 0.0, 0.0

    def to(self, weight: float, without: Replica | None = None) -> None:
        """Flip, wait for the confirmation, and read what it took on each replica."""
        asked = [replica for replica in self._fleet.replicas if replica is not without]
        before, began = [replica.ledger()["took"] for replica in asked], time.time()
        said = asked[0].flip(self._route, "canary", weight)
        self._spans.append(Span(self._since, time.time(), self._weight))
        self._since, self._weight = began, weight
        self._result.waits.append(said["seconds"])
        for replica, earlier in zip(asked, before, strict=True):
            took = _news(replica, earlier)
            for stage in STAGES:
                self._result.stages[stage].append(took[stage])

    def judge(self) -> None:
        spans = [*self._spans, Span(self._since, time.time(), self._weight)]
        self._result.wrong += wrong(self._result.answers, self._route, spans)


def _news(replica: Replica, earlier: Any) -> Any:
    """What a replica says that the flip took there, once it says something new."""
    said: list[Any] = []

    def is_told() -> bool:
        said.append(replica.ledger()["took"])
        return bool(said[-1] != earlier)

    eventually(is_told)
    return said[-1]


@contextlib.contextmanager
def running(names: Sequence[str], ramped: Sequence[str]) -> Iterator[Fleet]:
    """The whole, with a route for each name; the ramped ones have a plan."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-replicas-")))
        postgresql, redis, backends = Server(POSTGRESQL), Redis(), Backends()
        for part in (postgresql, redis, backends):
            stack.callback(part.close)
        url = postgresql.create_database()
        migrate.upgrade(url)
        config = {
            "server": {"workers": 2, "access_log": "off"},
            "ledger": url,
            "redis": redis.url,
            "backends": backends.config(),
            "defaults": {"modern": "modern", "sticky": ["header:X-Key"]},
            "routes": [_route(name) for name in names] + [_route(name) | {"ramp": RAMP} for name in ramped],
        }
        fleet = Fleet(stack.enter_context(replicas(home, config, 3)), postgresql, redis, Ledger.open(url))
        stack.callback(fleet.ledger.close)
        fleet.settled()
        yield fleet


def _route(name: str) -> dict[str, Any]:
    return {"id": name, "match": {"path": f"/{name}/{{rest:path}}"}}
