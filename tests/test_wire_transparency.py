"""What a client sends reaches the origin byte for byte: targets, methods, fields, bodies."""

import gzip
import hashlib

import pytest

from tests.support.dataplane import Connect
from tests.support.origin import Origin, answer
from tests.support.wire import Wire, request, response

TARGETS = {
    "root": b"/",
    "double-slash": b"//evil.example/x",
    "inner-double-slash": b"/a//b///c",
    "dot-segments": b"/a/../b/./c/..",
    "encoded-dot-segments": b"/a/%2e%2e/%2E/b",
    "encoded-slash": b"/a%2Fb%2fc",
    "needless-encoding": b"/%7Euser/%61",
    "encoded-nul": b"/a%00b",
    "encoded-crlf": b"/a%0d%0aX-Injected:%20yes",
    "bare-latin-1-escape": b"/caf%E9",
    "raw-latin-1-byte": b"/caf\xe9",
    "raw-utf-8": "/caf\u00e9/\u20ac".encode(),
    "overlong-utf-8": b"/%c0%af..%c0%af",
    "bad-escape": b"/100%/%zz/%4",
    "matrix-parameters": b"/a;v=1/b;c=2;d",
    "php-session-in-path": b"/index.php;PHPSESSID=1",
    "path-info": b"/index.php/foo/bar",
    "empty-query": b"/a?",
    "two-question-marks": b"/a?b?c=?",
    "query-brackets": b"/a?a[]=1&a[]=2&b[x][y]=3",
    "query-plus-and-space": b"/a?q=a+b%20c",
    "query-repeated": b"/a?f=1&f=2&f=",
    "query-ampersands": b"/a?&&x&=1&",
    "query-raw-bytes": b"/a?q=\xe9\xff",
    "query-url": b"/a?next=http://other.example/../x",
    "browser-leniency": b'/a|b{c}^d`e"f<g>h\\i',
    "asterisk-in-path": b"/*",
    "colon-first-segment": b"/a:b@c",
    "long": b"/" + b"x" * 8000 + b"?" + b"y" * 8000,
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("prefix", [b"", b"/modern"], ids=["legacy", "modern"])
def test_targets_arrive_as_sent(origin: Origin, wire: Wire, target: bytes, prefix: bytes) -> None:
    answered = wire.ask(request(prefix + target))
    assert answered.status == 200
    assert [seen.target for seen in origin.seen] == [prefix + target]


def test_an_absolute_target_names_the_host(origin: Origin, wire: Wire) -> None:
    """RFC 9112 §3.2.2: the target's authority overrules Host; the origin must not see them disagree."""
    assert wire.ask(request(b"http://shop.test:81/a/../b?c", host=b"other.test")).status == 200
    (seen,) = origin.seen
    assert seen.target in (b"/a/../b?c", b"http://shop.test:81/a/../b?c")
    assert seen.get(b"host") == b"shop.test:81"


def test_an_absolute_target_does_not_contradict_the_backends_own_host(origin: Origin, wire: Wire) -> None:
    """RFC 9112 §3.2.2: else an origin that believes the target would serve another host than it is told."""
    assert wire.ask(request(b"http://shop.test/own-host/a?b", host=b"shop.test")).status == 200
    (seen,) = origin.seen
    assert seen.target == b"/own-host/a?b"
    assert seen.get(b"host") == b"127.0.0.1:%d" % origin.port
    assert seen.get(b"x-forwarded-host") == b"shop.test"


def test_asterisk_form_arrives(origin: Origin, wire: Wire) -> None:
    assert wire.ask(request(b"*", method=b"OPTIONS")).status == 200
    assert [seen.target for seen in origin.seen] == [b"*"]


METHODS = [
    b"GET",
    b"POST",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"PROPFIND",
    b"MKCALENDAR",
    b"M-SEARCH",
    b"PURGE",
]
METHODS += [b"QUERY", b"get", b"Foo", b"BREW", b"!#$%&'*+-.^_`|~", b"X" * 40]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.decode())
def test_any_method_token_arrives(origin: Origin, wire: Wire, method: bytes) -> None:
    assert wire.ask(request(b"/m", method=method)).status == 200
    assert [(seen.method, seen.target) for seen in origin.seen] == [(method, b"/m")]


