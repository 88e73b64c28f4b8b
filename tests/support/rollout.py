"""Short ways to write files with routes to flip, and a SQLite ledger for tests that need no other."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from proxy.config.snapshot import Snapshot
from proxy.ledger import Ledger, migrate, replicas
from tests.support import config


def snapshot(*routes: str) -> Snapshot:
    """A file with these routes, each as `id: {keys}`, with a modern side unless the keys say otherwise."""
    lines = []
    for route in routes:
        name, _, keys = route.partition(": ")
        more = keys.strip("{}")
        lines.append(f"  - {{id: {name}, match: {{path: /{name}}}{', ' + keys[1:-1] if more else ''}}}\n")
    return config.snapshot(f"defaults: {{modern: payments}}\nroutes:\n{''.join(lines)}")


def sqlite(home: Path) -> str:
    """The URL of a new ledger with its tables."""
    url = f"sqlite:///{home}/ledger.db"
    migrate.upgrade(url)
    return url


def alive(ledger: Ledger, replica: str, version: int) -> None:
    """A replica that serves by a version gives a sign of life."""
    ledger.write(partial(replicas.report, replica=replica, version=version, detail={}))


def eventually(condition: Callable[[], object], patience: float = 60.0) -> None:
    """Wait until something holds; fails if it does not in time."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
