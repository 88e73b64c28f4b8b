"""What webhooks are told of a ramp's moves."""

from datetime import UTC, datetime

import pytest

from proxy.config.ramp import Ramp as Plan
from proxy.ramp.notices import notices
from proxy.ramp.states import Event, State
from proxy.ramp.steps import Alert, Move, Ramp, TakeBack, Tell
from proxy.ramp.verdict import Result, Verdict

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
FIGURES = Verdict("errors", Result.BREACH, "modern fails", figures={"modern_errors": 9})


def ramp(step: int = 1) -> Ramp:
    return Ramp("pay", State.ROLLED_BACK, step, 2, NOW, NOW, None, "errors: modern fails")


def test_a_breach_is_told_with_its_figures() -> None:
    actions = (TakeBack("errors: modern fails"), Tell(Event.BREACHED, "errors: modern fails"), Alert("look"))
    told, alert = notices(Move(ramp(), actions), Plan(), (FIGURES,))
    assert (told.type, alert.type, alert.data["reason"]) == ("ramp.breached", "ramp.alert", "look")
    assert {key: value for key, value in told.data.items() if key != "gates"} == {
        "route": "pay",
        "state": "rolled_back",
        "weight": 5.0,
        "reason": "errors: modern fails",
    }
    assert told.data["gates"][0]["figures"] == {"modern_errors": 9}


def test_a_move_that_nobody_needs_to_know_of_is_not_told() -> None:
    assert list(notices(Move(ramp(), (TakeBack("x"),)), Plan(), ())) == []


@pytest.mark.parametrize("step", [-1, 5])
def test_a_step_that_the_plan_does_not_have_weighs_nothing(step: int) -> None:
    """Before the first; and where a ramp ends because its plan became shorter."""
    [told] = notices(Move(ramp(step), (Tell(Event.OVERTAKEN, "x"),)), Plan(), ())
    assert told.data["weight"] == 0
