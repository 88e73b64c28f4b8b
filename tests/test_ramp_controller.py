"""Controllers over a real ledger: steps, breaches, windows, and that there is one of them at a time."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text, update

from proxy import flips
from proxy.config.snapshot import Snapshot
from proxy.flips import RampCommand
from proxy.ledger import (
    Ledger,
    LedgerUnavailable,
    audit,
    diffs,
    leases,
    migrate,
    overrides,
    ramps,
    samples,
)
from proxy.ledger.audit import Author, Source
from proxy.ledger.clock import present
from proxy.ledger.columns import EPOCH
from proxy.ledger.positions import Position
from proxy.ledger.ramps import Stored
from proxy.ledger.schema import leases as lease_table
from proxy.ledger.schema import ramps as ramp_table
from proxy.ledger.schema import samples as sample_table
from proxy.ramp.evidence import Sample, SideSample
from proxy.ramp.states import State
from proxy.ramp.steps import Alert, Move, Tell
from proxy.rollout.controller import Controller, Stuck
from tests.support.databases import Server
from tests.support.rollout import eventually, snapshot, sqlite

ME = Author("kim", Source.CLI, "because")
PLAN = "bake: 0s, min_requests: 10, gates: {errors: {max_increase: 20}, latency: null, mismatches: null}"


def file(more: str = "") -> Snapshot:
    return snapshot(f"pay: {{stage: shadow, ramp: {{steps: [5, 50, 100], {PLAN}{more}}}}}")


class Stage:
    """A ledger with a ramp, and a controller that takes its turns when told."""

    def __init__(self, url: str) -> None:
        self.ledger = Ledger.open(url)
        self.happened: list[Move] = []
        self.said: list[str] = []
        self.file = file()

    def controller(self, name: str = "one") -> Controller:
        return Controller(self.ledger, name, lambda: self.file, self.happened.append, self.said.append)

    def command(self, what: RampCommand) -> None:
        flips.ramp(self.ledger, self.file, "pay", what, ME)

    @property
    def stored(self) -> Stored:
        [stored] = self.ledger.read(ramps.load)
        return stored

    @property
    def position(self) -> Position | None:
        override = self.ledger.read(lambda connection: overrides.find(connection, "pay"))
        return override and override.position

    def see(self, modern_errors: int = 0, requests: int = 200, source: str = "here") -> None:
        """Both sides answered this many requests since the step began, which was a while ago."""
        began = self.stored.ramp.step_started - timedelta(seconds=60)
        self._began(began)
        sample = Sample(
            int(began.timestamp()) + 10, source, SideSample(requests), SideSample(requests, modern_errors)
        )
        more = [replace(sample, slot=sample.slot + later) for later in range(5)]
        self.ledger.write(lambda connection: samples.write(connection, [("pay", one) for one in more]))

    def _began(self, when: datetime) -> None:
        """Puts the beginning of the step back; of the ledger's two clocks this is the one tests can turn."""
        stored = self.stored
        ramp = replace(stored.ramp, step_started=when, trial=stored.ramp.trial)
        self.ledger.write(lambda connection: ramps.save(connection, ramp, stored.verdicts, stored.version))

    def is_past(self, step: int) -> bool:
        return self.stored.ramp.step != step or self.stored.ramp.state is State.DONE

    def audit(self) -> list[tuple[str, str, str]]:
        """What controllers did, oldest first."""
        entries = self.ledger.read(audit.entries)
        return [(one.action, one.was, one.became) for one in reversed(entries) if one.source is Source.RAMP]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened = Stage(sqlite(tmp_path))
    yield opened
    opened.ledger.close()


@pytest.fixture
def at_first_step(stage: Stage) -> tuple[Stage, Controller]:
    controller = stage.controller()
    stage.command(RampCommand.START)
    controller.turn()
    assert stage.position == Position("canary", 500)
    return stage, controller


def test_a_ramp_goes_step_by_step_to_its_end(stage: Stage) -> None:
    controller = stage.controller()
    stage.command(RampCommand.START)
    controller.turn()
    for _ in range(3):
        stage.see()
        controller.turn()
    assert stage.audit() == [
        ("flip", "shadow", "canary 5 %"),
        ("flip", "canary 5 %", "canary 50 %"),
        ("flip", "canary 50 %", "canary 100 %"),
        ("ramp", "baking", "done"),
    ]
    assert [happened.flips for happened in stage.happened] == [True, True, True, False]


