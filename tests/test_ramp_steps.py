from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.ramp import Ramp as Plan
from proxy.ramp.gates import unreadable
from proxy.ramp.states import ACTIVE, TABLE, Event, IllegalEvent, State, after
from proxy.ramp.steps import Alert, Move, Ramp, TakeBack, Tell, Weigh, advance, begin, command
from proxy.ramp.verdict import Result, Verdict

NOW = datetime(2025, 3, 3, 10, tzinfo=UTC)
BAKE = timedelta(minutes=10)
PASS = Verdict("errors", Result.PASS, "fine")
WAIT = Verdict("errors", Result.WAIT, "about 90 more requests will tell", 90)
BREACH = Verdict("errors", Result.BREACH, "modern fails 3.00%")


def plan(on_breach: str = "rollback", hours: str | None = None) -> Plan:
    window = {"hours": hours} if hours else None
    return Plan.model_validate(
        {"steps": [1, 25, 100], "bake": "10m", "on_breach": on_breach, "window": window}
    )


def at_step(step: int, now: datetime = NOW) -> Ramp:
    ramp = begin("pay", NOW - timedelta(days=1))
    for _ in range(step + 1):
        ramp = advance(ramp, now, (PASS,), plan()).ramp
        now += BAKE
    return ramp


def test_a_ramp_takes_its_first_step_at_once() -> None:
    move = advance(begin("pay", NOW), NOW, (), plan())
    assert (move.ramp.state, move.ramp.step, move.ramp.trial) == (State.BAKING, 0, 1)
    assert move.actions == (Weigh(100, "step 1 of 3: 1 %"), Tell(Event.STEPPED, "step 1 of 3: 1 %"))


def test_a_step_bakes_whatever_the_gates_say() -> None:
    ramp = at_step(0)
    move = advance(ramp, NOW + BAKE - timedelta(seconds=1), (PASS,), plan())
    assert (move.ramp.state, move.ramp.step, move.actions) == (State.BAKING, 0, ())
    assert move.ramp.reason == "bakes until 10:10:00 UTC"


def test_a_baked_step_waits_for_its_gates_and_says_which() -> None:
    move = advance(at_step(0), NOW + BAKE, (PASS, WAIT), plan())
    assert (move.ramp.state, move.actions) == (State.RUNNING, ())
    assert move.ramp.reason == "errors: about 90 more requests will tell"


def test_a_baked_step_whose_gates_pass_goes_on() -> None:
    move = advance(at_step(0), NOW + BAKE, (PASS,), plan())
    assert (move.ramp.state, move.ramp.step, move.ramp.trial) == (State.BAKING, 1, 2)
    assert move.ramp.before == (NOW, NOW + BAKE)
    assert move.actions[0] == Weigh(2500, "step 2 of 3: 25 %")


def test_after_the_last_step_the_ramp_is_done() -> None:
    move = advance(at_step(2), NOW + 3 * BAKE, (PASS,), plan())
    assert (move.ramp.state, move.actions) == (
        State.DONE,
        (Tell(Event.FINISHED, "all gates passed at 100 %"),),
    )


@pytest.mark.parametrize("now", [NOW, NOW + BAKE])
def test_a_breach_takes_back_at_once(now: datetime) -> None:
    move = advance(at_step(0), now, (PASS, BREACH, WAIT), plan(hours="01:00-02:00"))
    reason = "errors: modern fails 3.00%"
    assert (move.ramp.state, move.ramp.reason) == (State.ROLLED_BACK, reason)
    assert move.actions == (TakeBack(reason), Tell(Event.BREACHED, reason))


def test_a_breach_while_paused_by_hand_takes_back() -> None:
    paused = command(at_step(0), Event.PAUSED, NOW, "lunch").ramp
    assert advance(paused, NOW, (BREACH,), plan()).ramp.state is State.ROLLED_BACK


def test_a_breach_pauses_once_where_the_plan_says_pause() -> None:
    move = advance(at_step(0), NOW, (BREACH,), plan("pause"))
    assert (move.ramp.state, move.actions) == (
        State.PAUSED,
        (Tell(Event.BREACHED, "errors: modern fails 3.00%"),),
    )
    assert advance(move.ramp, NOW, (BREACH,), plan("pause")) == Move(move.ramp)


def test_a_paused_ramp_stays() -> None:
    paused = command(at_step(0), Event.PAUSED, NOW, "lunch").ramp
    assert advance(paused, NOW + BAKE, (PASS,), plan()) == Move(paused)


