"""What a shadow worker alone tells the gates: compared and differing exchanges of routes under a ramp."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from proxy import shadow_samples
from proxy.config.snapshot import Snapshot
from proxy.flips import intents
from proxy.ledger import Ledger, migrate, overrides, samples
from proxy.ledger.audit import Author, Source
from proxy.ledger.positions import Position
from proxy.shadow_samples import ShadowSamples
from proxy.telemetry.metrics import Totals
from tests.support.config import snapshot

ROUTES = """
    routes:
      - {id: pay, match: {path: /pay}, modern: payments, stage: STAGE, ramp: {steps: [5, 100]}}
      - {id: see, match: {path: /see}, modern: payments, stage: canary}
"""
QA = Author("qa", Source.CLI, "a test")


class Clock:
    now = 1000.0

    def time(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow_samples, "time", Clock())


def found(mismatches: int) -> Totals:
    totals = Totals()
    for route in ("pay", "see"):
        totals.count("shadow_verdict", f"{route} match", 7)
        totals.count("shadow_verdict", f"{route} mismatch", mismatches)
    return totals


def kept(path: Path, route: str = "pay") -> list[tuple[int, int]]:
    ledger = Ledger.open(f"sqlite:///{path}")
    rows = ledger.read(lambda connection: samples.read(connection, route, 0))
    ledger.close()
    return [(row.compared, row.mismatches) for row in rows]


def at(stage: str) -> Snapshot:
    return snapshot(ROUTES.replace("STAGE", stage))


def test_verdicts_of_routes_under_a_ramp_are_samples(tmp_path: Path) -> None:
    told = ShadowSamples(f"sqlite:///{tmp_path / 'l.db'}", "me")
    for mismatches in (2, 3):
        told.count(found(mismatches))
        told.write(at("canary"))
    told.write(at("canary"))
    told.close()
    assert kept(tmp_path / "l.db") == [(9, 2), (10, 3)]
    assert kept(tmp_path / "l.db", "see") == []


def test_a_flip_says_which_routes_are_under_a_ramp(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'l.db'}", at("shadow")
    told = ShadowSamples(url, "me")
    told.count(found(1))
    told.write(file)
    assert kept(tmp_path / "l.db") == []
    migrate.upgrade(url)
    ledger = Ledger.open(url)
    flip = Position("canary", 500)
    intent = intents(file)["pay"]
    ledger.write(lambda connection: overrides.flip(connection, "pay", flip, QA, intent))
    ledger.close()
    told.count(found(2))
    told.write(file)
    told.close()
    assert kept(tmp_path / "l.db") == [(9, 2)]


def test_samples_wait_for_a_ledger_that_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    told = ShadowSamples(f"sqlite:///{folder / 'l.db'}", "me")
    folder.write_text("in the way")
    for mismatches in (1, 2):
        told.count(found(mismatches))
        told.write(at("canary"))
    folder.unlink()
    folder.mkdir()
    told.write(at("canary"))
    told.close()
    assert kept(folder / "l.db") == [(8, 1), (9, 2)]
    with closing(sqlite3.connect(folder / "l.db")) as connection:
        assert connection.execute("select distinct source from banyan_samples").fetchall() == [("me",)]