def test_without_traffic_a_ramp_waits_and_says_for_how_many_requests(
    at_first_step: tuple[Stage, Controller],
) -> None:
    stage, controller = at_first_step
    for _ in range(5):
        controller.turn()
    assert (stage.position, stage.stored.ramp.state) == (Position("canary", 500), State.RUNNING)
    [requests, *_] = stage.stored.verdicts
    assert requests.needs == 10 and "0 of at least 10 modern requests" in stage.stored.ramp.reason


def test_a_breach_takes_the_route_back_with_the_figures(at_first_step: tuple[Stage, Controller]) -> None:
    stage, controller = at_first_step
    stage.see(modern_errors=150)
    controller.turn()
    assert (stage.position, stage.stored.ramp.state) == (Position("shadow"), State.ROLLED_BACK)
    [entry, *_] = stage.ledger.read(audit.entries)
    assert entry.actor == "ramp" and entry.became == "shadow"
    assert entry.reason == (
        "errors: modern fails 75.00% of 1,000 requests, legacy 0.00%: beyond the limit of 20 points more"
    )
    assert [type(told) for told in stage.happened[-1].told] == [Tell]
    controller.turn()
    assert len(stage.happened) == 2


def test_a_plan_may_ask_for_a_pause_in_place_of_a_rollback(stage: Stage) -> None:
    stage.file = file(", on_breach: pause")
    controller = stage.controller()
    stage.command(RampCommand.START)
    controller.turn()
    stage.see(modern_errors=150)
    controller.turn()
    assert (stage.position, stage.stored.ramp.state) == (Position("canary", 500), State.PAUSED)
    assert stage.audit()[-1] == ("ramp", "baking", "paused")


def test_a_route_that_somebody_flipped_is_left_alone(at_first_step: tuple[Stage, Controller]) -> None:
    stage, controller = at_first_step
    flips.flip(stage.ledger, stage.file, "pay", Position("modern"), ME)
    stage.see()
    controller.turn()
    assert (stage.position, stage.stored.ramp.state) == (Position("modern"), State.ABORTED)
    assert "flipped by somebody" in stage.stored.ramp.reason


@pytest.mark.parametrize(
    "changed", [snapshot("pay: {stage: shadow}"), snapshot("other: {}"), file(", confidence: 0.9")]
)
def test_a_ramp_ends_when_its_plan_changes_in_the_file(
    at_first_step: tuple[Stage, Controller], changed: Snapshot
) -> None:
    stage, controller = at_first_step
    stage.file = changed
    controller.turn()
    assert stage.stored.ramp.state is State.ABORTED


def test_open_groups_of_differences_keep_a_ramp_from_beginning(stage: Stage) -> None:
    now = datetime.now(UTC)
    seen = diffs.Seen("abc", "pay", "major", 1, now, now, "[]")
    stage.ledger.write(lambda connection: diffs.record(connection, [seen]))
    stage.command(RampCommand.START)
    stage.controller().turn()
    assert stage.position is None
    assert stage.stored.ramp.reason == "triage: diff groups open: 1, allowed: 0; triage them"


def test_a_closed_window_holds_steps_back(at_first_step: tuple[Stage, Controller]) -> None:
    stage, controller = at_first_step
    tomorrow = f"{datetime.now(UTC) + timedelta(days=2):%a}".lower()
    closed = f", window: {{days: {tomorrow}}}"
    stage.file = file(closed)
    flips.flip(stage.ledger, stage.file, "pay", Position("shadow"), ME)
    controller.turn()
    stage.command(RampCommand.START)
    controller.turn()
    assert stage.position == Position("shadow") and "the window opens" in stage.stored.ramp.reason


