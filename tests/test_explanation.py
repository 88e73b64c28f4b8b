"""`banyan explain` says what the data plane does: the same requests go through both."""

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.explanation import NotARequest, explain, request_head
from proxy.forward.ids import Ids
from proxy.forward.plan import NEEDS_FORM, Plan
from proxy.http1.request import HeadLimits, parse_request
from tests.support.gateways import Front
from tests.support.scripted import ScriptedLoop

STAGES = ["legacy", "shadow", "canary, weight: 50", "modern", "modern, shadow: {reverse: true}"]

ROUTES = "    routes:\n" + "".join(
    f"""\
      - id: r{number}
        match: {{path: "/r{number}/{{id}}"{match}}}
        modern: {{backend: payments, path: "{path}"}}
        sticky: [header:X-Merchant-Id, path:id]
        stage: {stage.partition(",")[0]}
{"".join(f"        {more.strip()}" + chr(10) for more in [stage.partition(",")[2]] if more)}"""
    for number, (stage, path, match) in enumerate(
        itertools.product(STAGES, ["/v1/{id}", "/v1/{query.key}"], ["", ", methods: [POST], form: {a: b}"])
    )
)

REQUESTS = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]),
    st.integers(0, 21),
    st.sampled_from(["", "?key=k", "?key=", "?_method=PUT"]),
    st.sampled_from([[], ["X-Merchant-Id: m_1"], ["X-HTTP-Method-Override: PUT"], ["Upgrade: websocket"]]),
    st.sampled_from(["", "a=b", "a=c"]),
    st.text("abc%41.", min_size=1, max_size=4),
)


class NoChance(random.Random):
    def random(self) -> float:
        return 0.0


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    loop = ScriptedLoop()
    front = Front(loop, ROUTES)
    front.open_handover()
    front.gateway.ids = Ids(NoChance())  # which is what the two are given alike
    yield front
    loop.release()


@given(REQUESTS)
@settings(max_examples=300, deadline=None)
def test_it_agrees_with_the_data_plane(
    front: Front, asked: tuple[str, int, str, list[str], str, str]
) -> None:
    method, number, query, headers, form, key = asked
    head = request_head(method, f"http://shop/r{number}/{key}{query}", headers, form, "192.0.2.7")
    said = explain(front.snapshot, head, form.encode())
    block = b"".join(
        [b"%b %b HTTP/1.1\r\n" % (head.method, head.target), *(line + b"\r\n" for _, line, _ in head.fields)]
    )
    request = parse_request(block, HeadLimits(), "192.0.2.7")
    plan = front.plan(request)
    if plan is NEEDS_FORM:
        plan = front.plan(request, form.encode())
    assert isinstance(plan, Plan)
    sent = plan.call.head.split(b" ", 2)[1].decode("latin-1")
    mirror = plan.mirror and plan.mirror.backend
    done = (
        None if plan.route == "-" else plan.route,
        plan.side,
        plan.reason,
        plan.backend.name,
        sent,
        mirror,
    )
    assert (said.route, said.side, said.reason, said.backend, said.target, said.mirror) == done


def test_every_kind_of_request_above_occurs(front: Front) -> None:
    """The property means something only while its requests reach every decision."""
    reasons = {
        explain(front.snapshot, request_head("GET", f"/r{number}/a{query}", [], None, "")).reason
        for number in range(20)
        for query in ("", "?key=k")
    }
    assert reasons >= {"stage-legacy", "stage-shadow", "weight", "stage-modern", "rewrite-incomplete"}


def test_it_names_the_line_the_stage_and_the_bucket(front: Front) -> None:
    said = explain(front.snapshot, request_head("GET", "/r8/a", ["X-Merchant-Id: m_1"], None, ""))
    assert (said.route, said.stage, said.weight) == ("r8", "canary", 50)
    assert said.bucket is not None
    assert (said.side == "modern") == (said.bucket < 5000)
    assert said.line == front.snapshot.routes["r8"].line
    assert [candidate.route for candidate in said.candidates if candidate.won] == ["r8"]


def test_where_no_route_matches_legacy_serves(front: Front) -> None:
    said = explain(front.snapshot, request_head("GET", "http://shop", [], None, ""))
    assert (said.route, said.line, said.weight, said.bucket) == (None, None, None, None)
    assert (said.stage, said.side, said.reason, said.backend) == ("legacy", "legacy", "no-route", "legacy")
    assert (said.target, said.mirror, said.mirror_skip) == ("/", None, "stage")


def test_a_body_too_large_to_look_into_matches_no_form(front: Front) -> None:
    head = request_head("POST", "/r1/a", [], "a=b", "")
    assert explain(front.snapshot, head, b"a=b").route == "r1"
    assert explain(front.snapshot, head, b"a=b&" + b"x" * 65536).route is None


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://shop:81/a/../b?c[]=%7e", b"/a/../b?c[]=%7e", b"shop:81"),
        ("/a?", b"/a?", b"localhost"),
        ("http://shop", b"/", b"shop"),
    ],
)
def test_a_url_becomes_the_head_that_a_client_would_send(url: str, target: bytes, host: bytes) -> None:
    head = request_head("get", url, [], None, "192.0.2.7")
    assert (head.method, head.target, head.get(b"host"), head.client) == (b"GET", target, host, "192.0.2.7")


def test_headers_that_are_given_are_kept() -> None:
    head = request_head("POST", "http://shop/", ["Host: other", "content-type: text/plain"], "x", "")
    assert head.get_all(b"host") == [b"other"]
    assert head.get_all(b"content-type") == [b"text/plain"]
    assert request_head("POST", "/", [], "x", "").get(b"content-type") == b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "url", "headers", "why"),
    [
        ("GET", "/", ["no colon"], "header line 2 is not a valid header field"),
        ("GE T", "/", [], "the request line is not METHOD TARGET"),
        ("CONNECT", "/", [], "CONNECT is not forwarded"),
        ("GET", "/", ["X: a\r\nb"], "header line"),
    ],
)
def test_what_the_proxy_would_refuse_is_refused_here(
    method: str, url: str, headers: list[str], why: str
) -> None:
    with pytest.raises(NotARequest, match=f"the proxy would refuse this request: .*{why}"):
        request_head(method, url, headers, None, "")
