"""From what the tee kept to what the shadow worker is offered; what is left out is counted."""

from collections.abc import Iterator

import pytest

from proxy.decision.decide import MirrorSkip
from proxy.forward.handover import uses_sessions
from proxy.forward.mirror import Mirror, Tee
from proxy.forward.plan import Plan, Tally
from proxy.forward.targets import live_route
from proxy.http1.response import Response
from proxy.outcome import Lane
from proxy.upstream.backend import Backend
from proxy.upstream.failures import Failure
from proxy.upstream.settings import Address, BackendSettings
from shadow.exchange import SkipReason
from tests.support.config import snapshot
from tests.support.gateways import Front
from tests.support.scripted import ScriptedLoop
from tests.support.sinks import Recorder

SHADOW = """\
    routes:
      - {id: pay, match: {path: /pay}, modern: payments, stage: shadow}
"""
ASKED = b"GET /pay?x=1 HTTP/1.1\nAccept: a\nAccept: b\n"
SAID = Response(299, b"Odd", b"X-A:  1\r\nX-A: 2\r\n")


@pytest.fixture
def front() -> Iterator[Front]:
    loop = ScriptedLoop()
    front = Front(loop, SHADOW)
    front.open_handover()
    yield front
    loop.release()


def tapped(front: Front) -> tuple[Plan, Tee]:
    plan = front.planned(ASKED)
    assert isinstance(plan.mirror, Mirror)
    return plan, front.handover.tee(plan, plan.mirror, Recorder())


def test_a_finished_exchange_is_offered_whole(front: Front) -> None:
    plan, tee = tapped(front)
    tee.sent(b"up")
    tee.responded(SAID)
    tee.received(b"do")
    tee.received(b"wn")
    front.loop.advance(1.5)
    tee.completed([])
    (exchange,) = front.sender.offered
    assert (exchange.route, exchange.method, exchange.target, exchange.scheme) == (
        "pay",
        b"GET",
        b"/pay?x=1",
        "http",
    )
    assert exchange.request_fields == [(b"Host", b"shop"), (b"Accept", b"a"), (b"Accept", b"b")]
    assert (exchange.request_body, exchange.primary_body) == (b"up", b"down")
    assert (exchange.primary_side, exchange.primary_backend, exchange.shadow_backend) == (
        "legacy",
        "legacy",
        "payments",
    )
    assert (exchange.primary_status, exchange.primary_fields) == (299, [(b"X-A", b"1"), (b"X-A", b"2")])
    assert exchange.primary_ms == 1500
    assert exchange.trace_id.encode() == plan.trace.traceparent.split(b"-")[1]
    assert exchange.primary_head == plan.call.head
    assert plan.mirror is not None
    assert (exchange.replay_head, exchange.replay_target) == (plan.mirror.head, plan.mirror.target)
    assert not front.handover.take_skipped()


def test_a_request_that_fell_back_is_not_compared_with_itself(front: Front) -> None:
    plan, tee = tapped(front)
    tee.responded(SAID)
    plan.mirror = None
    tee.completed([])
    assert not front.sender.offered
    assert front.handover.take_skipped() == {("pay", SkipReason.FELL_BACK): 1}


def test_what_the_tee_skips_is_counted_by_its_reason(front: Front) -> None:
    _, tee = tapped(front)
    tee.responded(SAID)
    tee.failed(Failure.TRUNCATED)
    assert not front.sender.offered
    assert front.handover.take_skipped() == {("pay", SkipReason.CUT_SHORT): 1}
    assert not front.handover.take_skipped()


def test_after_closing_nothing_is_offered_and_nothing_raised(front: Front) -> None:
    _, tee = tapped(front)
    front.handover.close()
    front.handover.close()
    assert front.sender.closed
    assert not front.handover.open
    tee.responded(SAID)
    tee.completed([])
    assert not front.sender.offered
    assert front.handover.take_skipped() == {("pay", SkipReason.CUT_SHORT): 1}