def test_going_on_after_a_pause_is_a_new_trial_of_the_same_step() -> None:
    paused = command(at_step(1), Event.PAUSED, NOW + 2 * BAKE, "lunch").ramp
    later = NOW + 5 * BAKE
    resumed = command(paused, Event.RESUMED, later, "back").ramp
    assert (resumed.state, resumed.step, resumed.trial) == (State.BAKING, 1, 3)
    assert (resumed.step_started, resumed.before) == (later, paused.before)
    assert advance(resumed, later, (PASS,), plan()).ramp.state is State.BAKING


def test_a_ramp_paused_before_its_first_step_goes_on_to_it() -> None:
    paused = command(begin("pay", NOW), Event.PAUSED, NOW, "not yet").ramp
    resumed = command(paused, Event.RESUMED, NOW, "now").ramp
    assert advance(resumed, NOW, (), plan()).ramp.step == 0


def test_an_abort_takes_back_what_was_given() -> None:
    move = command(at_step(0), Event.ABORTED, NOW, "bad day")
    assert move.ramp.state is State.ABORTED
    assert move.actions == (TakeBack("bad day"), Tell(Event.ABORTED, "bad day"))


def test_an_abort_before_the_first_step_has_nothing_to_take_back() -> None:
    assert command(begin("pay", NOW), Event.ABORTED, NOW, "no").actions == (Tell(Event.ABORTED, "no"),)


def test_an_overtaken_ramp_ends_and_leaves_the_route_where_it_was_put() -> None:
    move = command(at_step(0), Event.OVERTAKEN, NOW, "flipped by ann")
    assert (move.ramp.state, move.actions) == (State.ABORTED, (Tell(Event.OVERTAKEN, "flipped by ann"),))


def test_outside_the_window_a_ramp_waits_and_says_until_when() -> None:
    guarded = plan(hours="11:00-12:00")
    move = advance(begin("pay", NOW), NOW, (), guarded)
    assert (move.ramp.step, move.actions) == (-1, ())
    assert move.ramp.reason == "the window opens Mon 2025-03-03 11:00 UTC"
    assert advance(move.ramp, NOW + timedelta(hours=1), (), guarded).ramp.step == 0


def test_help_is_called_once() -> None:
    move = advance(at_step(0), NOW, (unreadable("no connection"),), plan())
    assert move.actions == (Alert("the gates cannot read their samples: no connection"),)
    assert move.ramp.state is State.BAKING
    assert advance(move.ramp, NOW + BAKE, (unreadable("no connection"),), plan()).actions == ()


def test_a_ramp_that_cannot_read_its_samples_does_not_go_on() -> None:
    move = advance(at_step(0), NOW + BAKE, (unreadable("no connection"),), plan())
    assert move.ramp.step == 0


@pytest.mark.parametrize("state", sorted(set(State) - ACTIVE))
def test_an_end_is_an_end(state: State) -> None:
    ended = Ramp("pay", state, 1, 2, NOW, NOW, None, "over")
    assert advance(ended, NOW + BAKE, (BREACH,), plan()) == Move(ended)
    for event in Event:
        with pytest.raises(IllegalEvent, match=f"the ramp of pay is {state}: it cannot be {event} now"):
            command(ended, event, NOW, "again")


def test_every_state_can_be_reached_and_every_active_one_left() -> None:
    assert set(TABLE.values()) == set(State)
    for state in ACTIVE:
        assert after(state, Event.OVERTAKEN, "pay") is State.ABORTED
        assert after(state, Event.BREACHED, "pay") is State.ROLLED_BACK


VERDICTS = st.lists(st.sampled_from([PASS, WAIT, BREACH, unreadable("gone")]), max_size=4).map(tuple)
TICKS = st.lists(st.tuples(st.integers(0, 900), VERDICTS), max_size=40)


@given(TICKS, st.sampled_from(["rollback", "pause"]))
def test_no_step_is_skipped_repeated_or_taken_early(
    ticks: list[tuple[int, tuple[Verdict, ...]]], on_breach: str
) -> None:
    ramp, now, weights, stepped = begin("pay", NOW), NOW, [], NOW - BAKE
    for seconds, verdicts in ticks:
        now += timedelta(seconds=seconds)
        move = advance(ramp, now, verdicts, plan(on_breach))
        for action in move.actions:
            if isinstance(action, Weigh):
                assert now >= stepped + BAKE
                assert all(verdict.result is Result.PASS for verdict in verdicts)
                weights.append(action.weight)
                stepped = now
        ramp = move.ramp
    assert weights == list(plan().steps[: len(weights)])
    assert ramp.step == len(weights) - 1
