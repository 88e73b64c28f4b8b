"""Real PostgreSQL and MariaDB servers for tests: started when first asked for, ended with the session.

Each has a folder of its own under the system's temporary folder, listens on a free port of 127.0.0.1, and may
forget what it likes at a power cut. Both refuse to run as root: then they are the users Debian made for them.
"""

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, delete, text, update
from sqlalchemy.exc import OperationalError

from proxy.ledger import Ledger, migrate
from proxy.ledger.engine import create
from proxy.ledger.schema import metadata
from proxy.ledger.schema import version as versions
from tests.support import processes
from tests.support.banyan import free_port

START = 60.0
"""Seconds that a server may take to start or stop on a busy machine."""

PATIENCE = 60
"""Seconds that a database may take over one transaction there, others' included."""

KINDS = ("sqlite", "postgresql", "mariadb")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a kind of server is run. In commands, {data}, {home}, {port} and {user} are filled in."""

    user: str
    fill: str
    run: str
    scheme: str
    driver: str
    admin: str
    stop: signal.Signals


POSTGRESQL = Recipe(
    user="postgres",
    fill="initdb -D {data} -U banyan -A trust -E UTF8 --locale=C --no-sync",
    run="postgres -D {data} -k {home} -h 127.0.0.1 -p {port} -c fsync=off -c synchronous_commit=off"
    " -c full_page_writes=off -c max_connections=60 -c shared_buffers=16MB",
    scheme="postgresql://banyan",
    driver="postgresql+psycopg://banyan",
    admin="postgres",
    stop=signal.SIGINT,
)
MARIADB = Recipe(
    user="mysql",
    fill="mariadb-install-db --no-defaults --datadir={data} --auth-root-authentication-method=normal"
    " --skip-test-db --skip-name-resolve",
    run="mariadbd --no-defaults --datadir={data} --socket={home}/socket --pid-file={home}/pid"
    " --bind-address=127.0.0.1 --port={port} --skip-name-resolve --skip-log-bin --innodb-buffer-pool-size=16M"
    " --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --performance-schema=0",
    scheme="mysql://root",
    driver="mysql+pymysql://root",
    admin="mysql",
    stop=signal.SIGTERM,
)


class Server:
    """A running server. It can be stopped and started again, frozen and thawed, and keeps its data."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._user = recipe.user if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix=f"banyan-{recipe.user}-"))
        self.port = free_port()
        if self._user:
            shutil.chown(self._home, self._user)
        subprocess.run(
            self._command(recipe.fill),
            user=self._user,
            cwd=self._home,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._process = self._spawn()

    def url(self, database: str) -> str:
        """What `ledger:` says for a database of this server."""
        return f"{self._recipe.scheme}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(_numbers)}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        self._process = self._spawn()

    def stop(self) -> None:
        """A quick stop: clients are cut off, what they committed is kept."""
        self._process.send_signal(self._recipe.stop)
        self._process.wait(START)

    def freeze(self) -> None:
        """From now on the server answers nothing, though connections to it stay open."""
        processes.freeze(self._process.pid)

    def thaw(self) -> None:
        processes.thaw(self._process.pid)

    def close(self) -> None:
        """Ends the server, if it still runs, and removes its data."""
        if self._process.poll() is None:
            self.thaw()
            self.stop()
        shutil.rmtree(self._home)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with (self._home / "log").open("ab") as log:
            process = subprocess.Popen(
                self._command(self._recipe.run),
                user=self._user,
                cwd=self._home,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: _die_with_parent(self._recipe.stop),
            )
        self._process = process
        self._wait_until_ready()
        return process

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START
        while True:
            try:
                return self._administer("SELECT 1")
            except OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (self._home / "log").read_text()
                    raise RuntimeError(f"{self._recipe.user} did not start:\n{log}") from error
                time.sleep(0.05)

    def _administer(self, statement: str) -> None:
        url = f"{self._recipe.driver}@127.0.0.1:{self.port}/{self._recipe.admin}"
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _command(self, line: str) -> list[str]:
        """The words of a command, its program where Debian keeps it off the PATH."""
        values = {"data": self._home / "data", "home": self._home, "port": self.port}
        program, *arguments = line.format(**values).split()
        folders = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/sbin")]
        path = os.pathsep.join([os.environ["PATH"], *map(str, sorted(folders, reverse=True))])
        found = shutil.which(program, path=path)
        if found is None:
            raise RuntimeError(f"{program} is missing: apt-get install postgresql mariadb-server")
        return [found, *arguments]


def _die_with_parent(last_signal: signal.Signals) -> None:
    """Between fork and exec: a test run that is killed leaves no server behind (prctl, PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, last_signal)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    server = Server(POSTGRESQL)
    yield server
    server.close()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    server = Server(MARIADB)
    yield server
    server.close()


@pytest.fixture(scope="session")
def upgraded() -> dict[str, str]:
    """Kind of server → URL of the one database that tests take turns in, with its tables made."""
    return {}


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any tables, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: Server = request.getfixturevalue(request.param)
    return server.create_database()


@pytest.fixture(params=KINDS)
def ledger_url(request: pytest.FixtureRequest, upgraded: dict[str, str], tmp_path: Path) -> str:
    """A ledger without any rows, of each kind in turn."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/ledger.db"
        migrate.upgrade(url)
        return url
    if request.param not in upgraded:
        server: Server = request.getfixturevalue(request.param)
        upgraded[request.param] = server.create_database()
        migrate.upgrade(upgraded[request.param])
    _empty(upgraded[request.param])
    return upgraded[request.param]


def patient(url: str) -> Ledger:
    """A ledger that does not give its database up where only the machine is slow."""
    return Ledger(create(url, PATIENCE), PATIENCE)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = patient(ledger_url)
    yield opened
    opened.close()


def _empty(url: str) -> None:
    ledger = patient(url)
    ledger.write(_forget_everything)
    ledger.close()


def _forget_everything(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        if table is not versions:
            connection.execute(delete(table))
    connection.execute(update(versions).values(version=0))
