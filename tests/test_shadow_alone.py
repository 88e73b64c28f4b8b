"""`banyan proxy` and `banyan shadow` as two programs, as in a pod: they meet at the socket."""

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.support.banyan import free_port, running
from tests.test_shadow_faults import ask, backend, config, other, same, wait

COUNTED = 'banyan_shadow_verdicts_total{route="r",verdict="mismatch"}'


def lines(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def has_grown(log: Path, before: int) -> bool:
    return lines(log) > before


def metrics(port: int) -> str:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()


def started(home: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "proxy", "shadow", "--config", str(home / "routes.yaml"), *options]
    with (home / "shadow.txt").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def test_the_parts_meet_and_each_can_go_and_come_back(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "diffs.jsonl"
    with (
        backend(same) as legacy,
        backend(other) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "proxy") as banyan,
    ):
        assert ask(banyan, 3) == [200] * 3
        for _ in range(2):
            grown = partial(has_grown, log, lines(log))
            shadow = started(tmp_path, "--status", f"127.0.0.1:{port}")
            try:
                wait(lambda grown=grown: ask(banyan) and grown(), 60)
                wait(lambda: ask(banyan) and COUNTED in metrics(port))
            finally:
                shadow.send_signal(signal.SIGTERM)
                assert shadow.wait(60) == 0
    verdicts = {json.loads(line)["verdict"] for line in log.read_text().splitlines()}
    assert "mismatch" in verdicts and "match" not in verdicts  # a busy machine may skip some, and be unsure
    assert "Traceback" not in (tmp_path / "shadow.txt").read_text()


def sampled(ledger: Path) -> int:
    """Differing exchanges that the gates know of."""
    with closing(sqlite3.connect(ledger)) as connection, suppress(sqlite3.OperationalError):
        return connection.execute("select coalesce(sum(mismatches), 0) from banyan_samples").fetchone()[0]
    return 0  # whoever is first still makes the tables


def test_what_it_finds_under_a_ramp_reaches_the_gates(tmp_path: Path) -> None:
    with backend(same) as legacy, backend(other) as modern:
        made = config(legacy, modern, tmp_path)
        made["routes"][0] |= {"stage": "canary", "weight": 0, "ramp": {"steps": [5, 100]}}
        with running(tmp_path, made, "express", "proxy") as banyan:
            shadow = started(tmp_path)
            try:
                wait(lambda: ask(banyan) and (tmp_path / "ledger.db").exists(), 60)
                wait(lambda: ask(banyan) and sampled(tmp_path / "ledger.db") > 0, 60)
            finally:
                shadow.send_signal(signal.SIGTERM)
                assert shadow.wait(60) == 0
    assert "Traceback" not in (tmp_path / "shadow.txt").read_text()


def test_two_workers_do_not_write_one_log(tmp_path: Path) -> None:
    with backend(same) as legacy, running(tmp_path, config(legacy, legacy, tmp_path), "express", "serve"):
        wait((tmp_path / "diffs.jsonl.lock").exists)
        second = started(tmp_path)
        assert second.wait(60) == 1
    said = (tmp_path / "shadow.txt").read_text()
    assert said.startswith("the shadow worker cannot start: another shadow worker writes diffs.jsonl")


@pytest.mark.parametrize("text", ["version: 2", "nonsense"])
def test_a_file_that_is_not_valid_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "routes.yaml").write_text(text)
    assert started(tmp_path).wait(60) == 1
    assert "routes.yaml:1:" in (tmp_path / "shadow.txt").read_text()