@pytest.mark.parametrize(
    "method", [b"GET", b"POST", b"DELETE", b"OPTIONS", b"HEAD", b"BREW"], ids=bytes.decode
)
def test_a_body_is_no_matter_of_the_method(origin: Origin, wire: Wire, method: bytes) -> None:
    """RFC 9110 §9.3.1: content in a GET has no meaning, but its framing has; the next request follows it."""
    wire.send(
        request(b"/first", method=method, body=b"GET /not-a-request HTTP/1.1\r\n\r\n") + request(b"/second")
    )
    assert wire.response(method).status == 200
    assert wire.response().body == b"GET /second "
    assert [seen.target for seen in origin.seen] == [b"/first", b"/second"]


FIELDS = {
    "order-and-duplicates": [b"X-A: 1", b"X-B: 2", b"X-A: 3", b"x-a: 4"],
    "case-of-names": [b"x-lower: 1", b"X-UPPER: 1", b"x-MiXeD: 1"],
    "empty-value": [b"X-Empty:", b"X-After: 1"],
    "inner-space": [b"X-Space: a  b\tc"],
    "latin-1": [b"X-Name: Zo\xeb"],
    "utf-8": ["X-Name: \u20ac Zo\u00eb".encode()],
    "every-byte-above-ascii": [b"X-Bytes: " + bytes(range(0x80, 0x100))],
    "quotes-and-commas": [b'X-List: "a,b", c;d="e\\"f"'],
    "every-token-byte": [b"!#$%&'*+-.^`|~aZ09: 1"],
    "colon-in-value": [b"X-Url: http://a:1/b:c", b"X-Colon: :"],
    "several-cookies": [b"Cookie: a=1; b=2", b"Cookie: a=3"],
    "odd-cookies": [b'Cookie: a="x y"; =empty; b=\xe9; c={"j":1}'],
    "large-cookie": [b"Cookie: big=" + b"c" * 16000],
    "many-cookies": [b"Cookie: " + b"; ".join(b"c%d=%d" % (i, i) for i in range(500))],
    "many-fields": [b"X-%d: %d" % (i, i) for i in range(150)],
    "authorization": [b"Authorization: Bearer a.b.c"],
    "conditional": [b'If-None-Match: W/"a", "b"', b"If-Modified-Since: Sat, 29 Oct 1994 19:43:31 GMT"],
    "ranges": [b"Range: bytes=0-1,-5", b'If-Range: "x"'],
    "encodings": [b"Accept-Encoding: gzip, br;q=0.1, *;q=0"],
    "no-default-fields": [],
}

ADDED = {
    b"via",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-request-id",
    b"traceparent",
}
"""What a request may gain on its way. Nothing else, such as User-Agent or Accept, may appear by itself."""


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("target", [b"/f", b"/modern/f", b"/shadowed/f"], ids=["legacy", "modern", "shadow"])
def test_fields_arrive_in_order_as_sent(
    origin: Origin, wire: Wire, fields: list[bytes], target: bytes
) -> None:
    assert wire.ask(request(target, *fields)).status == 200
    (seen,) = origin.seen
    sent = [tuple(part.strip() for part in line.split(b":", 1)) for line in [b"Host: wire.test", *fields]]
    assert [field for field in seen.head.fields if field[0].lower() not in ADDED] == sent


def test_a_large_head_that_comes_byte_by_byte(origin: Origin, wire: Wire) -> None:
    raw = request(b"/slow", b"X-A: 1", b"X-B: \xe9", method=b"PUT", body=b"abc")
    for byte in raw:
        wire.send(bytes([byte]))
    assert wire.response().body == b"PUT /slow abc"


