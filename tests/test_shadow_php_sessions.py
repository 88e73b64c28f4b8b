"""Real PHP, whose sessions are locked: a client never waits for what is mirrored in its own session."""

import contextlib
import http.client
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.banyan import Banyan, free_port, running
from tests.test_shadow_faults import backend, config, wait

SCRIPT = """<?php
$shadow = isset($_SERVER['HTTP_X_BANYAN_SHADOW']);
$mark = __DIR__ . '/held-' . ($_COOKIE['PHPSESSID'] ?? '');
if ($shadow) touch($mark);
$who = $shadow ? 'shadow' : (file_exists($mark) ? 'waited' : 'client');
file_put_contents(__DIR__ . '/log', "$who\\n", FILE_APPEND | LOCK_EX);
session_save_path(__DIR__);
session_start();
usleep(30000);
if ($shadow) unlink($mark);
header('Content-Type: application/json');
echo json_encode(['a' => 1]);
"""
"""Holds the session's lock for 30 ms. A client's request that comes while a shadow holds it has `waited`."""


@pytest.fixture
def php(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """PHP with six workers: its url, and the log of who asked."""
    folder, port = tmp_path / "php", free_port()
    folder.mkdir()
    (folder / "index.php").write_text(SCRIPT)
    command = ["php", "-S", f"127.0.0.1:{port}", str(folder / "index.php")]
    with (folder / "said").open("wb") as said:
        environment = {**os.environ, "PHP_CLI_SERVER_WORKERS": "6"}
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, env=environment, start_new_session=True
        )
    try:
        wait(lambda: answers(port))
        (folder / "log").write_text("")
        yield f"http://127.0.0.1:{port}", folder / "log"
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its workers too, which outlive it
        process.wait()


def answers(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False


def asks(banyan: Banyan, path: str, times: int) -> None:
    """A client that asks again as soon as it has its answer, each time on a new connection."""
    for _ in range(times):
        with contextlib.closing(http.client.HTTPConnection(*banyan.address, timeout=60)) as connection:
            connection.request("GET", path, headers={"Cookie": "a=1; PHPSESSID=abc"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200


def routes(php: str, home: Path, other: str, **route: Any) -> dict[str, Any]:
    """A mirrored route /a, and /b that PHP alone answers; two data planes."""
    made = config(php, other, home)
    made["backends"]["legacy"]["dialect"] = "php"
    made["backends"]["modern"]["dialect"] = "plain"
    made["server"] = {"workers": 2}
    made["routes"] = [{"id": "r", "match": {"path": "/a"}, "modern": "modern", **route}]
    return made


def same(_: object) -> bytes:
    return b'{"a": 1}'


LEARNING = {"stage": "shadow", "shadow": {"noise": {"sample": 100}}}
REVERSED = {"stage": "modern", "shadow": {"reverse": True, "noise": {"sample": 0}}}


@pytest.mark.parametrize(("route", "paths"), [(LEARNING, ["/a"]), (REVERSED, ["/a", "/b"])])
def test_a_client_never_waits_for_the_shadow_in_its_own_session(
    tmp_path: Path, php: tuple[str, Path], route: dict[str, Any], paths: list[str]
) -> None:
    url, log = php
    with (
        backend(same) as modern,
        running(tmp_path, routes(url, tmp_path, modern, **route), "express", "serve") as banyan,
    ):
        wait(lambda: asks(banyan, "/b", 1) or (tmp_path / "s").exists(), 60)
        for _ in range(30):
            for path in paths:
                asks(banyan, path, 1)
        wait(lambda: "shadow" in log.read_text(), 60)
        said = log.read_text().split()
    assert "waited" not in said
    assert said.count("client") >= 30
