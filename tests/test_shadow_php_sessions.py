"""Real PHP, whose sessions are locked: a client never waits for what is mirrored in its own session."""

import contextlib
import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
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


QUIET = 1.0
"""Seconds for which a client is silent at least before its session is used."""


class Client:
    """Asks again as soon as it has its answer, each time on a new connection."""

    def __init__(self, banyan: Banyan) -> None:
        self._banyan = banyan
        self._asked: list[tuple[float, float]] = []

    def asks(self, path: str) -> None:
        began = time.monotonic()
        with contextlib.closing(http.client.HTTPConnection(*self._banyan.address, timeout=60)) as connection:
            connection.request("GET", path, headers={"Cookie": "a=1; PHPSESSID=abc"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        self._asked.append((began, time.monotonic()))

    @property
    def silences(self) -> int:
        """How often nothing may have been under way for so long that its session could be used: never,
        unless the machine stood still."""
        return sum(ended - before >= QUIET for (before, _), (_, ended) in pairwise(self._asked))


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
        client = Client(banyan)
        wait(lambda: client.asks("/b") or (tmp_path / "s").exists(), 60)
        for path in paths * 30:
            client.asks(path)
        wait(lambda: "shadow" in log.read_text(), 60)
        said = log.read_text().split()
    assert said.count("waited") <= client.silences
    assert said.count("client") + said.count("waited") >= 30