BODIES = {
    "empty": b"",
    "text": b"hello",
    "zero-bytes": bytes(1000),
    "every-byte": bytes(range(256)) * 10,
    "looks-chunked": b"5\r\nhello\r\n0\r\n\r\n",
    "looks-like-a-request": b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "gzip": gzip.compress(b"hello" * 100, mtime=0),
    "a-megabyte": hashlib.sha256(b"seed").digest() * 32768,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
def test_request_bodies_arrive_as_sent(origin: Origin, wire: Wire, body: bytes, chunked: bool) -> None:
    origin.plays(answer(response(body=b"done")))
    if chunked:
        pieces = [body[at : at + 7000] for at in range(0, len(body), 7000)]
        wire.send(request(b"/b", b"Transfer-Encoding: chunked", method=b"POST"))
        wire.send(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    else:
        wire.send(request(b"/b", b"Content-Length: %d" % len(body), method=b"POST") + body)
    assert wire.response().body == b"done"
    assert [bytes(seen.body) for seen in origin.seen] == [body]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("framing", ["counted", "chunked", "until-close"])
def test_response_bodies_arrive_as_sent(origin: Origin, wire: Wire, body: bytes, framing: str) -> None:
    if framing == "counted":
        origin.plays(answer(response(body=body)))
    elif framing == "chunked":
        pieces = [body[at : at + 7000] for at in range(0, len(body), 7000)]
        chunks = b"".join(b"%X;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        origin.plays(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"))
    else:
        origin.plays(answer(b"HTTP/1.1 200 OK\r\n\r\n" + body, close=True))
    answered = wire.ask(request())
    assert (answered.status, answered.body, answered.complete) == (200, body, True)


RESPONSE_FIELDS = {
    "two-set-cookies": [b"Set-Cookie: a=1; Path=/", b"Set-Cookie: b=2; HttpOnly", b"set-cookie: a=3"],
    "order-and-case": [b"x-b: 1", b"X-A: 2", b"x-b: 3"],
    "latin-1": [b"Content-Disposition: attachment; filename=Zo\xeb.txt"],
    "relative-location": [b"Location: ../x?a[]=\xe9"],
    "content-encoding": [b"Content-Encoding: gzip", b"Vary: Accept-Encoding"],
    "own-date-and-server": [b"Date: Thu, 01 Jan 1970 00:00:00 GMT", b"Server: Apache/1.3"],
    "php-defaults": [
        b"X-Powered-By: PHP/8.2",
        b"Expires: Thu, 19 Nov 1981 08:52:00 GMT",
        b"Pragma: no-cache",
    ],
    "empty-value": [b"X-Empty:"],
    "underscore": [b"X_Under: 1"],
    "large": [b"X-Large: " + b"l" * 30000],
    "nothing-added": [],
}


@pytest.mark.parametrize("fields", RESPONSE_FIELDS.values(), ids=RESPONSE_FIELDS)
@pytest.mark.parametrize("target", [b"/r", b"/modern/r", b"/shadowed/r"], ids=["legacy", "modern", "shadow"])
def test_response_fields_arrive_in_order_as_sent(
    origin: Origin, wire: Wire, fields: list[bytes], target: bytes
) -> None:
    origin.plays(answer(response(b"200 OK", *fields, body=b"x")))
    answered = wire.ask(request(target))
    sent = [tuple(part.strip() for part in line.split(b":", 1)) for line in fields]
    assert answered.fields == [*sent, (b"Content-Length", b"1")]


STATUSES = {
    "ok": b"200 OK",
    "partial": b"206 Partial Content",
    "unknown-2xx": b"299 Whatever",
    "redirect": b"302 Found",
    "teapot": b"418 I'm a teapot",
    "legal": b"451 Unavailable For Legal Reasons",
    "unknown-4xx": b"499 ",
    "own-503": b"503 Down for maintenance",
    "odd-5xx": b"599 Odd",
    "beyond-5xx": b"799 Beyond",
    "last": b"999 Request denied",
    "latin-1-reason": b"200 Tr\xe8s bien",
    "utf-8-reason": "200 \u2713 gut".encode(),
    "other-reason": b"200 Not At All",
}


@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
def test_status_and_reason_arrive_as_sent(origin: Origin, wire: Wire, status: bytes) -> None:
    origin.plays(answer(response(status, body=b"body")))
    answered = wire.ask(request())
    assert (answered.head.start[1] + b" " + answered.reason, answered.body) == (status, b"body")


def test_clients_do_not_share_cookies(origin: Origin, connect: Connect) -> None:
    origin.plays(answer(response(b"200 OK", b"Set-Cookie: sid=secret; Path=/")))
    connect().ask(request(b"/login"))
    connect().ask(request(b"/other"))
    assert origin.seen[1].all(b"cookie") == []
