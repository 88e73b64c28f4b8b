"""A worker's hold on what it serves by: what cannot be put in force leaves all as it was."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.app import Backends
from proxy.config.snapshot import Snapshot
from proxy.link import Applied, Apply, Drain, Link
from proxy.worker import Worker
from tests.support.config import errors, loaded

FILE = """\
version: 1
server: {{listen: 127.0.0.1:0, access_log: 'off'}}
backends:
  legacy: {{url: "http://127.0.0.1:1"}}
  secure: {{url: "https://127.0.0.1:{port}", tls: {tls}}}
"""


def of(version: int, port: int, tls: str = "{}") -> Snapshot:
    text = FILE.format(port=port, tls=tls)
    assert errors(text) == []
    snapshot = loaded(text).snapshot
    assert snapshot is not None
    return replace(snapshot, version=version)


def broken(version: int, folder: Path) -> Snapshot:
    """One that names a certificate which is not there."""
    return of(version, 2, f"{{ca: {folder}/ca.pem}}")


async def test_backends_that_cannot_be_had_leave_those_there_are(tmp_path: Path) -> None:
    backends = Backends(asyncio.get_running_loop(), checked=False)
    before = backends.follow(of(1, 2).config.backends)
    with pytest.raises(FileNotFoundError):
        backends.follow(broken(2, tmp_path).config.backends)
    assert backends.live == list(before.values())
    assert backends.follow(of(3, 2).config.backends) == before
    backends.close()


async def test_a_worker_that_cannot_put_a_version_in_force_says_so_and_takes_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = socket.socketpair()
    supervisor = await Link.open(ours)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        serving = asyncio.create_task(Worker(await Link.open(theirs), listener).run())
        for snapshot in (of(1, 2), broken(2, tmp_path), of(3, 4)):
            supervisor.send(Apply(snapshot))
        applied = [await supervisor.receive(), await supervisor.receive()]
        supervisor.send(Drain())
        await serving
    await supervisor.close()
    assert applied == [Applied(1), Applied(3)]
    assert "cannot put version 2 in force: [Errno 2] No such file or directory" in capsys.readouterr().err
