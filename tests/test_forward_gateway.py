"""From a request to its plan: which backend, which bytes, why; and what is refused unsent."""

from collections.abc import Iterator

import pytest

from proxy.forward.gateway import NAMELESS, REWRITE_INCOMPLETE
from proxy.forward.plan import NEEDS_FORM, Refused, Tally
from proxy.http1.errors import BadRequest
from proxy.outcome import Lane
from shadow.exchange import SkipReason
from tests.support.gateways import STRANGER, Front, parsed
from tests.support.scripted import ScriptedLoop
from tests.support.sinks import Recorder

GET = b"GET /pay/17?x=1 HTTP/1.1\n"
POST = b"POST /pay/17 HTTP/1.1\nContent-Length: 4\n"

MODERN = """\
    routes:
      - id: pay
        match: {path: "/pay/{id:int}"}
        modern: {backend: payments, path: "/v1/{id}"}
        stage: modern
"""
INCOMPLETE = """\
    routes:
      - id: pay
        match: {path: "/pay/{id:int}"}
        modern: {backend: payments, path: "/v1/{query.key}"}
        stage: STAGE
"""
SHADOW = """\
    routes:
      - id: pay
        match: {path: "/pay/{id:int}"}
        modern: {backend: payments, path: "/v1/{id}", headers: {set: {X-Source: banyan}}}
        stage: shadow
        shadow: {max_body: 7KiB}
"""
BY_FORM = """\
    routes:
      - {id: pay, match: {path: /pay, methods: [POST], form: {action: pay}}, modern: payments, stage: modern}
"""
FORM = b"POST /pay HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 10\n"


@pytest.fixture
def loop() -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop()
    yield loop
    loop.release()


def first_line(head: bytes) -> bytes:
    return head.partition(b"\r\n")[0]


def test_what_no_route_matches_goes_to_legacy_as_it_came(loop: ScriptedLoop) -> None:
    plan = Front(loop, MODERN).planned(b"GET /other?a[]=%7e HTTP/1.1\n")
    assert (plan.route, plan.side, plan.reason, plan.backend.name) == (
        NAMELESS,
        "legacy",
        "no-route",
        "legacy",
    )
    assert first_line(plan.call.head) == b"GET /other?a[]=%7e HTTP/1.1"


def test_a_modern_route_gets_its_own_path(loop: ScriptedLoop) -> None:
    plan = Front(loop, MODERN).planned(GET)
    assert (plan.route, plan.side, plan.reason, plan.backend.name) == (
        "pay",
        "modern",
        "stage-modern",
        "payments",
    )
    assert first_line(plan.call.head) == b"GET /v1/17?x=1 HTTP/1.1"
    assert plan.started == loop.now


def test_legacy_serves_what_the_modern_path_cannot_be_made_of(loop: ScriptedLoop) -> None:
    front = Front(loop, INCOMPLETE.replace("STAGE", "modern"))
    plan = front.planned(GET)
    assert (plan.side, plan.reason, plan.backend.name) == ("legacy", REWRITE_INCOMPLETE, "legacy")
    assert first_line(plan.call.head) == b"GET /pay/17?x=1 HTTP/1.1"
    assert plan.second is None
    assert front.planned(b"GET /pay/17?key=k HTTP/1.1\n").side == "modern"


@pytest.mark.parametrize(
    ("request_line", "safe", "is_head", "has_body", "chunked", "upgrade"),
    [
        (b"GET / HTTP/1.1\n", True, False, False, False, False),
        (b"HEAD / HTTP/1.1\n", True, True, False, False, False),
        (b"POST / HTTP/1.1\nContent-Length: 3\n", False, False, True, False, False),
        (b"PUT / HTTP/1.1\nTransfer-Encoding: chunked\n", False, False, True, True, False),
        (b"GET / HTTP/1.1\nX-HTTP-Method-Override: DELETE\n", False, False, False, False, False),
        (b"GET /?_method=PUT HTTP/1.1\n", False, False, False, False, False),
        (b"POST / HTTP/1.1\nX-HTTP-Method-Override: GET\n", False, False, False, False, False),
        (b"GET / HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n", True, False, False, False, True),
        (b"GET / HTTP/1.1\nConnection: Upgrade\nUpgrade: h2c\n", True, False, False, False, False),
    ],
)
def test_a_call_says_what_may_be_done_with_it(
    loop: ScriptedLoop,
    request_line: bytes,
    safe: bool,
    is_head: bool,
    has_body: bool,
    chunked: bool,
    upgrade: bool,
) -> None:
    call = Front(loop).planned(request_line).call
    assert (call.safe, call.is_head, call.has_body, call.chunked, call.wants_upgrade) == (
        safe,
        is_head,
        has_body,
        chunked,
        upgrade,
    )


