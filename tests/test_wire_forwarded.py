"""What a request gains and loses on its way to the origin, and a response on its way back."""

import re

import pytest

from tests.support.dataplane import TRUSTED, Connect
from tests.support.origin import Origin, answer
from tests.support.wire import Wire, request, response

TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

# Fields that end at this hop (RFC 9110 §7.6.1), and what a client may have nominated in Connection.
HOP_BY_HOP = {
    "connection": [b"Connection: keep-alive"],
    "keep-alive": [b"Keep-Alive: timeout=5, max=100"],
    "proxy-connection": [b"Proxy-Connection: keep-alive"],
    "te": [b"TE: trailers, deflate;q=0.5", b"Connection: TE"],
    "h2c": [
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
    ],
    "h2c-not-nominated": [b"Upgrade: h2c"],
    "unknown-upgrade": [b"Connection: upgrade", b"Upgrade: foo/2"],
    "nominated": [b"Connection: X-Private, close", b"X-Private: 1"],
    "nominated-in-any-case": [b"Connection: x-PRIVATE", b"X-Private: 1"],
    "nominated-with-odd-list": [b"Connection: ,, X-Private ,,", b"X-Private: 1"],
    "nominated-in-a-second-line": [b"Connection: close", b"Connection: X-Private", b"X-Private: 1"],
    "nominated-twice-sent": [b"Connection: X-Private", b"X-Private: 1", b"x-private: 2"],
    "nominated-absent": [b"Connection: X-Absent"],
    "httpoxy": [b"Proxy: http://evil.test:8080", b"proxy: evil.test"],
}

GONE = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"upgrade",
    b"http2-settings",
    b"x-private",
    b"proxy",
}


@pytest.mark.parametrize("fields", HOP_BY_HOP.values(), ids=HOP_BY_HOP)
@pytest.mark.parametrize("method", [b"GET", b"POST"], ids=bytes.decode)
def test_hop_by_hop_fields_end_here(origin: Origin, wire: Wire, fields: list[bytes], method: bytes) -> None:
    answered = wire.ask(request(b"/h", *fields, b"X-Kept: 1", method=method, body=b"abc"))
    assert answered.body == method + b" /h abc"
    (seen,) = origin.seen
    kept = {name.lower() for name, _ in seen.head.fields}
    # A proxy may speak of its own connection to the origin, but only of that.
    allowed = {b"connection"} if seen.all(b"connection") in ([b"keep-alive"], [b"close"]) else set()
    assert not (kept & GONE) - allowed
    assert b"x-kept" in kept


FRAMING_NOMINATED = [
    b"Content-Length",
    b"content-length, close",
    b"Host",
    b"Transfer-Encoding",
    b"host, content-length",
]


@pytest.mark.parametrize("nominated", FRAMING_NOMINATED, ids=bytes.decode)
def test_what_frames_or_routes_cannot_be_nominated_away(origin: Origin, wire: Wire, nominated: bytes) -> None:
    """Dropping Content-Length on the client's word would turn its body into a second request."""
    smuggled = request(b"/smuggled")
    answered = wire.ask(request(b"/n", b"Connection: " + nominated, method=b"POST", body=smuggled))
    if answered.status == 400:
        assert origin.seen == []
    else:
        assert [(seen.target, bytes(seen.body)) for seen in origin.seen] == [(b"/n", smuggled)]
        assert origin.seen[0].get(b"host") == b"wire.test"


def test_a_chunked_body_keeps_its_framing_when_nominated(origin: Origin, wire: Wire) -> None:
    wire.send(request(b"/n", b"Transfer-Encoding: chunked", b"Connection: Transfer-Encoding", method=b"POST"))
    wire.send(b"3\r\nabc\r\n0\r\n\r\n")
    answered = wire.response()
    assert answered.status == 400 or answered.body == b"POST /n abc"


OWN_FIELDS = [
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Host",
    b"Via",
    b"X-Request-Id",
    b"traceparent",
]


@pytest.mark.parametrize("name", OWN_FIELDS, ids=bytes.decode)
def test_own_fields_cannot_be_nominated_away(origin: Origin, wire: Wire, name: bytes) -> None:
    """A client must not be able to hide its address from the origin through `Connection`."""
    wire.ask(request(b"/", b"Connection: close, " + name))
    assert origin.seen[0].get(name) is not None


