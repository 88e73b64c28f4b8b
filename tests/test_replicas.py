"""Three replicas of the real program, PostgreSQL and Redis, under load: no request fails, no key changes
sides but by its bucket, whatever happens to the servers behind."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis as client

from bench.replicas_judge import Span, wrong
from proxy.ledger import Ledger, audit, migrate, ramps
from proxy.ledger import replicas as live_replicas
from proxy.ledger.audit import Entry, Source
from proxy.ramp.states import State
from proxy.ramp.steps import Ramp
from tests.support.databases import POSTGRESQL, Server
from tests.support.fleet import Backends, Load, Replica, replicas, violations
from tests.support.redis import Redis
from tests.support.rollout import eventually

RAMP = {
    "steps": [50, 100],
    "bake": "1s",
    "min_requests": 20,
    "gates": {"errors": {"max_increase": 20}, "latency": None, "mismatches": None},
}
SPREAD = 15.0
"""Seconds after a step of a ramp, which nobody waits for, within which either side may answer."""


@dataclass(frozen=True, slots=True)
class Fleet:
    replicas: list[Replica]
    postgresql: Server
    redis: Redis
    ledger: Ledger

    def load(self, route: str, *without: Replica) -> Load:
        used = [replica.address for replica in self.replicas if replica not in without]
        return Load(used, f"/{route}/x")

    def ramp(self, route: str) -> Ramp:
        [stored] = [one for one in self.ledger.read(ramps.load) if one.ramp.route == route]
        return stored.ramp

    def audit(self, route: str, source: Source) -> list[Entry]:
        """Oldest first."""
        entries = self.ledger.read(lambda connection: audit.entries(connection, route=route))
        return [entry for entry in reversed(entries) if entry.source is source]


def route(name: str, **settings: Any) -> dict[str, Any]:
    match = {"path": f"/{name}/{{rest:path}}"}
    return {"id": name, "match": match, "modern": "modern", "sticky": ["header:X-Key"], **settings}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    postgresql, redis, backends = Server(POSTGRESQL), Redis(), Backends()
    url = postgresql.create_database()
    migrate.upgrade(url)
    names = ("flipped", "hintless", "emptied", "frozen", "restarted", "stopped")
    config = {
        "server": {"workers": 2, "access_log": "off"},
        "ledger": url,
        "redis": redis.url,
        "backends": backends.config(),
        "routes": [*map(route, names), route("ramped", ramp=RAMP), route("broken", ramp=RAMP)],
    }
    ledger = Ledger.open(url)
    with replicas(tmp_path_factory.mktemp("fleet"), config, 3) as started:
        eventually(lambda: all(not replica.ledger()["trouble"] for replica in started))
        yield Fleet(started, postgresql, redis, ledger)
    ledger.close()
    backends.close()
    redis.close()
    postgresql.close()


def test_a_flip_reaches_every_worker_of_every_replica_before_it_returns(fleet: Fleet) -> None:
    with fleet.load("flipped") as load:
        for weight in (30, 60, 0):
            said = fleet.replicas[0].flip_everywhere("flipped", "canary", weight)
            since = time.time()
            assert len(said["replicas"]["confirmed"]) == 3
            eventually(lambda s=since: len(load.between(s, time.time())) > 60)
            assert violations(load.between(since, time.time()), "flipped", weight) == []
    assert load.failed() == []


@dataclass(frozen=True, slots=True)
class Ramped:
    """What the clients of a sound and of a broken route saw, and from when on both ramps were over."""

    sound: Load
    broken: Load
    over: float


@pytest.fixture(scope="module")
def ramped(fleet: Fleet) -> Ramped:
    """Both ramped at the same time, to their ends."""
    with fleet.load("ramped") as sound, fleet.load("broken") as broken:
        for replica, name in zip(fleet.replicas[1:], ("ramped", "broken"), strict=True):
            replica.ask("POST", f"/api/v1/routes/{name}/ramp", {"action": "start"})
        eventually(lambda: fleet.ramp("broken").state is State.ROLLED_BACK, 120)
        eventually(lambda: fleet.ramp("ramped").state is State.DONE, 120)
        last = max(fleet.audit(name, Source.RAMP)[-1].version or 0 for name in ("ramped", "broken"))
        eventually(lambda: all(confirmed(fleet, replica) >= last for replica in fleet.replicas))
        over = time.time()
        for load in (sound, broken):
            eventually(lambda one=load: len(one.between(over, time.time())) > 60)
    return Ramped(sound, broken, over)


def spans(flips: list[Entry]) -> list[Span]:
    """The weights of a ramp, by its audit; of what came after it nobody asks."""
    weights = [0.0] + [0.0 if one.became == "legacy" else float(one.became.split()[1]) for one in flips]
    times = [entry.time.timestamp() for entry in flips]
    starts, ends = [0.0, *times], [*(at + SPREAD for at in times), time.time()]
    return [Span(*span) for span in zip(starts, ends, weights, strict=True)]


def test_a_clean_route_ramps_to_100_and_only_upwards(fleet: Fleet, ramped: Ramped) -> None:
    steps = [entry for entry in fleet.audit("ramped", Source.RAMP) if entry.action == "flip"]
    assert [step.became for step in steps] == ["canary 50 %", "canary 100 %"]
    assert wrong(ramped.sound.answers, "ramped", spans(steps)) == 0
    assert violations(ramped.sound.between(ramped.over, time.time()), "ramped", 100) == []
    assert ramped.sound.failed() == []


def test_a_broken_route_is_rolled_back_and_no_client_saw_it_fail(fleet: Fleet, ramped: Ramped) -> None:
    flipped = [entry for entry in fleet.audit("broken", Source.RAMP) if entry.version]
    last = flipped[-1]
    assert (last.action, last.was, last.became) == ("rollback", "canary 50 %", "legacy")
    assert last.reason.startswith("errors: modern fails ")
    assert wrong(ramped.broken.answers, "broken", spans(flipped), falls_back=True) == 0
    assert violations(ramped.broken.between(ramped.over, time.time()), "broken", 0) == []
    assert ramped.broken.failed() == []


def test_a_redis_that_is_emptied_costs_nothing(fleet: Fleet) -> None:
    with fleet.load("emptied") as load, client.Redis.from_url(fleet.redis.url) as everything:
        for weight in (30, 60):
            everything.flushall()
            fleet.replicas[0].flip_everywhere("emptied", "canary", weight)
            since = time.time()
            eventually(lambda s=since: len(load.between(s, time.time())) > 20)
            assert violations(load.between(since, time.time()), "emptied", weight) == []
    assert not any(replica.ledger()["redis"] for replica in fleet.replicas)
    assert load.failed() == []


@pytest.mark.parametrize("gone", ["kill", "freeze"])
def test_flips_arrive_without_redis_and_hints_come_back_with_it(fleet: Fleet, gone: str) -> None:
    name = "hintless" if gone == "kill" else "frozen"
    with fleet.load(name) as load:
        getattr(fleet.redis, gone)()
        fleet.replicas[0].flip_everywhere(name, "modern")
        since = time.time()
        eventually(lambda: all(replica.ledger()["redis"] for replica in fleet.replicas))
        assert violations(load.between(since, time.time()), name, 100) == []
        (fleet.redis.start if gone == "kill" else fleet.redis.thaw)()
        eventually(lambda: not any(replica.ledger()["redis"] for replica in fleet.replicas))
        fleet.replicas[0].flip(name, "legacy")
    assert load.failed() == []


def test_requests_go_on_while_the_ledger_restarts_and_flips_after_it(fleet: Fleet) -> None:
    with fleet.load("restarted") as load:
        fleet.replicas[0].flip_everywhere("restarted", "canary", 50)
        since = time.time()
        fleet.postgresql.stop()
        eventually(lambda: all(replica.ledger()["trouble"] for replica in fleet.replicas))
        status, document = fleet.replicas[0].ask(
            "POST", "/api/v1/routes/restarted/flip", {"stage": "legacy", "reason": "a test"}
        )
        assert (status, document["title"]) == (503, "Service Unavailable")
        assert fleet.replicas[0].readyz() == 200
        fleet.postgresql.start()
        eventually(lambda: not any(replica.ledger()["trouble"] for replica in fleet.replicas))
        assert violations(load.between(since, time.time()), "restarted", 50) == []
        fleet.replicas[0].flip_everywhere("restarted", "modern")
    assert load.failed() == []


def confirmed(fleet: Fleet, replica: Replica) -> int:
    """The version that a replica says it serves by."""
    name = ":".join(map(str, replica.address))
    live = fleet.ledger.read(lambda connection: live_replicas.live(connection, timedelta(minutes=1)))
    return next((one.version for one in live if one.id.endswith(f"/{name}")), 0)


def test_a_replica_that_stood_still_is_named_and_catches_up(fleet: Fleet) -> None:
    stopped = fleet.replicas[2]
    with fleet.load("stopped", stopped) as load:
        stopped.freeze()
        try:
            said = fleet.replicas[0].flip("stopped", "modern")
        finally:
            stopped.thaw()
        host, port = stopped.address
        assert f"{host}:{port}" in [name.partition("/")[2] for name in said["replicas"]["missing"]]
        eventually(lambda: confirmed(fleet, stopped) >= said["version"], 60)
        with Load([stopped.address], "/stopped/x") as after:
            eventually(lambda: len(after.answers) > 20)
    assert violations(after.answers, "stopped", 100) == []
    assert load.failed() + after.failed() == []
