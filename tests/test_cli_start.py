"""What keeps the program from starting is said in words, exits with 1, and leaves nothing half-started."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.banyan import free_port
from tests.support.commands import Done, banyan

BACKENDS = "version: 1\nbackends: {legacy: {url: http://127.0.0.1:1}}\ndefaults: {legacy: legacy}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a routes.yaml that is valid, and listens where nobody else does."""
    write(tmp_path, "")
    return tmp_path


def write(home: Path, text: str) -> None:
    ledger = (
        f"ledger: sqlite:///{home}/ledger.db\nshadow: {{socket: {home}/s, log: {{path: {home}/d.jsonl}}}}\n"
    )
    (home / "routes.yaml").write_text(BACKENDS + ledger + text)


def start(home: Path, *arguments: str, part: str = "serve", **environment: str) -> Done:
    """Try to start, from that folder."""
    listen = [] if "--listen" in arguments or part == "control" else ["--listen", f"127.0.0.1:{free_port()}"]
    if part != "proxy" and "--control-listen" not in arguments:
        listen += ["--control-listen", f"127.0.0.1:{free_port()}"]
    return banyan(part, *listen, *arguments, cwd=home, **environment)


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """After each test no process of its folder runs on."""
    yield
    found = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    mine = [pid for pid in filter(str.isdigit, os.listdir("/proc")) if _runs_in(pid, tmp_path)]
    assert mine == []


def _runs_in(pid: str, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        return False


@pytest.mark.parametrize(
    ("part", "option"),
    [
        ("serve", "--listen"),
        ("serve", "--control-listen"),
        ("proxy", "--listen"),
        ("control", "--control-listen"),
    ],
)
def test_an_address_that_is_taken(home: Path, taken: str, part: str, option: str) -> None:
    done = start(home, option, taken, part=part)
    assert done.code == 1
    assert done.err.splitlines() == [
        f"cannot listen on {taken} for {'the control plane' if 'control' in option else 'clients'}: "
        "Address already in use"
    ]


@pytest.mark.parametrize("part", ["serve", "proxy", "control"])
def test_a_file_that_there_is_not(tmp_path: Path, part: str) -> None:
    done = start(tmp_path, part=part)
    assert done.code == 1
    assert "routes.yaml" in done.err
    assert "No such file" in done.err


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").mkdir()
    done = start(tmp_path)
    assert (done.code, "routes.yaml" in done.err) == (1, True)


def test_every_error_of_the_file_is_said_at_once(home: Path) -> None:
    write(home, "routes:\n  - {id: a, match: {path: /a}, modern: none}\n  - {id: b, match: {path: b}}\n")
    done = start(home)
    assert done.code == 1
    assert "routes.yaml:7:" in done.err
    assert "routes.yaml:8:" in done.err


def test_a_variable_that_is_not_set(home: Path) -> None:
    write(home, "redis: ${REDIS_OF_NOBODY}\n")
    done = start(home)
    assert (done.code, "REDIS_OF_NOBODY" in done.err) == (1, True)


@pytest.mark.parametrize("part", ["serve", "control"])
def test_a_control_plane_that_others_can_reach_needs_tokens(home: Path, part: str) -> None:
    done = start(home, "--control-listen", f"0.0.0.0:{free_port()}", part=part)
    assert done.code == 1
    assert "control.tokens is empty" in done.err
    assert "listen on 127.0.0.1" in done.err


def test_tokens_that_are_none(home: Path) -> None:
    write(home, "control: {tokens: '${BANYAN_TOKENS:-}'}\n")
    done = start(home, BANYAN_TOKENS="anna:admin:" + "0" * 64)
    assert done.code == 1
    assert "viewer, reviewer or operator" in done.err
    assert "0" * 64 not in done.err


@pytest.mark.parametrize("part", ["serve", "control"])
def test_a_ledger_that_is_none(home: Path, part: str) -> None:
    done = start(home, "--ledger", "oracle://u:hunter2@db/x", part=part)
    assert done.code == 1
    assert "hunter2" not in done.err


@pytest.mark.parametrize("arguments", [("--workers", "0"), ("--listen", "nowhere"), ("--nonsense",)])
def test_wrong_usage_is_2(home: Path, arguments: tuple[str, ...]) -> None:
    assert start(home, *arguments).code == 2