def test_what_a_request_gains(origin: Origin, wire: Wire) -> None:
    wire.ask(request(b"/"))
    (seen,) = origin.seen
    assert seen.get(b"x-forwarded-for") == b"127.0.0.1"
    assert seen.get(b"x-forwarded-proto") == b"http"
    assert seen.get(b"x-forwarded-host") == b"wire.test"
    assert re.fullmatch(rb"1\.1 \S+", seen.get(b"via") or b"")
    assert re.fullmatch(rb"[!-~]{8,}", seen.get(b"x-request-id") or b"")
    assert TRACEPARENT.fullmatch(seen.get(b"traceparent") or b"")


def test_request_ids_differ(origin: Origin, wire: Wire) -> None:
    for _ in range(20):
        wire.ask(request(b"/"))
    assert len({seen.get(b"x-request-id") for seen in origin.seen}) == 20


LIES = {
    "for": b"X-Forwarded-For: 10.9.9.9",
    "for-in-lower-case": b"x-forwarded-for: 10.9.9.9",
    "proto": b"X-Forwarded-Proto: https",
    "host": b"X-Forwarded-Host: evil.example",
    "port": b"X-Forwarded-Port: 10999",
    "prefix": b"X-Forwarded-Prefix: /10.9.9.9",
    "rfc-7239": b"Forwarded: for=10.9.9.9;proto=https;host=evil.example",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_forwarded_fields_of_strangers_are_replaced(origin: Origin, wire: Wire, lie: bytes) -> None:
    wire.ask(request(b"/", lie, lie))
    (seen,) = origin.seen
    about = lie.split(b":")[0].lower()
    if about in (b"forwarded", b"x-forwarded-port", b"x-forwarded-prefix"):
        assert b"10.9.9.9" not in b"".join(seen.all(about)) and b"10999" not in b"".join(seen.all(about))
    assert seen.get(b"x-forwarded-for") == b"127.0.0.1"
    assert seen.get(b"x-forwarded-proto") == b"http"
    assert seen.get(b"x-forwarded-host") == b"wire.test"


def test_forwarded_fields_of_a_trusted_proxy_are_kept(origin: Origin, connect: Connect) -> None:
    fields = [b"X-Forwarded-For: 10.1.2.3", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: shop.example"]
    connect(source=TRUSTED).ask(request(b"/", *fields))
    (seen,) = origin.seen
    members = [member.strip() for line in seen.all(b"x-forwarded-for") for member in line.split(b",")]
    assert members == [b"10.1.2.3", TRUSTED.encode()]
    assert seen.get(b"x-forwarded-proto") == b"https"
    assert seen.get(b"x-forwarded-host") == b"shop.example"


def test_a_chain_of_proxies_stays_in_order(origin: Origin, connect: Connect) -> None:
    chain = [b"X-Forwarded-For: 10.1.1.1, 10.2.2.2", b"X-Forwarded-For: 10.3.3.3"]
    connect(source=TRUSTED).ask(request(b"/", *chain))
    members = [m.strip() for line in origin.seen[0].all(b"x-forwarded-for") for m in line.split(b",")]
    assert members == [b"10.1.1.1", b"10.2.2.2", b"10.3.3.3", TRUSTED.encode()]


def test_via_is_appended_to(origin: Origin, wire: Wire) -> None:
    """RFC 9110 §7.6.3: each proxy adds itself; HTTP/1.0 clients are named as such."""
    wire.ask(request(b"/", b"Via: 1.0 edge").replace(b"HTTP/1.1", b"HTTP/1.0"))
    received = [member.strip() for line in origin.seen[0].all(b"via") for member in line.split(b",")]
    assert received[0] == b"1.0 edge"
    assert len(received) == 2 and received[1].startswith(b"1.0 ")


KEPT = {
    "request-id": b"X-Request-Id: order-4711/a",
    "trace-state": b"tracestate: vendor=x,other=y",
    "baggage": b"baggage: k=v",
}


@pytest.mark.parametrize("line", KEPT.values(), ids=KEPT)
def test_correlation_fields_are_kept(origin: Origin, wire: Wire, line: bytes) -> None:
    wire.ask(request(b"/", b"traceparent: 00-%s-%s-01" % (b"a" * 32, b"b" * 16), line))
    name, value = line.split(b": ")
    assert origin.seen[0].get(name) == value


def test_a_trace_is_continued(origin: Origin, wire: Wire) -> None:
    """W3C Trace Context §3.2: the trace id and the sampled flag stay, whoever is the parent."""
    wire.ask(request(b"/", b"traceparent: 00-%s-%s-01" % (b"a" * 32, b"b" * 16)))
    assert re.fullmatch(b"00-a{32}-[0-9a-f]{16}-01", origin.seen[0].get(b"traceparent") or b"")


BAD_TRACES = [
    b"00-" + b"0" * 32 + b"-" + b"b" * 16 + b"-01",
    b"garbage",
    b"ff-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01",
]


@pytest.mark.parametrize("trace", BAD_TRACES, ids=["zero-id", "garbage", "version-ff"])
def test_an_invalid_trace_is_begun_anew(origin: Origin, wire: Wire, trace: bytes) -> None:
    wire.ask(request(b"/", b"traceparent: " + trace))
    assert TRACEPARENT.fullmatch(origin.seen[0].get(b"traceparent") or b"")


def test_the_clients_host_is_preserved(origin: Origin, wire: Wire) -> None:
    wire.ask(request(b"/", host=b"Shop.Example:8443"))
    assert origin.seen[0].get(b"host") == b"Shop.Example:8443"


def test_a_backend_may_want_its_own_host(origin: Origin, wire: Wire) -> None:
    wire.ask(request(b"/own-host/x", host=b"shop.example"))
    (seen,) = origin.seen
    assert seen.get(b"host") == b"127.0.0.1:%d" % origin.port
    assert seen.get(b"x-forwarded-host") == b"shop.example"


UNDERSCORES = {
    "plain": (b"X_User: admin", b"x_user"),
    "framing": (b"Content_Length: 5", b"content_length"),
    "encoding": (b"Transfer_Encoding: chunked", b"transfer_encoding"),
    "forwarded": (b"X_Forwarded_For: 10.9.9.9", b"x_forwarded_for"),
    "mixed": (b"X-Forwarded_For: 10.9.9.9", b"x-forwarded_for"),
}


@pytest.mark.parametrize(("line", "name"), UNDERSCORES.values(), ids=UNDERSCORES)
def test_field_names_with_an_underscore_are_dropped(
    origin: Origin, wire: Wire, line: bytes, name: bytes
) -> None:
    """PHP cannot tell X_User from X-User, so a client could speak for the proxy."""
    assert wire.ask(request(b"/", line, b"X-Kept: 1")).status == 200
    (seen,) = origin.seen
    assert seen.all(name) == [] and seen.get(b"x-kept") == b"1"


def test_a_modern_route_may_rewrite(origin: Origin, wire: Wire) -> None:
    """The rewritten path keeps the segment's and the query's bytes; named fields are set and removed."""
    lines = [b"X-Debug: 1", b"X-Source: client", b"x-debug: 2", b"X-Kept: 1"]
    assert wire.ask(request(b"/rewritten/a%2Fb%E9;c?d=%20&e", *lines)).status == 200
    (seen,) = origin.seen
    assert seen.target == b"/v1/a%2Fb%E9;c?d=%20&e"
    assert (seen.get(b"x-source"), seen.all(b"x-debug"), seen.get(b"x-kept")) == (b"banyan", [], b"1")


BACK = {
    "connection": [b"Connection: keep-alive", b"Keep-Alive: timeout=5"],
    "nominated": [b"Connection: X-Private", b"X-Private: 1"],
    "proxy-fields": [b"Proxy-Connection: keep-alive", b"Proxy-Authenticate: Basic"],
    "upgrade-offer": [b"Upgrade: h2c", b"Connection: Upgrade"],
}


@pytest.mark.parametrize("fields", BACK.values(), ids=BACK)
def test_the_origins_hop_by_hop_fields_end_here(origin: Origin, wire: Wire, fields: list[bytes]) -> None:
    origin.plays(answer(response(b"200 OK", *fields, b"X-Kept: 1", body=b"x")))
    answered = wire.ask(request(b"/"))
    assert answered.fields == [(b"X-Kept", b"1"), (b"Content-Length", b"1")]
    assert wire.ask(request(b"/again")).body == b"x"


def test_the_origins_length_cannot_be_nominated_away(origin: Origin, wire: Wire) -> None:
    origin.plays(answer(response(b"200 OK", b"Connection: Content-Length", body=b"abc")))
    answered = wire.ask(request(b"/"))
    assert (answered.body, answered.complete, answered.until_close) == (b"abc", True, False)


def test_nothing_is_added_to_responses_without_asking(origin: Origin, wire: Wire) -> None:
    answered = wire.ask(request(b"/", b"X-Banyan-Debug: 1"))
    assert not [name for name, _ in answered.fields if name.lower().startswith(b"x-banyan")]


def test_a_trusted_proxy_may_ask_for_debug_fields(origin: Origin, connect: Connect) -> None:
    answered = connect(source=TRUSTED).ask(request(b"/modern/x", b"X-Banyan-Debug: 1"))
    assert (answered.get(b"x-banyan-route"), answered.get(b"x-banyan-backend")) == (b"moved", b"modern")
    assert answered.get(b"x-banyan-reason")