@pytest.mark.parametrize("broken", [{"modern_latency": "not JSON"}, {"modern_errors": 1_000_000}])
def test_samples_that_cannot_be_read_make_a_ramp_wait_and_call_for_help(
    at_first_step: tuple[Stage, Controller], broken: dict[str, str | int]
) -> None:
    stage, controller = at_first_step
    stage.see()
    damage = update(sample_table).values(broken)
    stage.ledger.write(lambda connection: connection.execute(damage))
    controller.turn()
    assert stage.position == Position("canary", 500)
    [alert] = stage.happened[-1].told
    assert isinstance(alert, Alert) and "cannot read their samples" in alert.reason
    controller.turn()
    assert len(stage.happened) == 2  # once is enough


def test_a_damaged_ramp_keeps_no_other_ones_breach_waiting(stage: Stage) -> None:
    plan = f"{{stage: shadow, ramp: {{steps: [5, 100], {PLAN}}}}}"
    stage.file = snapshot(f"bad: {plan}", f"pay: {plan}")
    controller = stage.controller()
    stage.command(RampCommand.START)
    controller.turn()
    stage.see(modern_errors=150)
    flips.ramp(stage.ledger, stage.file, "bad", RampCommand.START, ME)
    damage = update(ramp_table).where(ramp_table.c.route == "bad").values(step=99)
    stage.ledger.write(lambda connection: connection.execute(damage))
    with pytest.raises(Stuck, match="the ramp of bad stands still: IndexError"):
        controller.turn()
    assert stage.position == Position("shadow")


def test_a_damaged_ramp_is_named_and_old_samples_are_forgotten_all_the_same(
    at_first_step: tuple[Stage, Controller],
) -> None:
    stage, _ = at_first_step
    old = int((stage.ledger.read(present) - timedelta(days=3)).timestamp())
    stage.ledger.write(lambda connection: samples.write(connection, [("pay", Sample(old, "here"))]))
    stage.ledger.write(lambda connection: connection.execute(update(ramp_table).values(step=99)))
    expire(stage)
    controller = stage.controller("two")
    thread = threading.Thread(target=controller.run, daemon=True)
    thread.start()
    eventually(lambda: stage.said)
    controller.close()
    thread.join(60)
    [said] = stage.said
    assert said.startswith("the ramp of pay stands still: IndexError: ")
    assert stage.ledger.read(lambda connection: samples.read(connection, "pay", 0)) == []


def test_a_ledger_that_fails_in_the_middle_of_a_turn_is_no_defect_of_a_ramp(
    at_first_step: tuple[Stage, Controller],
) -> None:
    stage, controller = at_first_step
    away = "ALTER TABLE banyan_diff_groups RENAME TO banyan_away"
    stage.ledger.write(lambda connection: connection.exec_driver_sql(away))
    with pytest.raises(LedgerUnavailable, match="banyan ledger upgrade"):
        controller.turn()


def test_only_one_controller_leads(stage: Stage) -> None:
    first, second = stage.controller("one"), stage.controller("two")
    stage.command(RampCommand.START)
    first.turn()
    for _ in range(3):
        stage.see()
        second.turn()
    assert stage.position == Position("canary", 500)


def expire(stage: Stage) -> None:
    """The lease runs out."""
    stage.ledger.write(lambda connection: connection.execute(update(lease_table).values(expires=EPOCH)))


def test_another_goes_on_where_a_dead_one_stopped(at_first_step: tuple[Stage, Controller]) -> None:
    stage, _ = at_first_step
    second = stage.controller("two")
    expire(stage)
    stage.see()
    second.turn()
    assert [became for _, _, became in stage.audit()] == ["canary 5 %", "canary 50 %"]


def test_one_that_was_taken_for_dead_takes_no_step(at_first_step: tuple[Stage, Controller]) -> None:
    stage, first = at_first_step
    expire(stage)
    stage.ledger.write(lambda connection: leases.acquire(connection, "ramps", "two", timedelta(minutes=1)))
    stage.see()
    first.turn()
    assert stage.position == Position("canary", 500)


def test_one_that_loses_its_lease_in_the_middle_of_a_turn_stops_there(stage: Stage) -> None:
    def overtake(_: Move) -> None:
        expire(stage)
        stage.ledger.write(lambda found: leases.acquire(found, "ramps", "two", timedelta(minutes=1)))

    both = snapshot(f"list: {{ramp: {{{PLAN}}}}}", f"pay: {{ramp: {{{PLAN}}}}}")
    for route in ("list", "pay"):
        flips.ramp(stage.ledger, both, route, RampCommand.START, ME)
    Controller(stage.ledger, "one", lambda: both, overtake, stage.said.append).turn()
    stepped = {stored.ramp.route: stored.ramp.step for stored in stage.ledger.read(ramps.load)}
    assert stepped == {"list": 0, "pay": -1}


