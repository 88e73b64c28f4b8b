"""Three replicas of the real program, PostgreSQL and Redis, under load: no request fails, no key changes
sides but by its bucket, whatever happens to the servers behind."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from proxy.ledger import Ledger, audit, migrate, ramps
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
SPREAD = 1.0
"""Seconds after a flip within which a key may still see the side before, on a busy machine."""


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
    names = ("flipped", "hintless", "frozen", "restarted", "stopped")
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
        time.sleep(0.5)
        for weight in (30, 60, 0):
            said = fleet.replicas[0].flip("flipped", "canary", weight)
            since = time.time()
            assert len(said["replicas"]["confirmed"]) == 3
            time.sleep(0.5)
            settled = load.between(since, time.time())
            assert len(settled) > 20
            assert violations(settled, "flipped", weight) == []
    assert load.failed() == []


def test_a_clean_route_ramps_to_100_and_only_upwards(fleet: Fleet) -> None:
    with fleet.load("ramped") as load:
        fleet.replicas[1].ask("POST", "/api/v1/routes/ramped/ramp", {"action": "start"})
        eventually(lambda: fleet.ramp("ramped").state is State.DONE, 60)
    steps = [entry for entry in fleet.audit("ramped", Source.RAMP) if entry.action == "flip"]
    assert [step.became for step in steps] == ["canary 50 %", "canary 100 %"]
    half, whole = (step.time.timestamp() for step in steps)
    assert violations(load.between(0, half), "ramped", 0) == []
    assert violations(load.between(half + SPREAD, whole), "ramped", 50) == []
    assert violations(load.between(whole + SPREAD, time.time()), "ramped", 100) == []
    assert load.failed() == []


def test_a_broken_route_is_rolled_back_and_no_client_saw_it_fail(fleet: Fleet) -> None:
    with fleet.load("broken") as load:
        fleet.replicas[2].ask("POST", "/api/v1/routes/broken/ramp", {"action": "start"})
        eventually(lambda: fleet.ramp("broken").state is State.ROLLED_BACK, 60)
        last = fleet.audit("broken", Source.RAMP)[-1]
        time.sleep(SPREAD + 0.5)
    assert (last.action, last.was, last.became) == ("rollback", "canary 50 %", "legacy")
    assert last.reason.startswith("errors: modern fails ")
    assert violations(load.between(last.time.timestamp() + SPREAD, time.time()), "broken", 0) == []
    assert load.failed() == []


@pytest.mark.parametrize("gone", ["kill", "freeze"])
def test_flips_arrive_without_redis_and_hints_come_back_with_it(fleet: Fleet, gone: str) -> None:
    name = "hintless" if gone == "kill" else "frozen"
    with fleet.load(name) as load:
        getattr(fleet.redis, gone)()
        said = fleet.replicas[0].flip(name, "modern")
        since = time.time()
        assert said["replicas"]["missing"] == []
        eventually(lambda: all(replica.ledger()["redis"] for replica in fleet.replicas))
        assert violations(load.between(since, time.time()), name, 100) == []
        (fleet.redis.start if gone == "kill" else fleet.redis.thaw)()
        eventually(lambda: not any(replica.ledger()["redis"] for replica in fleet.replicas))
        fleet.replicas[0].flip(name, "legacy")
    assert load.failed() == []


def test_requests_go_on_while_the_ledger_restarts_and_flips_after_it(fleet: Fleet) -> None:
    with fleet.load("restarted") as load:
        fleet.replicas[0].flip("restarted", "canary", 50)
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
        said = fleet.replicas[0].flip("restarted", "modern")
        assert said["replicas"]["missing"] == []
    assert load.failed() == []


def test_a_replica_that_stood_still_is_named_and_catches_up(fleet: Fleet) -> None:
    stopped = fleet.replicas[2]
    with fleet.load("stopped", stopped) as load:
        stopped.freeze()
        try:
            said = fleet.replicas[0].flip("stopped", "modern")
        finally:
            stopped.thaw()
        host, port = stopped.address
        assert [name.partition("/")[2] for name in said["replicas"]["missing"]] == [f"{host}:{port}"]
        eventually(lambda: stopped.ledger()["version"] == said["version"])
        since = time.time()
        with Load([stopped.address], "/stopped/x") as after:
            eventually(lambda: len(after.answers) > 20)
    assert violations(after.between(since + SPREAD, time.time()), "stopped", 100) == []
    assert load.failed() + after.failed() == []
