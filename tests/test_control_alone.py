"""`banyan control`: the control plane as a process of its own, beside a data plane that is another."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy.ledger import Ledger, samples
from proxy.ramp.evidence import Sample, SideSample
from proxy.ramp.latency import bucket_of
from tests.support.banyan import Banyan, free_port, running
from tests.support.commands import banyan

ROUTES = [{"id": "moved", "match": {"path": "/moved"}, "modern": "payments"}]
BACKENDS = {"legacy": {"url": "http://127.0.0.1:1"}, "payments": {"url": "http://127.0.0.1:2"}}


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Banyan]:
    """`banyan proxy`: a data plane without a control plane."""
    config = {"backends": BACKENDS, "defaults": {"legacy": "legacy"}, "routes": ROUTES}
    with running(tmp_path, config) as program:
        yield program


@contextlib.contextmanager
def alone(home: Path, *arguments: str) -> Iterator[tuple[httpx.Client, "subprocess.Popen[bytes]"]]:
    """`banyan control` with the file of that folder, once it answers."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "proxy", "control", "--config", str(home / "routes.yaml")]
    with (home / "control.txt").open("wb") as log:
        process = subprocess.Popen([*command, "--control-listen", address, *arguments], stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=30) as client:
            wait_for(client, "/healthz", 200)
            yield client, process
    finally:
        process.terminate()
        assert process.wait(60) == 0, (home / "control.txt").read_text()


def wait_for(client: httpx.Client, path: str, status: int) -> httpx.Response:
    """The answer, once it has this status."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = client.get(path)
            if answer.status_code == status:
                return answer
        assert time.monotonic() < deadline, f"{path} never answered {status}"
        time.sleep(0.1)


def test_a_flip_reaches_the_data_plane_beside_it(plane: Banyan, tmp_path: Path) -> None:
    with alone(tmp_path) as (client, _):
        wait_for(client, "/readyz", 200)
        host, port = plane.address
        confirmed: list[str] = []
        deadline = time.monotonic() + 60
        while not confirmed:  # on a busy machine it may take longer than is waited for
            assert time.monotonic() < deadline
            flip = {"stage": "modern", "reason": "x"}
            confirmed = client.post("/api/v1/routes/moved/flip", json=flip).json()["replicas"]["confirmed"]
        assert [name.endswith(f"{host}:{port}") for name in confirmed] == [True]
        deadline = time.monotonic() + 60
        while client.get("/api/v1/routes/moved").json()["stage"] != "modern":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert banyan("routes", "--control", str(client.base_url), "--json").code == 0


def test_without_its_ledger_it_is_not_ready_and_says_why(plane: Banyan, tmp_path: Path) -> None:
    with alone(tmp_path, "--ledger", "postgresql://nobody@127.0.0.1:1/none") as (client, _):
        detail = wait_for(client, "/readyz", 503).json()
        assert "ledger" in detail["reason"]
    assert "\nthe ledger is unavailable: " in (tmp_path / "control.txt").read_text()


def test_traffic_of_routes_under_a_ramp_comes_from_the_ledger(plane: Banyan, tmp_path: Path) -> None:
    latency = {bucket_of(20_000): 5}
    with alone(tmp_path) as (client, _):
        wait_for(client, "/readyz", 200)
        ledger, now = Ledger.open(f"sqlite:///{tmp_path}/ledger.db"), int(time.time())
        seen = [
            ("moved", Sample(now - ago, source, SideSample(10, 1, latency), SideSample(5), 4, 1))
            for ago, source in ((1, "a"), (2, "a"), (1, "b"), (3600, "a"))
        ]
        ledger.write(lambda connection: samples.write(connection, seen))
        ledger.close()
        route = client.get("/api/v1/routes/moved").json()
    assert (route["traffic"]["legacy"]["requests"], route["traffic"]["modern"]["requests"]) == (30, 15)
    assert route["traffic"]["legacy"]["server_errors"] == 3
    assert 20 <= route["traffic"]["legacy"]["p95_ms"] <= 22
    assert route["traffic"]["modern"]["p95_ms"] is None
    assert (route["verdicts"], route["traffic_of"]) == ({"mismatch": 3}, "the last minute, all replicas")


def test_it_follows_its_file(plane: Banyan, tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    with alone(tmp_path) as (client, process):
        wait_for(client, "/readyz", 200)
        valid = file.read_text()
        file.write_text("nonsense")
        process.send_signal(signal.SIGHUP)
        wait_until(client, errors=True)
        assert [route["id"] for route in client.get("/api/v1/routes").json()["routes"]] == ["moved"]
        file.write_text(valid.replace("id: moved", "id: renamed"))
        process.send_signal(signal.SIGHUP)
        wait_until(client, errors=False)
        assert [route["id"] for route in client.get("/api/v1/routes").json()["routes"]] == ["renamed"]
    said = (tmp_path / "control.txt").read_text()
    refused = said.index("routes.yaml is not valid; the last good one stays in force:\n")
    assert said.index("routes.yaml is in force as version 2", refused)


def wait_until(client: httpx.Client, errors: bool) -> None:
    deadline = time.monotonic() + 60
    while bool(client.get("/readyz").json()["config_errors"]) is not errors:
        assert time.monotonic() < deadline
        time.sleep(0.1)
