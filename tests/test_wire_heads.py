"""Hostile beginnings: request lines, versions, targets, other protocols (RFC 9112 §2–§3)."""

import pytest

from tests.support.dataplane import Connect
from tests.support.hostile import SMUGGLED, assert_nothing_else, assert_one_reading, assert_refused
from tests.support.origin import Origin
from tests.support.wire import request

HOST = b"Host: wire.test\r\n"


def line(start: bytes) -> bytes:
    """A whole head with this request line, and a second request behind it."""
    return start + b"\r\n" + HOST + b"\r\n" + SMUGGLED


REQUEST_LINES = {
    "two-spaces-first": b"GET  / HTTP/1.1",
    "two-spaces-second": b"GET /  HTTP/1.1",
    "tab-first": b"GET\t/ HTTP/1.1",
    "tab-second": b"GET /\tHTTP/1.1",
    "vertical-tab": b"GET\x0b/ HTTP/1.1",
    "form-feed": b"GET /\x0cHTTP/1.1",
    "nbsp": b"GET\xa0/ HTTP/1.1",
    "leading-space": b" GET / HTTP/1.1",
    "leading-tab": b"\tGET / HTTP/1.1",
    "leading-nul": b"\x00GET / HTTP/1.1",
    "trailing-space": b"GET / HTTP/1.1 ",
    "trailing-tab": b"GET / HTTP/1.1\t",
    "trailing-word": b"GET / HTTP/1.1 x",
    "no-target": b"GET HTTP/1.1",
    "no-target-two-spaces": b"GET  HTTP/1.1",
    "no-version": b"GET /",
    "no-version-with-space": b"GET / ",
    "only-a-method": b"GET",
    "only-a-version": b"HTTP/1.1",
    "method-with-colon": b"GET: / HTTP/1.1",
    "method-with-slash": b"GE/T / HTTP/1.1",
    "method-with-nul": b"GE\x00T / HTTP/1.1",
    "method-with-comma": b"GET,POST / HTTP/1.1",
    "method-with-latin-1": b"G\xcbT / HTTP/1.1",
    "method-quoted": b'"GET" / HTTP/1.1',
    "method-bracketed": b"G(E)T / HTTP/1.1",
    "space-in-target": b"GET /a b HTTP/1.1",
    "request-in-target": b"GET / HTTP/1.1 HTTP/1.1",
    "nul-in-target": b"GET /a\x00b HTTP/1.1",
    "control-in-target": b"GET /a\x01b HTTP/1.1",
    "escape-in-target": b"GET /a\x1bb HTTP/1.1",
    "delete-in-target": b"GET /a\x7fb HTTP/1.1",
    "vertical-tab-in-target": b"GET /a\x0bb HTTP/1.1",
    "tab-in-target": b"GET /a\tb HTTP/1.1",
    "cr-in-target": b"GET /a\rb HTTP/1.1",
    "lf-in-target": b"GET /a\nb HTTP/1.1",
    "relative-target": b"GET a/b HTTP/1.1",
    "query-only-target": b"GET ?a=1 HTTP/1.1",
    "dots-target": b"GET ../x HTTP/1.1",
    "backslash-target": b"GET \\x HTTP/1.1",
    "asterisk-with-get": b"GET * HTTP/1.1",
    "authority-with-get": b"GET evil.test:80 HTTP/1.1",
    "absolute-without-host": b"GET http:///x HTTP/1.1",
    "absolute-with-userinfo": b"GET http://user:pw@wire.test/ HTTP/1.1",
    "absolute-with-bad-host": b"GET http://wi,re/ HTTP/1.1",
    "absolute-of-other-scheme": b"GET file:///etc/passwd HTTP/1.1",
    "absolute-gopher": b"GET gopher://wire.test/x HTTP/1.1",
    "absolute-one-slash": b"GET http:/x HTTP/1.1",
    "absolute-backslashes": b"GET http:\\\\evil.test/ HTTP/1.1",
    "empty-line-in-front-of-space": b"\r\n GET / HTTP/1.1",
}

VERSIONS = {
    "0.9": b"HTTP/0.9",
    "2.0": b"HTTP/2.0",
    "2": b"HTTP/2",
    "3.0": b"HTTP/3.0",
    "1": b"HTTP/1",
    "1-dot": b"HTTP/1.",
    "dot-1": b"HTTP/.1",
    "1.10": b"HTTP/1.10",
    "01.1": b"HTTP/01.1",
    "1.01": b"HTTP/1.01",
    "11.1": b"HTTP/11.1",
    "1.1.1": b"HTTP/1.1.1",
    "1,1": b"HTTP/1,1",
    "1.1a": b"HTTP/1.1a",
    "+1.1": b"HTTP/+1.1",
    "-1.1": b"HTTP/-1.1",
    "1.-1": b"HTTP/1.-1",
    "lower-case": b"http/1.1",
    "mixed-case": b"Http/1.1",
    "space": b"HTTP /1.1",
    "space-after-slash": b"HTTP/ 1.1",
    "https": b"HTTPS/1.1",
    "rtsp": b"RTSP/1.0",
    "icecast": b"ICE/1.0",
    "sip": b"SIP/2.0",
    "backslash": b"HTTP\\1.1",
    "nul": b"HTTP/1.1\x00",
    "wide-digit": "HTTP/\uff11.1".encode(),
}

