"""`banyan diffs list --follow`: shows each difference once, as it comes, until Ctrl-C."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.banyan import Banyan, running
from tests.test_shadow_faults import UNEQUAL, ask, backend, config, logged, other, same, wait


def following(banyan: Banyan, out: Path) -> subprocess.Popen[bytes]:
    url = f"http://{banyan.control[0]}:{banyan.control[1]}"
    command = [sys.executable, "-m", "proxy", "diffs", "list", "--follow", "--limit", "1", "--json"]
    with out.open("wb") as file, out.with_suffix(".err").open("wb") as said:
        return subprocess.Popen([*command, "--control", url], stdout=file, stderr=said)


def lines(out: Path) -> list[dict[str, Any]]:
    """What has been shown so far, whole lines."""
    return [json.loads(line) for line in out.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def shown(out: Path) -> list[str]:
    return [line["id"] for line in lines(out)]


def test_differences_are_shown_as_they_come_each_once(tmp_path: Path) -> None:
    out = tmp_path / "followed"
    with (
        backend(same) as legacy,
        backend(other) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        wait(lambda: ask(banyan) and len(logged(tmp_path)) >= 3, 60)
        follower = following(banyan, out)
        try:
            wait(lambda: len(lines(out)) == 1, 60)
            for more in (5, 10):
                wait(lambda more=more: ask(banyan) and len(shown(out)) > more, 60)
                wait(lambda: shown(out) == [line["id"] for line in logged(tmp_path)][-len(shown(out)) :], 60)
        finally:
            follower.send_signal(signal.SIGINT)
            code = follower.wait(60)
    assert {line["verdict"] for line in lines(out)} <= UNEQUAL
    assert code in (0, 1, 130) and b"Traceback" not in out.with_suffix(".err").read_bytes()
