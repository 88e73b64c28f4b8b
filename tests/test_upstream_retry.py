"""When a request may be sent again: never a write of which a byte left."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.failures import BEFORE_ANY_BYTE, Failure, problem_of
from proxy.upstream.retry import (
    RetryPolicy,
    backoff,
    failure_condition,
    may_retry,
    retry_after,
    within_budget,
)

POLICY = RetryPolicy(attempts=3)


@pytest.mark.parametrize("failure", Failure)
@pytest.mark.parametrize("reused", [True, False])
def test_a_write_is_sent_again_only_if_no_byte_of_it_left(failure: Failure, reused: bool) -> None:
    condition = failure_condition(failure, reused)
    if may_retry(POLICY, condition, 1, safe=False, failure=failure):
        assert failure in BEFORE_ANY_BYTE


@pytest.mark.parametrize(
    ("failure", "reused", "condition"),
    [
        (Failure.CONNECT, False, "connect"),
        (Failure.CONNECT_TIMEOUT, False, "connect"),
        (Failure.RESET, True, "stale"),
        (Failure.RESET, False, None),
        (Failure.RESPONSE_TIMEOUT, True, None),
        (Failure.PROTOCOL, True, None),
    ],
)
def test_conditions(failure: Failure, reused: bool, condition: str | None) -> None:
    assert failure_condition(failure, reused) == condition


def test_attempts_conditions_and_statuses_bound_retries() -> None:
    assert may_retry(POLICY, "503", 2, safe=True, failure=None)
    assert not may_retry(POLICY, "503", 3, safe=True, failure=None)
    assert not may_retry(POLICY, "503", 1, safe=False, failure=None)
    assert not may_retry(RetryPolicy(on=frozenset()), "connect", 1, safe=True, failure=Failure.CONNECT)
    assert not may_retry(POLICY, None, 1, safe=True, failure=Failure.RESET)


def test_the_budget_is_a_share_of_the_active_requests_and_at_least_three() -> None:
    assert within_budget(POLICY, 2, 0)
    assert not within_budget(POLICY, 3, 10)
    assert within_budget(POLICY, 19, 100)
    assert not within_budget(POLICY, 20, 100)


@given(st.integers(0, 60), st.floats(0, 1))
def test_backoff_is_jittered_and_capped(tries: int, draw: float) -> None:
    assert 0 <= backoff(POLICY, tries, draw) <= POLICY.cap
    assert backoff(POLICY, 1, 1.0) == POLICY.base


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"120", 120.0),
        (None, None),
        (b"-1", math.inf),
        (b"1e3", math.inf),
        (b"999999", math.inf),
        (b"Fri, 31 Dec 1999 23:59:59 GMT", math.inf),
    ],
)
def test_retry_after(value: bytes | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_an_answer_and_a_lost_write_is_never_an_invitation_to_repeat(
    failure: Failure,
) -> None:
    assert problem_of(failure, safe=True).slug != "outcome-unknown"
    unknown = problem_of(failure, safe=False).slug == "outcome-unknown"
    assert unknown == (failure in (Failure.RESET, Failure.RESPONSE_TIMEOUT))
