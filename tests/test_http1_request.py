"""A request's head has one reading, or it is refused with words that say why."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http1 import target
from proxy.http1.errors import BadRequest
from proxy.http1.fields import field_name
from proxy.http1.request import CHUNKED, HeadLimits, parse_request, refuse_early
from proxy.http1.target import authority, origin_form

LIMITS = HeadLimits()
HOST = b"Host: shop.example\r\n"


def head(*lines: bytes, first: bytes = b"GET /a?b=c HTTP/1.1", host: bytes = HOST) -> bytes:
    return first + b"\r\n" + host + b"".join(line + b"\r\n" for line in lines)


def test_a_plain_request_keeps_its_bytes_and_its_order() -> None:
    request = parse_request(head(b"X-B: 2", b"x-a:  1 \t", b"X-B: \xe9"), LIMITS, "192.0.2.1", secure=True)
    assert (request.head.method, request.head.target, request.head.minor) == (b"GET", b"/a?b=c", 1)
    assert [line for _, line, _ in request.head.fields] == [
        b"Host: shop.example",
        b"X-B: 2",
        b"x-a:  1 \t",
        b"X-B: \xe9",
    ]
    assert request.head.get_all(b"x-b") == [b"2", b"\xe9"]
    assert request.head.get(b"x-a") == b"1"
    assert request.head.get(b"x-c") is None
    assert (request.head.client, request.head.secure) == ("192.0.2.1", True)
    assert (request.length, request.keep_alive, request.upgrade) == (0, True, None)


def test_an_old_client_may_leave_out_the_host() -> None:
    request = parse_request(head(first=b"GET / HTTP/1.0", host=b""), LIMITS)
    assert (request.head.minor, request.head.get(b"host"), request.keep_alive) == (0, None, False)


@pytest.mark.parametrize(
    ("first", "line", "keep_alive"),
    [
        (b"GET / HTTP/1.1", b"Connection: close", False),
        (b"GET / HTTP/1.1", b"Connection: x, CLOSE", False),
        (b"GET / HTTP/1.0", b"Accept: */*", False),
        (b"GET / HTTP/1.0", b"Connection: Keep-Alive", True),
        (b"GET / HTTP/1.0", b"Connection: keep-alive, close", False),
    ],
)
def test_keep_alive_follows_version_and_connection(first: bytes, line: bytes, keep_alive: bool) -> None:
    assert parse_request(head(line, first=first), LIMITS).keep_alive is keep_alive


def test_connection_nominates_fields_but_never_those_that_frame() -> None:
    request = parse_request(head(b"Connection: X-Hop, Content-Length, host, close"), LIMITS)
    assert request.nominated == {b"x-hop"}


def test_an_upgrade_counts_only_when_connection_says_so() -> None:
    assert parse_request(head(b"Upgrade: WebSocket", b"Connection: Upgrade"), LIMITS).upgrade == b"websocket"
    assert parse_request(head(b"Upgrade: websocket"), LIMITS).upgrade is None
    assert parse_request(head(b"Upgrade: h2c", b"Connection: Upgrade"), LIMITS).upgrade is None
    assert parse_request(head(b"Upgrade: websocket", b"Connection: close"), LIMITS).upgrade is None


def test_an_http_1_0_client_cannot_upgrade() -> None:
    """RFC 9110 §7.8."""
    asked = head(b"Upgrade: websocket", b"Connection: Upgrade")
    assert parse_request(asked.replace(b"HTTP/1.1", b"HTTP/1.0"), LIMITS).upgrade is None


def test_fields_that_forwarding_reads_are_named_and_joined() -> None:
    request = parse_request(head(b"Expect: 100-continue", b"X-Request-Id: a", b"x-request-id: b"), LIMITS)
    assert request.named == {
        b"host": b"shop.example",
        b"expect": b"100-continue",
        b"x-request-id": b"a,b",
    }


def test_field_names_with_an_underscore_are_dropped() -> None:
    request = parse_request(head(b"X_User: root", b"Content_Length: 5", b"X-User: me"), LIMITS)
    assert [name for name, _, _ in request.head.fields] == [b"host", b"x-user"]
    assert request.length == 0


@pytest.mark.parametrize(
    ("line", "length"),
    [(b"Content-Length: 0", 0), (b"Content-Length: 12", 12), (b"Transfer-Encoding: Chunked", CHUNKED)],
)
def test_the_length_of_the_body(line: bytes, length: int) -> None:
    assert parse_request(head(line), LIMITS).length == length


REFUSED = {
    "bare LF": (b"GET / HTTP/1.1\nHost: a\r\n", "CR or LF stands alone"),
    "no version": (b"GET /\r\n" + HOST, "request line"),
    "two spaces": (b"GET  / HTTP/1.1\r\n" + HOST, "request line"),
    "control byte in the target": (b"GET /\x01 HTTP/1.1\r\n" + HOST, "request line"),
    "HTTP/2": (b"GET / HTTP/2.0\r\n" + HOST, "protocol version"),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST, "protocol version"),
    "space before the colon": (head(b"A : b"), "header line 2 is not"),
    "folded": (head(b"A: b", b" c"), "header line 3 is folded"),
    "NUL": (head(b"A: \0"), "header line 2 is not"),
    "bare CR": (head(b"A: b\rc"), "CR or LF stands alone"),
    "no end of line": (b"GET / HTTP/1.1\r\nHost: a", "not valid HTTP/1"),
    "no host": (b"GET / HTTP/1.1\r\nA: b\r\n", "without a Host"),
    "two hosts": (head(b"Host: other"), "more than one Host"),
    "odd host": (head(host=b"Host: a b\r\n"), "Host header is not"),
    "userinfo in host": (head(host=b"Host: a@b\r\n"), "Host header is not"),
    "two lengths": (head(b"Content-Length: 5", b"Content-Length: 5"), "more than one Content-Length"),
    "list of lengths": (head(b"Content-Length: 5, 5"), "one plain number"),
    "signed length": (head(b"Content-Length: +5"), "one plain number"),
    "endless length": (head(b"Content-Length: " + b"9" * 19), "one plain number"),
    "empty length": (head(b"Content-Length: "), "one plain number"),
    "length and chunks": (head(b"Content-Length: 5", b"Transfer-Encoding: chunked"), "both"),
    "two codings": (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), "more than one"),
    "unknown coding": (head(b"Transfer-Encoding: xchunked"), "not chunked"),
    "coding before chunked": (head(b"Transfer-Encoding: gzip, chunked"), "not chunked"),
    "chunks in 1.0": (head(b"Transfer-Encoding: chunked", first=b"POST / HTTP/1.0"), "HTTP/1.0"),
    "fragment": (head(first=b"GET /a#b HTTP/1.1"), "fragment"),
    "CONNECT": (head(first=b"CONNECT /a HTTP/1.1"), "CONNECT"),
    "CONNECT to a host": (head(first=b"CONNECT a:1 HTTP/1.1"), "neither a path"),
    "asterisk for GET": (head(first=b"GET * HTTP/1.1"), "neither a path"),
    "no path": (head(first=b"GET a HTTP/1.1"), "neither a path"),
    "tab in the target": (head(first=b"GET /a\tb HTTP/1.1"), "the request line is not"),
    "bad authority": (head(first=b"GET http://a@b/ HTTP/1.1"), "no valid host"),
}


@pytest.mark.parametrize(("block", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_one_request_is_refused(block: bytes, words: str) -> None:
    with pytest.raises(BadRequest, match=words) as refusal:
        parse_request(block, LIMITS)
    assert refusal.value.slug == "bad-request"


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"/a", None),
        (b"*", None),
        (b"http://Shop.example:81/a", b"Shop.example:81"),
        (b"HTTPS://[::1]:8/?q", b"[::1]:8"),
    ],
)
def test_the_authority_of_an_absolute_target(target: bytes, host: bytes | None) -> None:
    assert authority(target) == host


@pytest.mark.parametrize(
    ("target", "method", "form"),
    [
        (b"/a//b?c", b"GET", b"/a//b?c"),
        (b"/http://a/b", b"GET", b"/http://a/b"),
        (b"*", b"OPTIONS", b"*"),
        (b"http://a/b/../c?d", b"GET", b"/b/../c?d"),
        (b"HTTPS://[::1]:8?q", b"GET", b"/?q"),
        (b"http://a", b"GET", b"/"),
        (b"http://a", b"OPTIONS", b"*"),
        (b"http://a/", b"OPTIONS", b"/"),
        (b"http://a?q", b"OPTIONS", b"/?q"),
    ],
)
def test_the_origin_form_of_a_target(target: bytes, method: bytes, form: bytes) -> None:
    assert origin_form(target, method) == form


def test_an_absolute_target_and_the_asterisk_of_options_are_requests() -> None:
    assert parse_request(head(first=b"GET http://a/b HTTP/1.1"), LIMITS).head.target == b"http://a/b"
    assert parse_request(head(first=b"OPTIONS * HTTP/1.1"), LIMITS).head.target == b"*"


def test_limits_of_target_fields_and_count() -> None:
    limits = HeadLimits(target=5, fields=40, count=3)
    for block, slug in (
        (head(first=b"GET /abcde HTTP/1.1"), "uri-too-long"),
        (head(b"A: " + b"b" * 40, first=b"GET / HTTP/1.1"), "headers-too-large"),
        (b"GET / HTTP/1.1\r\nHost:a\r\nb:\r\nc:\r\nd:\r\n", "headers-too-large"),
    ):
        with pytest.raises(BadRequest) as refusal:
            parse_request(block, limits)
        assert refusal.value.slug == slug
    unlimited = HeadLimits(0, 0, 0)
    assert parse_request(head(*[b"A: " + b"b" * 999] * 300), unlimited).head.get(b"a") == b"b" * 999
    assert refuse_early(b"GET /" + b"a" * 99999 + b" HTTP/1.1\r\n" + b"a: b\r\n" * 20000, unlimited) is None


@pytest.mark.parametrize(
    ("buffer", "slug"),
    [
        (b"GE", None),
        (b"\r", None),
        (b"\rG", "bad-request"),
        (b"GET / HTTP/1.1\r\nHost: a", None),
        (b"GET / HTTP/1.1\r", None),
        (b"GET /\r\n", "bad-request"),
        (b"GET / HTTP/2.0\r\nHost: a", "bad-request"),
        (b"EHLO client\r\n", "bad-request"),
        (b"\x16\x03\x01\x02", "bad-request"),
        (b"GET / HTTP/1.1\nHost: a", "bad-request"),
        (b"GET / HTTP/1.1\r\r\nHost: a", "bad-request"),
        (b"GET /" + b"a" * 20000, "uri-too-long"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 12000, "headers-too-large"),
    ],
)
def test_a_hopeless_head_is_refused_before_it_is_complete(buffer: bytes, slug: str | None) -> None:
    refusal = refuse_early(buffer, LIMITS)
    assert (refusal.slug if refusal else None) == slug


@pytest.mark.parametrize(
    "buffer",
    [
        b"GET / HTTP/1.1\nHost",
        b"GET / HTTP/1.1\r\r\n",
        b"GET / HTTP/1.1\r\n\n",
        b"GET / HTTP/1.1\rX",
        b"GET /\r\nHost: a",
    ],
)
def test_a_hopeless_head_is_refused_wherever_it_was_cut(buffer: bytes) -> None:
    for cut in range(1, len(buffer)):
        refused_before = refuse_early(buffer[:cut], LIMITS) is not None
        assert refused_before or refuse_early(buffer, LIMITS, cut) is not None, cut


def test_what_was_looked_at_is_not_searched_again() -> None:
    assert refuse_early(b"GET /\nGET / HTTP/1.1\r\n", LIMITS, 22) is None


def test_the_refusal_names_its_slug_and_never_repeats_what_was_sent() -> None:
    with pytest.raises(BadRequest) as refusal:
        parse_request(head(b"Card : 4111111111111111"), LIMITS)
    assert str(refusal.value) == "bad-request: header line 2 is not a valid header field"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_fail_in_another_way(noise: bytes) -> None:
    for block in (noise, head(noise), head(first=b"GET /" + noise + b" HTTP/1.1")):
        try:
            parse_request(block, LIMITS)
        except BadRequest:
            continue


TOKENS = st.text("abcXYZ019!#$%&'*+-.^`|~", min_size=1, max_size=12).map(str.encode)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.encode)


@given(TOKENS, st.lists(st.tuples(TOKENS, VALUES), max_size=6))
def test_what_is_accepted_reads_the_same_to_a_second_parser(
    method: bytes, fields: list[tuple[bytes, bytes]]
) -> None:
    block = head(*[name + b": " + value for name, value in fields], first=method + b" /x HTTP/1.1")
    try:
        request = parse_request(block, LIMITS)
    except BadRequest:
        return
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(block + b"\r\n")
    event = peer.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (request.head.method, request.head.target)
    assert list(event.headers) == [(name, value) for name, _, value in request.head.fields]


def test_hosts_are_not_remembered_without_end() -> None:
    for number in range(1100):
        assert parse_request(head(host=b"Host: h%d\r\n" % number), LIMITS).named[b"host"] == b"h%d" % number
    long = b"h" * 300
    for _ in range(2):
        assert parse_request(head(host=b"Host: " + long + b"\r\n"), LIMITS).named[b"host"] == long
    assert b"h1099" in target._HOSTS and len(target._HOSTS) <= target._MOST_HOSTS
    assert long not in target._HOSTS


def test_names_are_not_remembered_without_end() -> None:
    first, long = field_name(b"X-First"), b"x" * 65
    assert field_name(b"X-First") is first and field_name(long) is not field_name(long)
    for number in range(1000):
        field_name(b"X-%d" % number)
    assert field_name(b"X-First") is not first
