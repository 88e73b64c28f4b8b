"""`python -m bench.replicas`: three replicas, PostgreSQL and Redis, through flips, ramps and outages.

Calm: flips, a ramp to 100, a breach and its rollback. Rough: the same, while Redis is killed and started
again, emptied, or silent, PostgreSQL is restarted, and a replica is stopped and continued. For each scenario
it prints how many requests there were, how many failed, how many went to a side that their key does not
belong to, and how long flips took until every replica had confirmed. Needs the test helpers.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import redis as client

from bench.replicas_fleet import Fleet, Flips, running, traffic
from bench.replicas_judge import HEADER, Result, Span, stages_text, total, wrong
from proxy.ledger import audit, ramps
from proxy.ramp.states import ACTIVE
from tests.support.fleet import Replica
from tests.support.rollout import eventually

SPREAD = 5.0
"""Seconds after a step of a ramp within which either side may answer: nobody waits for its confirmation, and
without hints a replica learns of it by its next poll."""
STANDSTILL = 15.0
"""Seconds that a replica is stopped: longer than others wait for it."""

NAMES = ("flipped", "killed", "emptied", "frozen", "restarted", "stopped")
RAMPED = ("calm-ramp", "rough-ramp", "broken", "broken-again")
"""Modern fails every other request of routes whose name begins with `broken`."""


def flipping(fleet: Fleet, seconds: float) -> Result:
    result = Result("flips, forth and back")
    flips, until = Flips(fleet, "flipped", result), time.time() + seconds
    with traffic(fleet, "flipped", result):
        while time.time() < until:
            for weight in (10, 50, 100, 50, 0):
                time.sleep(0.3)
                flips.to(weight)
    flips.judge()
    return result


def ramping(
    fleet: Fleet, route: str, name: str, midway: Callable[[], None], without: Sequence[Replica] = ()
) -> Result:
    """A ramp until its end, with something happening once it stands at its first step."""
    result = Result(name)
    with traffic(fleet, route, result, *without):
        time.sleep(2)
        fleet.replicas[1].ask("POST", f"/api/v1/routes/{route}/ramp", {"action": "start"})
        eventually(lambda: _ramp(fleet, route).step >= 0, 60)
        midway()
        eventually(lambda: _ramp(fleet, route).state not in ACTIVE, 300)
        time.sleep(2)
    end = _ramp(fleet, route)
    result.note = f"{route}: {end.state.replace('_', ' ')}: {end.reason}"
    result.wrong = wrong(result.answers, route, _spans(fleet, route), route.startswith("broken"))
    return result


def _ramp(fleet: Fleet, route: str) -> Any:
    return next(one.ramp for one in fleet.ledger.read(ramps.load) if one.ramp.route == route)


def _spans(fleet: Fleet, route: str) -> list[Span]:
    """The weights of a ramp, by the audit."""
    entries = fleet.ledger.read(lambda connection: audit.entries(connection, route=route))
    flips = [entry for entry in reversed(entries) if entry.version is not None]
    weights = [0.0] + [0.0 if one.became == "legacy" else float(one.became.split()[1]) for one in flips]
    times = [entry.time.timestamp() for entry in flips]
    starts, ends = [0.0, *times], [*(at + SPREAD for at in times), time.time()]
    return [Span(*span) for span in zip(starts, ends, weights, strict=True)]


def outage(
    fleet: Fleet, route: str, name: str, begin: Callable[[], None], end: Callable[[], None], trouble: str
) -> Result:
    """A server goes and comes back; with Redis away flips go on, with the ledger away they cannot."""
    result = Result(name)
    flips = Flips(fleet, route, result)
    with traffic(fleet, route, result):
        flips.to(30)
        begin()
        if trouble == "redis":
            flips.to(60)
        fleet.settled(trouble)
        end()
        fleet.settled()
        flips.to(90)
        time.sleep(1)
    flips.judge()
    return result


def emptying(fleet: Fleet) -> Result:
    """Redis forgets everything it has between two flips, and in the middle of many."""
    result = Result("Redis emptied (FLUSHALL)")
    flips = Flips(fleet, "emptied", result)
    with client.Redis.from_url(fleet.redis.url) as everything, traffic(fleet, "emptied", result):
        for weight in (30, 60, 90, 0):
            everything.flushall()
            flips.to(weight)
            time.sleep(0.5)
    flips.judge()
    return result


def stopping(fleet: Fleet) -> Result:
    """A replica stands still while a route is flipped, and goes on by what is in force then."""
    result, stopped = Result("one replica stopped, continued"), fleet.replicas[2]
    flips = Flips(fleet, "stopped", result)
    with traffic(fleet, "stopped", result, stopped):
        stopped.freeze()
        time.sleep(STANDSTILL)
        flips.to(60, without=stopped)
        stopped.thaw()
        fleet.caught_up(stopped)
        with traffic(fleet, "stopped", result, *fleet.replicas[:2]):
            time.sleep(3)
    flips.judge()
    return result


def everything_at_once(fleet: Fleet) -> None:
    """What happens in the middle of a rough ramp: all of it, one after the other."""
    stopped = fleet.replicas[2]
    stopped.freeze()
    fleet.redis.kill()
    time.sleep(3)
    fleet.redis.start()
    fleet.postgresql.stop()
    time.sleep(3)
    fleet.postgresql.start()
    time.sleep(STANDSTILL - 6)
    stopped.thaw()
    fleet.settled()
    fleet.caught_up(stopped)


def nothing() -> None:
    """What happens in the middle of a calm ramp."""


def calm(fleet: Fleet) -> Iterator[Result]:
    yield flipping(fleet, 20)
    yield ramping(fleet, "calm-ramp", "a ramp to 100", nothing)
    yield ramping(fleet, "broken", "a breach and its rollback", nothing)


def rough(fleet: Fleet) -> Iterator[Result]:
    redis, postgresql, without = fleet.redis, fleet.postgresql, fleet.replicas[2:]
    yield outage(fleet, "killed", "Redis killed, restarted", redis.kill, redis.start, "redis")
    yield emptying(fleet)
    yield outage(fleet, "frozen", "Redis silent, back", redis.freeze, redis.thaw, "redis")
    yield outage(fleet, "restarted", "PostgreSQL restarted", postgresql.stop, postgresql.start, "trouble")
    yield stopping(fleet)
    midway = partial(everything_at_once, fleet)
    yield ramping(fleet, "rough-ramp", "a ramp to 100, all of that in its middle", midway, without)
    yield ramping(fleet, "broken-again", "a breach, all of that in its middle", midway, without)


def main() -> int:
    """Returns 1 where a request failed, or a key was served by the wrong side."""
    parser = argparse.ArgumentParser(prog="python -m bench.replicas", description=__doc__.splitlines()[0])
    parser.add_argument("--calm", action="store_true", help="only without outages")
    parser.add_argument("--rough", action="store_true", help="only with outages")
    parser.add_argument("--requests", type=int, default=100_000, help="at least so many in all")
    options = parser.parse_args()
    stories = [calm] * (options.calm or not options.rough) + [rough] * (options.rough or not options.calm)
    results: list[Result] = []
    print(HEADER)
    with running(NAMES, RAMPED) as fleet:
        for result in (one for story in stories for one in story(fleet)):
            _show(results, result)
        while sum(len(result.answers) for result in results) < options.requests:
            _show(results, flipping(fleet, 30))
    everything = total(results)
    print(everything.row())
    print(stages_text(results))
    return 1 if everything.failed or everything.wrong else 0


def _show(results: list[Result], result: Result) -> None:
    results.append(result)
    print(result.row(), flush=True)
    if result.note:
        print(f"  {result.note}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
