import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from proxy.config.ramp import Ramp as Plan
from proxy.ledger import Ledger, audit, leases, overrides, ramps
from proxy.ledger.audit import Author, Source
from proxy.ledger.leases import Lease
from proxy.ledger.overrides import Override
from proxy.ledger.positions import Intent, Position
from proxy.ledger.ramps import Stored
from proxy.ramp.states import State
from proxy.ramp.steps import Ramp, Weigh, advance, begin
from proxy.ramp.verdict import Result, Verdict

NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)
PLAN = Plan()
FILE = Intent(Position("shadow"), "mark")
PASS = Verdict("errors", Result.PASS, "modern fails 1.00%", figures={"limit": 0.5, "modern_requests": 900})
BAKED = timedelta(seconds=PLAN.bake)
LONG = timedelta(minutes=5)


def lease(ledger: Ledger, holder: str) -> Lease:
    got = ledger.write(lambda connection: leases.acquire(connection, "ramps", holder, LONG))
    assert got is not None
    return got


def save(ledger: Ledger, ramp: Ramp, version: int = 0, *verdicts: Verdict) -> None:
    ledger.write(lambda connection: ramps.save(connection, ramp, verdicts, version))


def step(connection: Connection, held: Lease, now: datetime) -> None:
    """What a controller does: decide from what the ledger says, then flip and keep the ramp, or neither."""
    leases.hold(connection, held)
    stored = ramps.find(connection, "pay")
    assert stored is not None
    move = advance(stored.ramp, now, (PASS,), PLAN)
    version = stored.version
    for action in move.actions:
        if isinstance(action, Weigh):
            author = Author(held.holder, Source.RAMP, action.reason)
            to = Position("canary", action.weight)
            version = overrides.flip(connection, "pay", to, author, FILE).version
    ramps.save(connection, move.ramp, (PASS,), version)


def standing(ledger: Ledger) -> tuple[Stored, Override | None]:
    def read(connection: Connection) -> tuple[Stored, Override | None]:
        [stored] = ramps.load(connection)
        return stored, overrides.find(connection, "pay")

    return ledger.read(read)


def test_a_ramp_is_read_as_it_was_kept(ledger: Ledger) -> None:
    ramp = Ramp("pay", State.BAKING, 1, 3, NOW, NOW + LONG, (NOW, NOW + LONG), "bakes until noon")
    needs = Verdict("latency", Result.WAIT, "about 90 more", 90, alert=True)
    save(ledger, begin("other", NOW))
    save(ledger, ramp, 7, PASS, needs)
    found = ledger.read(lambda connection: ramps.find(connection, "pay"))
    assert found == Stored(ramp, (PASS, needs), 7)
    assert ledger.read(lambda connection: ramps.find(connection, "nobody")) is None
    assert [stored.ramp.route for stored in ledger.read(ramps.load)] == ["other", "pay"]


def test_a_route_keeps_its_last_ramp(ledger: Ledger) -> None:
    save(ledger, begin("pay", NOW))
    save(ledger, begin("pay", NOW + LONG), 3)
    assert ledger.read(ramps.load) == [Stored(begin("pay", NOW + LONG), (), 3)]


def test_a_step_and_its_flip_are_kept_together(ledger: Ledger) -> None:
    save(ledger, begin("pay", NOW))
    held = lease(ledger, "a")
    ledger.write(lambda connection: step(connection, held, NOW))
    stored, override = standing(ledger)
    assert override is not None and override.position == Position("canary", 100)
    assert (stored.ramp.step, stored.version) == (0, override.version)


def die_in_a_step(url: str, held: Lease) -> None:
    def work(connection: Connection) -> None:
        step(connection, held, NOW + BAKED)
        os.kill(os.getpid(), signal.SIGKILL)

    Ledger.open(url).write(work)


def test_a_controller_that_is_killed_in_a_step_leaves_nothing_half_done(ledger_url: str) -> None:
    """No step is skipped and none is taken twice: the next controller goes on from what was kept."""
    ledger = Ledger.open(ledger_url)
    save(ledger, begin("pay", NOW))
    first = lease(ledger, "a")
    ledger.write(lambda connection: step(connection, first, NOW))
    before = standing(ledger)

    killed = multiprocessing.get_context("spawn").Process(target=die_in_a_step, args=(ledger_url, first))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert standing(ledger) == before

    ledger.write(lambda connection: leases.release(connection, first))
    second = lease(ledger, "b")
    for tick in range(12):
        now = NOW + tick * BAKED / 2
        ledger.write(partial(step, held=second, now=now))
    flips = [entry.became for entry in ledger.read(audit.entries) if entry.action == "flip"]
    assert flips[::-1] == ["canary 1 %", "canary 5 %", "canary 25 %", "canary 50 %", "canary 100 %"]
    assert standing(ledger)[0].ramp.state is State.DONE
    ledger.close()