WHOLE = {
    "lf-only": b"GET / HTTP/1.1\nHost: wire.test\n\n",
    "lf-after-request-line": b"GET / HTTP/1.1\nHost: wire.test\r\n\r\n",
    "lf-at-the-end": b"GET / HTTP/1.1\r\nHost: wire.test\r\n\n",
    "crcrlf": b"GET / HTTP/1.1\r\r\nHost: wire.test\r\r\n\r\r\n",
    "lfcr": b"GET / HTTP/1.1\n\rHost: wire.test\n\r\n\r",
    "nothing-but-lf": b"\n\n\n\n",
    "space-before-first-field": b"GET / HTTP/1.1\r\n Host: wire.test\r\n\r\n",
    "tab-before-first-field": b"GET / HTTP/1.1\r\n\tX-A: 1\r\nHost: wire.test\r\n\r\n",
    "blank-before-first-field": b"GET / HTTP/1.1\r\n \r\nHost: wire.test\r\n\r\n",
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 32 + b"\r\n\r\n",
    "http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "binary": bytes(range(256)),
    "nul-bytes": b"\x00" * 64 + b"\r\n\r\n",
    "http-0.9": b"GET /\r\n",
    "version-of-an-unfinished-head": b"GET / HTTP/2.0\r\nHost: wire.test\r\n",
    "smtp-greeting": b"EHLO wire.test\r\n",
    "smtp": b"EHLO wire.test\r\nMAIL FROM:<a@b>\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "a-response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "proxy-protocol": b"PROXY TCP4 10.9.9.9 10.0.0.1 1 2\r\n" + request(),
    "connect": request(b"wire.test:443", method=b"CONNECT"),
    "connect-to-a-path": request(b"/x", method=b"CONNECT"),
    "connect-to-a-url": request(b"http://wire.test/", method=b"CONNECT"),
}


@pytest.mark.parametrize("start", REQUEST_LINES.values(), ids=REQUEST_LINES)
def test_malformed_request_lines_are_refused(origin: Origin, connect: Connect, start: bytes) -> None:
    assert_refused(connect, origin, line(start))


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
def test_absurd_versions_are_refused(origin: Origin, connect: Connect, version: bytes) -> None:
    assert_refused(connect, origin, line(b"GET / " + version), 400, 505)


@pytest.mark.parametrize("sent", WHOLE.values(), ids=WHOLE)
def test_what_is_no_http_request_is_refused(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_refused(connect, origin, sent, 400, 501, 505)


UNFINISHED = {
    "cr-only": b"GET / HTTP/1.1\rHost: wire.test\r\r",
    "half-a-method": b"GE",
    "an-empty-line": b"\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_what_never_becomes_a_request_is_dropped(origin: Origin, connect: Connect, sent: bytes) -> None:
    with connect() as wire:
        wire.send(sent)
        wire.half_close()
        rest = wire.stream.rest()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")
    assert_nothing_else(connect, origin, [])


CHOICE = {
    "minor-version-2": request().replace(b"HTTP/1.1", b"HTTP/1.2"),
    "minor-version-9": request().replace(b"HTTP/1.1", b"HTTP/1.9"),
    "lf-in-front": b"\n" + request(),
    "fragment": line(b"GET /a#b HTTP/1.1").removesuffix(SMUGGLED),
    "trace": line(b"TRACE / HTTP/1.1").removesuffix(SMUGGLED),
    "max-forwards": request(b"/", b"Max-Forwards: 0", method=b"TRACE"),
    "many-empty-lines-in-front": b"\r\n" * 50 + request(),
    "absolute-without-path": line(b"GET http://wire.test HTTP/1.1").removesuffix(SMUGGLED),
    "absolute-with-query-only": line(b"GET http://wire.test?a=1 HTTP/1.1").removesuffix(SMUGGLED),
}


@pytest.mark.parametrize("sent", CHOICE.values(), ids=CHOICE)
def test_odd_heads_have_at_most_one_reading(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_one_reading(connect, origin, sent, b"")


def test_a_refusal_drops_what_is_pipelined_behind_it(origin: Origin, connect: Connect) -> None:
    """What was asked before is answered; nothing after the first broken byte is believed."""
    with connect() as wire:
        wire.send(request(b"/good") + b"GET /bad HTTP/1.1\r\nBad Name: 1\r\n\r\n" + SMUGGLED)
        assert wire.response().body == b"GET /good "
        assert wire.response().status == 400
        assert wire.is_closed()
    assert [seen.target for seen in origin.seen] == [b"/good"]


def test_a_refusal_says_nothing_of_what_was_sent(origin: Origin, connect: Connect) -> None:
    """An error page that repeats the request is a gift to whoever wants to inject one."""
    answered = assert_refused(connect, origin, b"GET /<script> HTTP/1.1\r\nX<script>: 1\r\nHost: a\r\n\r\n")
    assert b"script" not in answered.body