def test_a_form_route_is_known_once_the_form_is(loop: ScriptedLoop) -> None:
    front = Front(loop, BY_FORM)
    assert front.plan(FORM) is NEEDS_FORM
    assert front.planned(FORM, b"action=pay").route == "pay"
    assert front.planned(FORM, b"action=new").route == NAMELESS
    assert front.planned(b"POST /other HTTP/1.1\nContent-Length: 1\n").route == NAMELESS


# -- refusals


def test_a_body_beyond_the_limit_is_refused_by_its_announced_length(loop: ScriptedLoop) -> None:
    front = Front(loop, "    server: {limits: {body: 1KiB}}\n")
    refused = front.plan(b"POST / HTTP/1.1\nX-Request-Id: mine\nContent-Length: 1025\n")
    assert isinstance(refused, Refused)
    assert (refused.problem.slug, refused.problem.status) == ("body-too-large", 413)
    assert refused.trace.request_id == b"mine"
    front.planned(b"POST / HTTP/1.1\nContent-Length: 1024\n")
    front.planned(b"POST / HTTP/1.1\nTransfer-Encoding: chunked\n")


def test_an_overloaded_worker_refuses_with_retry_after(loop: ScriptedLoop) -> None:
    front = Front(loop)
    front.gateway.overloaded = True
    refused = front.plan(GET)
    assert isinstance(refused, Refused)
    assert (refused.problem.slug, refused.problem.status, refused.problem.retry_after) == (
        "overloaded",
        503,
        1,
    )


def test_refusals_are_outcomes_too(loop: ScriptedLoop) -> None:
    front = Front(loop)
    front.gateway.overloaded = True
    request = parsed(GET)
    refused = front.plan(request)
    assert isinstance(refused, Refused)
    front.gateway.refused(request.head, refused)
    front.gateway.malformed(BadRequest("uri-too-long", "…"), STRANGER)
    told = [(each.route, each.status, each.error, each.tries, each.backend) for each in front.outcomes]
    assert told == [(NAMELESS, 503, "overloaded", 0, ""), (NAMELESS, 414, "uri-too-long", 0, "")]
    assert front.outcomes[0].target == b"/pay/17?x=1"
    assert front.outcomes[1].client == "192.0.2.7"
    assert len(front.outcomes[1].trace.request_id) == 32


# -- who asks


def test_the_client_of_a_trusted_proxy_is_who_that_one_names(loop: ScriptedLoop) -> None:
    front = Front(loop, "    server: {trusted_proxies: [10.0.0.0/8]}\n")
    asked = b"GET / HTTP/1.1\nX-Forwarded-For: 203.0.113.9\n"
    assert front.planned(asked, peer="10.0.0.1").request.head.client == "203.0.113.9"
    assert front.planned(asked).request.head.client != "203.0.113.9"


def test_debug_lines_are_for_operators_and_trusted_proxies_alone(loop: ScriptedLoop) -> None:
    lines = (b"X-Banyan-Route: pay", b"X-Banyan-Backend: payments", b"X-Banyan-Reason: stage-modern")
    asking = GET + b"X-Banyan-Debug: 1\n"
    front = Front(loop, "    server: {trusted_proxies: [10.0.0.0/8]}\n" + MODERN)
    assert front.planned(asking, peer="10.0.0.1").debug == lines
    assert front.planned(GET, peer="10.0.0.1").debug == ()
    assert front.planned(asking).debug == ()
    assert Front(loop, "    server: {debug_headers: true}\n" + MODERN).planned(GET).debug == lines


# -- falling back


@pytest.mark.parametrize(
    ("asked", "falls"),
    [
        (GET, True),
        (POST, False),
        (b"DELETE /pay/17 HTTP/1.1\n", False),
        (b"GET /pay/17 HTTP/1.1\nContent-Length: 4\n", False),
        (b"GET /pay/17 HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n", False),
        (b"GET /other HTTP/1.1\n", False),
    ],
)
def test_only_what_can_be_repeated_without_harm_falls_back(
    loop: ScriptedLoop, asked: bytes, falls: bool
) -> None:
    assert (Front(loop, MODERN).planned(asked).second is not None) is falls


def test_a_route_may_do_without_a_fallback(loop: ScriptedLoop) -> None:
    text = MODERN.replace("stage: modern", "stage: modern\n        fallback: []")
    assert Front(loop, text).planned(GET).second is None


