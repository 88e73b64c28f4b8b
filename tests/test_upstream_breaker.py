"""The breaker's table, walked with a clock that the test holds."""

import pytest

from proxy.upstream.breaker import TRANSITIONS, Breaker, BreakerPolicy, BreakerState, Event

POLICY = BreakerPolicy(consecutive_failures=3, open_for=5.0, half_open_probes=1)


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(POLICY)
    for _ in range(3):
        breaker.failed(at)
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(POLICY)
    breaker.failed(0.0)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    breaker.failed(0.0)
    assert breaker.allows(0.0)
    breaker.failed(0.0)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.allows(4.9)


def test_after_its_rest_it_lets_one_probe_through() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.sent()
    assert not breaker.allows(5.0)
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.allows(5.0)


def test_a_failed_probe_opens_it_for_another_rest() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.sent()
    breaker.failed(6.0)
    assert not breaker.allows(10.9)
    assert breaker.allows(11.0)


def test_an_abandoned_probe_frees_its_place() -> None:
    breaker = opened()
    assert breaker.allows(5.0)
    breaker.sent()
    breaker.abandoned()
    assert breaker.allows(5.0)


def test_failures_while_open_and_abandonments_while_closed_change_nothing() -> None:
    breaker = opened()
    breaker.failed(3.0)
    assert breaker.allows(5.0)
    closed = Breaker(POLICY)
    closed.sent()
    closed.abandoned()
    assert closed.allows(0.0)


def test_zero_failures_means_that_it_never_opens() -> None:
    breaker = Breaker(BreakerPolicy(consecutive_failures=0))
    for _ in range(100):
        breaker.failed(0.0)
    assert breaker.allows(0.0)


@pytest.mark.parametrize("state", BreakerState)
@pytest.mark.parametrize("event", Event)
def test_every_state_knows_what_may_happen_to_it(state: BreakerState, event: Event) -> None:
    assert ((state, event) in TRANSITIONS) == (
        (state, event)
        in {
            (BreakerState.CLOSED, Event.FAILURES_REACHED),
            (BreakerState.OPEN, Event.REST_OVER),
            (BreakerState.HALF_OPEN, Event.SUCCESS),
            (BreakerState.HALF_OPEN, Event.PROBE_FAILED),
        }
    )
