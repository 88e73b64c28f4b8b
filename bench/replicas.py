"""`python -m bench.replicas`: three replicas, PostgreSQL and Redis, through flips, ramps and outages.

For each scenario it prints how many requests there were, how many failed, how many went to another side than
their key belongs to, and how long flips took until every replica had confirmed. Needs the test helpers.
"""

import argparse
import contextlib
import multiprocessing
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from proxy.ledger import Ledger, audit, migrate, ramps
from proxy.ramp.states import ACTIVE
from tests.support.databases import POSTGRESQL, Server
from tests.support.fleet import Answer, Backends, Load, Replica, replicas, violations
from tests.support.redis import Redis
from tests.support.rollout import eventually
from tests.support.wire import Address

CLIENTS = 6
"""Connections to each replica."""
SPREAD = 1.0
"""Seconds around a flip of a ramp that are not judged: when it was confirmed is not known here."""
RAMP = {
    "steps": [25, 50, 100],
    "bake": "3s",
    "min_requests": 200,
    "gates": {"errors": {"max_increase": 5}, "latency": {"max_ratio": 5}, "mismatches": None},
}
ROUTES = ("flipped", "killed", "frozen", "restarted", "stopped")


@dataclass(slots=True)
class Result:
    """One scenario. `waits` are the seconds of each flip until all had confirmed."""

    name: str
    answers: list[Answer] = field(default_factory=list)
    wrong: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(answer.status != 200 for answer in self.answers)

    def row(self) -> str:
        took = "–"
        if self.waits:
            took = f"{statistics.median(self.waits) * 1000:.0f} / {max(self.waits) * 1000:.0f}"
        return f"{self.name:<34}{len(self.answers):>10,}{self.failed:>8}{self.wrong:>12}{took:>16}"


@dataclass(frozen=True, slots=True)
class Fleet:
    replicas: Sequence[Replica]
    postgresql: Server
    redis: Redis
    ledger: Ledger

    def settled(self, troubled: str | None = None) -> None:
        """Wait until every replica is without trouble, or all are in one."""
        eventually(lambda: all(_in_trouble(replica) == troubled for replica in self.replicas), 60)


def _in_trouble(replica: Replica) -> str | None:
    view = replica.ledger()
    return next((name for name in ("trouble", "redis") if view[name]), None)