def test_a_fallen_request_is_legacys_in_every_word(loop: ScriptedLoop) -> None:
    text = MODERN.replace('path: "/v1', 'headers: {set: {X-Source: banyan}}, path: "/v1')
    front = Front(loop, "    server: {debug_headers: true}\n" + text)
    plan = front.planned(GET)
    assert b"X-Source: banyan" in plan.call.head
    assert plan.second is not None
    backend, call = front.gateway.fall_back(plan, plan.second, "503")
    assert backend is plan.backend
    assert first_line(call.head) == b"GET /pay/17?x=1 HTTP/1.1"
    assert b"X-Source" not in call.head
    assert plan.trace.traceparent in call.head
    assert (plan.side, plan.reason, plan.backend.name) == ("legacy", "fallback-503", "legacy")
    assert plan.debug == (
        b"X-Banyan-Route: pay",
        b"X-Banyan-Backend: legacy",
        b"X-Banyan-Reason: fallback-503",
    )


# -- mirroring


def test_nothing_is_mirrored_while_nobody_takes_it(loop: ScriptedLoop) -> None:
    front = Front(loop, SHADOW)
    assert front.planned(GET).mirror is None
    assert not front.handover.take_skipped()


def test_a_mirrored_request_is_what_the_other_side_would_have_got(loop: ScriptedLoop) -> None:
    front = Front(loop, SHADOW)
    front.open_handover()
    plan = front.planned(GET + b"X-Banyan-Shadow: 1\n")
    assert (plan.side, plan.backend.name) == ("legacy", "legacy")
    assert b"X-Banyan-Shadow" not in plan.call.head
    mirror = plan.mirror
    assert mirror is not None
    assert (mirror.backend, mirror.max_body) == ("payments", 7 * 1024)
    assert first_line(mirror.head) == b"GET /v1/17?x=1 HTTP/1.1"
    assert mirror.head.count(b"X-Banyan-Shadow: 1") == 1
    assert b"X-Source: banyan" in mirror.head
    trace_id, span_id = plan.trace.traceparent[:36], plan.trace.traceparent[36:52]
    assert b"traceparent: " + trace_id in mirror.head
    assert span_id not in mirror.head
    assert b"X-Request-Id: " + plan.trace.request_id in mirror.head


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (POST, SkipReason.UNSAFE_METHOD),
        (b"HEAD /pay/17 HTTP/1.1\n", SkipReason.UNCOMPARED_METHOD),
        (b"GET /pay/17 HTTP/1.1\nConnection: Upgrade\nUpgrade: websocket\n", SkipReason.STREAMED),
    ],
)
def test_what_is_not_mirrored_is_counted_by_its_reason(
    loop: ScriptedLoop, asked: bytes, reason: SkipReason
) -> None:
    front = Front(loop, SHADOW)
    front.open_handover()
    assert front.planned(asked).mirror is None
    assert front.handover.take_skipped() == {("pay", reason): 1}


@pytest.mark.parametrize("stage", ["shadow", "modern\n        shadow: {reverse: true}"])
def test_an_incomplete_rewrite_mirrors_nothing(loop: ScriptedLoop, stage: str) -> None:
    front = Front(loop, INCOMPLETE.replace("STAGE", stage))
    front.open_handover()
    plan = front.planned(GET)
    assert (plan.side, plan.mirror) == ("legacy", None)
    assert front.handover.take_skipped() == {("pay", SkipReason.REWRITE_INCOMPLETE): 1}


def test_at_stage_modern_legacy_can_be_mirrored(loop: ScriptedLoop) -> None:
    front = Front(loop, MODERN.replace("stage: modern", "stage: modern\n        shadow: {reverse: true}"))
    front.open_handover()
    plan = front.planned(GET)
    assert plan.side == "modern"
    assert plan.mirror is not None
    assert plan.mirror.backend == "legacy"
    assert b"GET /pay/17?x=1 HTTP/1.1" in plan.mirror.head or plan.mirror.target == b"/pay/17?x=1"


# -- snapshots and outcomes


def test_a_request_keeps_the_plan_it_has_when_a_snapshot_is_swapped(loop: ScriptedLoop) -> None:
    front = Front(loop, MODERN)
    before = front.planned(GET)
    front.apply(MODERN.replace("stage: modern", "stage: legacy"))
    after = front.planned(GET)
    assert (before.backend.name, after.backend.name, after.reason) == ("payments", "legacy", "stage-legacy")


def test_an_outcome_tells_the_whole_story(loop: ScriptedLoop) -> None:
    front = Front(loop, MODERN)
    plan = front.planned(GET)
    asked = front.gateway.ask(plan, Recorder())
    loop.advance(2.5)
    front.gateway.finish(plan, Tally(200, 3, 4, "client gone"), asked, Lane.ASGI)
    (outcome,) = front.outcomes
    assert (outcome.route, outcome.side, outcome.backend) == ("pay", "modern", "payments")
    assert (outcome.status, outcome.bytes_in, outcome.bytes_out) == (200, 3, 4)
    assert (outcome.duration, outcome.error, outcome.lane) == (2.5, "client gone", Lane.ASGI)
    assert outcome.trace == plan.trace