def somebody_waits_for_a_lock(ledger: Ledger) -> bool:
    """In PostgreSQL: for a row that another transaction holds."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    return bool(ledger.read(lambda connection: connection.execute(waiting).scalar_one()))


def test_a_rollback_that_meets_a_flip_by_hand_in_the_same_moment_leaves_it_alone(postgresql: Server) -> None:
    """The flip is made, and not yet committed, when the controller looks: it sees the step before."""
    url = postgresql.create_database()
    migrate.upgrade(url)
    stage = Stage(url)
    controller = stage.controller()
    stage.command(RampCommand.START)
    controller.turn()
    stage.see(modern_errors=150)
    turning = threading.Thread(target=controller.turn, daemon=True)

    def by_hand(connection: Connection) -> None:
        overrides.flip(connection, "pay", Position("modern"), ME, flips.intents(stage.file)["pay"])
        turning.start()
        eventually(lambda: somebody_waits_for_a_lock(stage.ledger))

    stage.ledger.write(by_hand)
    turning.join(60)
    assert (stage.position, stage.audit()[-1][2]) == (Position("modern"), "canary 5 %")
    assert stage.stored.ramp.state is State.BAKING
    controller.turn()
    assert (stage.position, stage.stored.ramp.state) == (Position("modern"), State.ABORTED)
    stage.ledger.close()


def _turn_for_ever(url: str, ready: Callable[[], None]) -> None:
    stage = Stage(url)
    controller = stage.controller(f"child {os.getpid()}")
    ready()
    while True:
        controller.turn()


def test_killed_at_any_moment_no_step_is_skipped_or_repeated(tmp_path: Path) -> None:
    url = sqlite(tmp_path)
    stage, context = Stage(url), multiprocessing.get_context("fork")
    stage.command(RampCommand.START)
    seen = -1
    for _ in range(10):
        ready = context.Event()
        child = context.Process(target=_turn_for_ever, args=(url, ready.set))
        child.start()
        assert ready.wait(60)
        eventually(partial(stage.is_past, seen))
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        seen = stage.stored.ramp.step
        if stage.stored.ramp.state is State.DONE:
            break
        stage.see()
        expire(stage)
    flipped = [became for action, _, became in stage.audit() if action == "flip"]
    assert flipped == ["canary 5 %", "canary 50 %", "canary 100 %"]
    assert stage.stored.ramp.state is State.DONE
    stage.ledger.close()


def test_old_samples_are_forgotten_those_of_a_ramp_under_way_are_not(
    at_first_step: tuple[Stage, Controller],
) -> None:
    stage, _ = at_first_step
    stage.see()
    old = int((stage.ledger.read(present) - timedelta(days=3)).timestamp())
    stage.ledger.write(lambda connection: samples.write(connection, [("pay", Sample(old, "here"))]))
    expire(stage)
    stage.controller("two").turn()
    kept = stage.ledger.read(lambda connection: samples.read(connection, "pay", 0))
    assert len(kept) == 5 and old not in [sample.slot for sample in kept]


def test_a_ledger_that_is_away_is_said_once_and_ramps_go_on_after_it(stage: Stage) -> None:
    stage.command(RampCommand.START)
    failures = iter([LedgerUnavailable("gone"), LedgerUnavailable("gone"), KeyError("a defect")])

    def snapshot_or_not() -> Snapshot:
        for failure in failures:
            raise failure
        return stage.file

    controller = Controller(stage.ledger, "one", snapshot_or_not, stage.happened.append, stage.said.append)
    thread = threading.Thread(target=controller.run, daemon=True)
    thread.start()
    eventually(lambda: stage.happened)
    controller.close()
    thread.join(60)
    assert stage.said == [
        "ramps stand still: the ledger is unavailable: gone",
        "ramps stand still: KeyError: 'a defect'",
    ]
