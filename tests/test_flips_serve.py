"""Flips on one machine without Redis: the real program, its file, and its ledger."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxy.ledger import Ledger, audit
from proxy.ledger.audit import Source
from tests.support.databases import Server
from tests.support.fleet import Backends, Load, Replica, side_of, violations
from tests.support.rollout import eventually


@pytest.fixture(scope="module")
def backends() -> Iterator[Backends]:
    started = Backends()
    yield started
    started.close()


def config(backends: Backends, **pay: Any) -> dict[str, Any]:
    match = {"path": "/pay/{rest:path}"}
    route = {"id": "pay", "match": match, "modern": "modern", "sticky": ["header:X-Key"], **pay}
    server = {"workers": 2, "access_log": "off"}
    return {"server": server, "backends": backends.config(), "routes": [route]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("machine")


@pytest.fixture(scope="module")
def replica(home: Path, backends: Backends) -> Iterator[Replica]:
    started = Replica(home, config(backends), part="serve")
    yield started
    started.stop()


def rewrite(home: Path, **pay: Any) -> None:
    """Change the route in the file."""
    file = home / "routes.yaml"
    document = yaml.safe_load(file.read_text())
    document["routes"][0] |= pay
    file.write_text(yaml.safe_dump(document))


def served(replica: Replica, weight: float) -> bool:
    """Whether every one of many requests, on new connections to whichever worker, goes by a weight."""
    with Load([replica.address], "/pay/x", clients=1) as load:
        eventually(lambda: len(load.answers) >= 20)
    return violations(load.answers, "pay", weight) == []


def test_a_flip_has_reached_every_worker_when_it_returns(replica: Replica) -> None:
    with Load([replica.address], "/pay/x") as load:
        for stage, weight in (("modern", 100), ("legacy", 0), ("canary", 40)):
            said = replica.flip_everywhere("pay", stage, weight if stage == "canary" else None)
            since = time.time()
            assert (len(said["replicas"]["confirmed"]), said["replicas"]["missing"]) == (1, [])
            eventually(lambda s=since: len(load.between(s, time.time())) > 20)
            assert violations(load.between(since, time.time()), "pay", weight) == []
    assert load.failed() == []


def test_a_change_of_the_route_s_stage_in_the_file_drops_the_override_and_is_audited(
    home: Path, replica: Replica
) -> None:
    version = replica.flip("pay", "modern")["version"]
    rewrite(home, stage="canary", weight=70)
    eventually(lambda: replica.ledger()["version"] == version + 1)
    assert served(replica, 70)
    ledger = Ledger.open(f"sqlite:///{home}/ledger.db")
    dropped, flipped, *_ = ledger.read(audit.entries)
    ledger.close()
    assert (dropped.actor, dropped.source, dropped.action) == ("routes.yaml", Source.FILE, "drop")
    assert (dropped.was, dropped.became) == ("modern", "the file: canary 70 %")
    assert (flipped.source, flipped.became) == (Source.API, "modern")


def test_an_override_outlives_other_changes_of_the_file_and_a_restart(
    home: Path, backends: Backends, replica: Replica
) -> None:
    replica.flip_everywhere("pay", "canary", 40)
    version = replica.ask("GET", "/readyz")[1]["version"]
    rewrite(home, fallback=[])
    eventually(lambda: replica.ask("GET", "/readyz")[1]["version"] > version)
    assert served(replica, 40)
    file = (home / "routes.yaml").read_text()
    replica.stop()
    again = Replica(home, yaml.safe_load(file), part="serve")
    try:
        assert served(again, 40)
    finally:
        again.stop()


def test_a_ledger_that_is_away_at_the_start_keeps_nobody_from_serving(
    tmp_path: Path, postgresql: Server, backends: Backends
) -> None:
    """Reached by no connection first, then without tables, then upgraded by hand."""
    url = postgresql.create_database()
    postgresql.stop()
    try:
        replica = Replica(tmp_path, {**config(backends), "ledger": url}, part="serve")
    finally:
        postgresql.start()
    try:
        assert served(replica, 0)
        eventually(lambda: "banyan ledger upgrade" in str(replica.ledger()["trouble"]))
        upgrade = [sys.executable, "-m", "proxy", "ledger", "upgrade", "--ledger", url]
        done = subprocess.run(upgrade, env=os.environ, capture_output=True, text=True, check=True)
        assert done.stdout.endswith("upgrade(s) made\n")
        eventually(lambda: replica.ledger()["trouble"] is None)
        said = replica.log()
        assert "the ledger is unavailable: " in said
        assert said.index("banyan ledger upgrade") < said.index("the ledger is there again")
        eventually(lambda: replica.flip("pay", "modern")["replicas"]["confirmed"])
        assert served(replica, 100)
    finally:
        replica.stop()


def test_a_ledger_that_cannot_be_is_said_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    file.write_text("{version: 1, backends: {legacy: {url: 'http://127.0.0.1:1'}}}")
    command = [sys.executable, "-m", "proxy", "serve", "--config", str(file), "--ledger", "oracle://x"]
    done = subprocess.run(
        [*command, "--listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "ledger: `oracle` is not one of sqlite, postgresql, mysql, mariadb\n",
    )


def test_workers_load_neither_a_database_nor_redis() -> None:
    code = "import proxy.worker, sys; print({'sqlalchemy', 'alembic', 'redis'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_load_knows_which_side_a_key_belongs_to() -> None:
    """Else every test that counts violations would count none."""
    assert {side_of("pay", f"key-{number}", 40) for number in range(60)} == {"legacy", "modern"}