def _clients(addresses: Sequence[Address], path: str, begun: Event, stop: Event, answers: Any) -> None:
    """A process full of clients: those of the bench itself would wait for its other work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the bench's, which then says stop
    with Load(addresses, path, CLIENTS, pause=0.001) as load:
        begun.set()
        stop.wait()
    answers.put(load.answers)


@contextlib.contextmanager
def traffic(fleet: Fleet, route: str, result: Result, *without: Replica) -> Iterator[None]:
    """Steady load on a route, on all replicas but some; in the end its answers are in the result."""
    context = multiprocessing.get_context("spawn")
    begun, stop, answers = context.Event(), context.Event(), context.Queue()
    addresses = [replica.address for replica in fleet.replicas if replica not in without]
    process = context.Process(
        target=_clients, args=(addresses, f"/{route}/x", begun, stop, answers), daemon=True
    )
    process.start()
    begun.wait()
    try:
        yield
    finally:
        stop.set()
        result.answers += answers.get()
        process.join()


class Flips:
    """Flips a route, and judges what was answered between two flips, from confirmation to the next."""

    def __init__(self, fleet: Fleet, route: str, result: Result) -> None:
        self._fleet, self._route, self._result = fleet, route, result
        self._spans: list[tuple[float, float, float]] = []
        self._since, self._weight = time.time(), 0.0

    def to(self, weight: float) -> None:
        self.rest()
        said = self._fleet.replicas[0].flip(self._route, "canary", weight)
        self._result.waits.append(said["seconds"])
        self._since, self._weight = time.time(), weight

    def rest(self) -> None:
        """What was in force is so until now."""
        self._spans.append((self._since, time.time(), self._weight))

    def judge(self) -> None:
        for start, end, weight in self._spans:
            within = [one for one in self._result.answers if start <= one.began and one.ended <= end]
            self._result.wrong += len(violations(within, self._route, weight))


def flipping(fleet: Fleet, seconds: float) -> Result:
    result = Result("flips, forth and back")
    flips, until = Flips(fleet, "flipped", result), time.time() + seconds
    with traffic(fleet, "flipped", result):
        while time.time() < until:
            for weight in (10, 50, 100, 50, 0):
                time.sleep(0.5)
                flips.to(weight)
        flips.rest()
    flips.judge()
    return result


def ramping(fleet: Fleet, route: str, name: str) -> Result:
    result = Result(name)
    with traffic(fleet, route, result):
        time.sleep(2)
        fleet.replicas[1].ask("POST", f"/api/v1/routes/{route}/ramp", {"action": "start"})
        eventually(lambda: _ramp(fleet, route).state not in ACTIVE, 300)
        time.sleep(2)
    end = _ramp(fleet, route)
    print(f"  {route}: {end.state.replace('_', ' ')}: {end.reason}", file=sys.stderr)
    entries = fleet.ledger.read(lambda connection: audit.entries(connection, route=route))
    flips = [entry for entry in reversed(entries) if entry.version is not None]
    times = [*(entry.time.timestamp() for entry in flips), time.time()]
    for entry, start, after in zip(flips, times, times[1:], strict=False):
        weight = 0.0 if entry.became == "legacy" else float(entry.became.split()[1])
        within = [one for one in result.answers if start + SPREAD <= one.began and one.ended <= after]
        wrong = violations(within, route, weight)
        # Where modern fails, legacy answers for it; nobody else may see the other side.
        result.wrong += sum(one.side != "legacy" or route != "broken" for one in wrong)
    return result


def _ramp(fleet: Fleet, route: str) -> Any:
    return next(one.ramp for one in fleet.ledger.read(ramps.load) if one.ramp.route == route)


def outage(
    fleet: Fleet, route: str, name: str, begin: Callable[[], None], end: Callable[[], None], trouble: str
) -> Result:
    """A server goes and comes back; with Redis away flips go on, with the ledger away they cannot."""
    result = Result(name)
    flips = Flips(fleet, route, result)
    with traffic(fleet, route, result):
        time.sleep(1)
        flips.to(30)
        begin()
        if trouble == "redis":
            flips.to(60)
        fleet.settled(trouble)
        end()
        fleet.settled()
        flips.to(90)
        time.sleep(1)
        flips.rest()
    flips.judge()
    return result


def stopping(fleet: Fleet) -> Result:
    """A replica stands still for 15 seconds, longer than others wait for it, and goes on."""
    result, stopped = Result("one replica stopped, continued"), fleet.replicas[2]
    flips = Flips(fleet, "stopped", result)
    with traffic(fleet, "stopped", result, stopped):
        stopped.freeze()
        time.sleep(15)
        flips.to(60)
        stopped.thaw()
        eventually(lambda: stopped.ledger()["version"] == fleet.replicas[0].ledger()["version"], 30)
        with traffic(fleet, "stopped", result, *fleet.replicas[:2]):
            time.sleep(3)
        flips.rest()
    flips.judge()
    return result


def scenarios(fleet: Fleet) -> Iterator[Result]:
    redis, postgresql = fleet.redis, fleet.postgresql
    yield flipping(fleet, 20)
    yield ramping(fleet, "ramped", "a ramp to 100")
    yield ramping(fleet, "broken", "a breach and its rollback")
    yield outage(fleet, "killed", "Redis killed, restarted", redis.kill, redis.start, "redis")
    yield outage(fleet, "frozen", "Redis silent, back", redis.freeze, redis.thaw, "redis")
    yield outage(fleet, "restarted", "PostgreSQL restarted", postgresql.stop, postgresql.start, "trouble")
    yield stopping(fleet)


@contextlib.contextmanager
def running() -> Iterator[Fleet]:
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-replicas-")))
        postgresql, redis, backends = Server(POSTGRESQL), Redis(), Backends()
        for part in (postgresql, redis, backends):
            stack.callback(part.close)
        url = postgresql.create_database()
        migrate.upgrade(url)
        routes: list[dict[str, Any]] = [{"id": name} for name in ROUTES] + [
            {"id": "ramped", "ramp": RAMP},
            {"id": "broken", "ramp": RAMP},
        ]
        for route in routes:
            route["match"] = {"path": f"/{route['id']}/{{rest:path}}"}
        config = {
            "server": {"workers": 2, "access_log": "off"},
            "ledger": url,
            "redis": redis.url,
            "backends": backends.config(),
            "defaults": {"modern": "modern", "sticky": ["header:X-Key"]},
            "routes": routes,
        }
        fleet = Fleet(stack.enter_context(replicas(home, config, 3)), postgresql, redis, Ledger.open(url))
        stack.callback(fleet.ledger.close)
        fleet.settled()
        yield fleet


def main() -> int:
    """Returns 1 where a request failed, or a key was served by the wrong side."""
    parser = argparse.ArgumentParser(prog="python -m bench.replicas", description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000, help="at least so many in all")
    requests = parser.parse_args().requests
    print(f"{'scenario':<34}{'requests':>10}{'failed':>8}{'wrong side':>12}{'flip, ms':>16}")
    print(f"{'':<34}{'':>10}{'':>8}{'':>12}{'median / max':>16}")
    results: list[Result] = []

    def show(result: Result) -> None:
        results.append(result)
        print(result.row(), flush=True)

    with running() as fleet:
        for result in scenarios(fleet):
            show(result)
        while sum(len(result.answers) for result in results) < requests:
            show(flipping(fleet, 30))
    everything = Result("all", [one for result in results for one in result.answers])
    everything.wrong = sum(result.wrong for result in results)
    print(everything.row())
    return 1 if everything.failed or everything.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
