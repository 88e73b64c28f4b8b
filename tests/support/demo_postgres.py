"""A PostgreSQL server of a test's own: a new cluster on a free port, gone at the end."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.story.parts import Address, free_address

START = 60.0


def _command(line: str) -> list[str]:
    """The command's words, its program where Debian keeps it off the PATH; of several versions the newest."""
    program, *arguments = line.split(" ")
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    return [str(found[-1]) if found else program, *arguments]


@contextmanager
def running_postgres() -> Iterator[str]:
    """The url of an empty database, for SQLAlchemy with psycopg."""
    # PostgreSQL refuses to run as root, and pytest's own directories are closed to other users.
    user = "postgres" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    if user:
        shutil.chown(home, user)
    try:
        create = f"initdb -D {home}/data -U demo -A trust -E UTF8 --no-sync"
        subprocess.run(_command(create), user=user, cwd=home, check=True, stdout=subprocess.DEVNULL)
        with _server(home, user) as address:
            yield f"postgresql+psycopg://demo@{address}/postgres"
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server(home: Path, user: str | None) -> Iterator[Address]:
    address = free_address()
    command = _command(f"postgres -D {home}/data -k {home} -h {address.host} -p {address.port}")
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, user=user, cwd=home, stderr=log) as server,
    ):
        try:
            _wait(server, address)
            yield address
        finally:
            server.send_signal(signal.SIGINT)


def _wait(server: "subprocess.Popen[bytes]", address: Address) -> None:
    ask = _command(f"pg_isready -q -h {address.host} -p {address.port}")
    deadline = time.monotonic() + START
    while subprocess.run(ask, check=False).returncode != 0:
        assert server.poll() is None, "PostgreSQL ended at once"
        assert time.monotonic() < deadline, "PostgreSQL did not become ready"
        time.sleep(0.05)
