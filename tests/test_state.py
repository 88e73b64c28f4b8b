"""What the control plane knows of the data plane, folded from messages."""

import pytest

from proxy.link import Applied, Apply, Drain, Fleet, Gauges, Report
from proxy.rollout.view import LedgerView
from proxy.state import State
from proxy.telemetry.metrics import Totals
from tests.support.config import snapshot

GAUGES = Gauges(1, 2, (), (), False, 3)


def counted(number: int) -> Totals:
    return Totals(counters={("retries", "legacy"): number})


def test_reports_add_up_and_gauges_are_the_latest_of_each_worker() -> None:
    state = State()
    state.take(Report(0, counted(1), None))
    state.take(Report(17, counted(2), Gauges(9, 9, (), (), True, 9)))
    state.take(Report(17, counted(3), GAUGES))
    assert state.totals.counters == {("retries", "legacy"): 6}
    assert state.gauges == {17: GAUGES}


def test_a_worker_that_is_gone_has_no_gauges_but_what_it_counted_stays() -> None:
    state = State()
    for worker in (17, 18):
        state.take(Report(worker, counted(1), GAUGES))
    state.take(Fleet({18: 1}, False, (), 1, LedgerView()))
    assert set(state.gauges) == {18}
    assert state.totals.counters == {("retries", "legacy"): 2}


def test_the_snapshot_is_the_one_that_came_last() -> None:
    state = State()
    first, second = snapshot(""), snapshot("")
    for each in (first, second):
        state.take(Apply(each))
    assert state.snapshot is second


def test_messages_for_others_change_nothing() -> None:
    state = State()
    for message in (Drain(), Applied(3)):
        state.take(message)
    assert state == State()


@pytest.mark.parametrize(
    ("workers", "draining", "why"),
    [
        ({}, False, "no worker is serving yet"),
        ({17: 0}, False, "no worker is serving yet"),
        ({17: 0, 18: 1}, False, None),
        ({17: 1}, True, "draining"),
    ],
)
def test_readiness(workers: dict[int, int], draining: bool, why: str | None) -> None:
    state = State()
    assert state.unready == "no worker is serving yet"
    state.take(Fleet(workers, draining, (), 1, LedgerView()))
    assert state.unready == why


def test_why_the_last_worker_ended_is_said_while_none_serves() -> None:
    state = State()
    state.take(Fleet({}, False, (), 1, LedgerView(), "the last worker ended with 1"))
    assert state.unready == "no worker is serving; the last worker ended with 1"
    state.take(Fleet({17: 1}, False, (), 1, LedgerView(), "the last worker ended with 1"))
    assert state.unready is None


def test_a_control_plane_alone_is_ready_when_its_ledger_answers() -> None:
    state = State(alone=True)
    assert state.unready == LedgerView().trouble
    state.take(Fleet({}, False, (), 1, LedgerView(trouble=None)))
    assert state.unready is None
    state.take(Fleet({}, True, (), 1, LedgerView(trouble=None)))
    assert state.unready == "draining"