def test_what_the_sender_dropped_is_counted_once(front: Front) -> None:
    front.sender.dropped["pay", SkipReason.QUEUE_FULL] = 2
    front.handover.left_out("pay", MirrorSkip.SAMPLE)
    assert front.handover.take_skipped() == {
        ("pay", SkipReason.QUEUE_FULL): 2,
        ("pay", SkipReason.SAMPLED_OUT): 1,
    }
    assert not front.handover.take_skipped()


def test_without_room_nothing_is_prepared_and_the_skip_is_counted(front: Front) -> None:
    front.sender.refusal = SkipReason.QUEUE_FULL
    assert front.planned(ASKED).mirror is None
    front.sender.refusal = None
    front.handover.strained = True
    assert front.planned(ASKED).mirror is None
    assert front.handover.take_skipped() == {
        ("pay", SkipReason.QUEUE_FULL): 1,
        ("pay", SkipReason.OVERLOADED): 1,
    }


def test_the_mirrored_head_is_the_primarys_own_where_both_sides_get_the_same(front: Front) -> None:
    plan, _ = tapped(front)
    assert plan.mirror is not None
    assert (plan.mirror.head, plan.mirror.target) == (b"", b"/pay?x=1")


def test_a_host_of_the_backends_own_changes_more_of_the_head_than_its_target(front: Front) -> None:
    """An absolute target is cut to its path with it, and that of the primary's head would be put in again."""
    route = front.snapshot.routes["pay"]
    for preserves in (True, False):
        settings = BackendSettings("any", (Address("a", 1),), preserve_host=preserves)
        backend = Backend(settings, front.loop.as_loop)
        assert live_route(route, {"legacy": backend, "payments": backend}).alike is preserves


# -- sessions

COOKED = b"GET /other HTTP/1.1\nCookie: a=1\nCookie: PHPSESSID=abc\n"


@pytest.mark.parametrize("route", [b"/other", b"/pay"])
def test_requests_of_a_session_are_counted_from_start_to_end_whatever_their_route(
    front: Front, route: bytes
) -> None:
    front.handover.counts_sessions = True
    plan = front.planned(COOKED.replace(b"/other", route))
    assert not front.sessions.told
    asked = front.gateway.ask(plan, Recorder())
    assert front.sessions.told == [("began", b"abc")]
    front.gateway.finish(plan, Tally(), asked, Lane.EXPRESS)
    assert front.sessions.told == [("began", b"abc"), ("ended", b"abc")]


@pytest.mark.parametrize(
    ("counts", "head"),
    [
        (False, COOKED),
        (True, b"GET /other HTTP/1.1\nCookie: a=1\n"),
        (True, COOKED + b"Connection: Upgrade\nUpgrade: websocket\n"),
    ],
)
def test_what_holds_no_session_is_not_counted(front: Front, counts: bool, head: bytes) -> None:
    front.handover.counts_sessions = counts
    plan = front.planned(head)
    front.gateway.finish(plan, Tally(), front.gateway.ask(plan, Recorder()), Lane.EXPRESS)
    assert not front.sessions.told


@pytest.mark.parametrize(
    ("dialect", "stage", "counts"),
    [
        ("php", "shadow", True),
        ("php", "modern, shadow: {reverse: true}", True),
        ("plain", "shadow", False),
        ("php", "legacy", False),
        ("php", "modern", False),
    ],
)
def test_sessions_are_counted_where_the_worker_may_use_them(dialect: str, stage: str, counts: bool) -> None:
    text = (
        f"  old: {{url: 'http://127.0.0.1:1', dialect: {dialect}}}\n"
        "  new: {url: 'http://127.0.0.1:2', dialect: plain}\n"
        f"routes:\n  - {{id: pay, match: {{path: /pay}}, legacy: old, modern: new, stage: {stage}}}\n"
    )
    assert uses_sessions(snapshot(text)) is counts


@pytest.mark.parametrize("why", [MirrorSkip.STAGE, MirrorSkip.OFF, None])
def test_where_nobody_asked_for_mirroring_nothing_is_skipped(front: Front, why: MirrorSkip | None) -> None:
    front.handover.left_out("pay", why)
    assert not front.handover.take_skipped()
