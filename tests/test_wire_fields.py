"""Hostile header fields: names, values, line ends, and the Host that routes (RFC 9112 §5, §3.2)."""

import pytest

from tests.support.dataplane import Connect
from tests.support.hostile import SMUGGLED, assert_one_reading, assert_refused
from tests.support.origin import Origin
from tests.support.wire import request


def field(raw: bytes) -> bytes:
    """A head with these raw field bytes in its middle, and a second request behind it."""
    return (
        b"GET / HTTP/1.1\r\n"
        + b"Host: wire.test\r\n"
        + b"X-A: 1\r\n"
        + raw
        + b"\r\nX-Z: 9\r\n\r\n"
        + SMUGGLED
    )


FIELDS = {
    "space-before-colon": b"X-B : 1",
    "tab-before-colon": b"X-B\t: 1",
    "no-colon": b"X-B",
    "no-name": b": 1",
    "only-colon": b":",
    "space-in-name": b"X B: 1",
    "leading-space": b" X-B: 1",
    "leading-tab": b"\tX-B: 1",
    "only-space": b" ",
    "only-tab": b"\t",
    "folded-empty": b"X-B: 1\r\n ",
    "name-with-nul": b"X\x00B: 1",
    "name-with-control": b"X\x01B: 1",
    "name-with-delete": b"X\x7fB: 1",
    "name-with-vertical-tab": b"\x0bX-B: 1",
    "name-in-latin-1": b"X-\xe9: 1",
    "name-in-utf-8": "X-\u20ac: 1".encode(),
    "name-with-parenthesis": b"X(B): 1",
    "name-with-slash": b"X/B: 1",
    "name-with-comma": b"X,B: 1",
    "name-with-quote": b'"X-B": 1',
    "name-with-semicolon": b"X;B: 1",
    "name-with-at": b"X@B: 1",
    "name-with-brace": b"X{B}: 1",
    "name-with-equals": b"X=B: 1",
    "value-with-nul": b"X-B: a\x00b",
    "value-with-bell": b"X-B: a\x07b",
    "value-with-escape": b"X-B: a\x1bb",
    "value-with-vertical-tab": b"X-B: a\x0bb",
    "value-with-delete": b"X-B: a\x7fb",
    "value-with-cr": b"X-B: a\rb",
    "value-with-cr-at-the-end": b"X-B: a\r",
    "value-with-lf": b"X-B: a\nb",
    "value-with-a-field-behind-lf": b"X-B: a\nX-C: b",
    "value-with-a-field-behind-cr": b"X-B: a\rX-C: b",
    "head-end-by-lf-lf": b"X-B: a\n\nGET /smuggled HTTP/1.1\r\nHost: a",
    "head-end-by-cr-cr": b"X-B: a\r\rGET /smuggled HTTP/1.1\r\nHost: a",
    "head-end-by-crlf-lf": b"X-B: a\r\n\nGET /smuggled HTTP/1.1\r\nHost: a",
    "head-end-by-lf-crlf": b"X-B: a\n\r\nGET /smuggled HTTP/1.1\r\nHost: a",
    "a-request-line-as-field": b"GET /smuggled HTTP/1.1",
    "a-status-line-as-field": b"HTTP/1.1 200 OK",
}

HOSTS = {
    "missing": b"X-A: 1",
    "twice": b"Host: wire.test\r\nHost: evil.test",
    "twice-the-same": b"Host: wire.test\r\nHost: wire.test",
    "twice-in-other-case": b"Host: wire.test\r\nhost: evil.test",
    "list": b"Host: wire.test, evil.test",
    "two-words": b"Host: wire.test evil.test",
    "userinfo": b"Host: user@wire.test",
    "path": b"Host: wire.test/evil",
    "query": b"Host: wire.test?x",
    "fragment": b"Host: wire.test#x",
    "scheme": b"Host: http://wire.test",
    "backslash": b"Host: wire\\test",
    "semicolon": b"Host: wire.test;x",
    "quote": b'Host: "wire.test"',
    "angle-brackets": b"Host: <script>",
    "control": b"Host: wi\x01re",
    "nul": b"Host: wire.test\x00.evil",
    "cr": b"Host: wire\r.test",
    "tab-inside": b"Host: wire\t.test",
    "latin-1": b"Host: wir\xe9.test",
    "port-of-letters": b"Host: wire.test:http",
    "two-ports": b"Host: wire.test:80:81",
    "port-with-sign": b"Host: wire.test:+80",
    "port-with-path": b"Host: wire.test:80/x",
    "open-bracket": b"Host: [::1",
    "bracket-then-name": b"Host: [::1]evil",
    "bracketed-name": b"Host: [wire.test]",
    "bare-ipv6": b"Host: ::1",
    "space-before-colon": b"Host : wire.test",
    "folded": b"Host:\r\n wire.test",
    "hidden-by-fold": b"X-A: 1\r\n Host: wire.test",
}

REFUSED = {f"field-{name}": field(raw) for name, raw in FIELDS.items()} | {
    f"host-{name}": b"GET / HTTP/1.1\r\n" + raw + b"\r\n\r\n" + SMUGGLED for name, raw in HOSTS.items()
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_malformed_fields_are_refused(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_refused(connect, origin, sent)


GOOD_HOSTS = [
    b"a",
    b"a-b.c_d",
    b"127.0.0.1:80",
    b"[::1]",
    b"[2001:db8::1]:8443",
    b"xn--bcher-kva.example",
    b"A.B:1",
]


@pytest.mark.parametrize("host", GOOD_HOSTS, ids=bytes.decode)
def test_valid_hosts_pass(origin: Origin, connect: Connect, host: bytes) -> None:
    assert connect().ask(request(host=host)).status == 200
    assert origin.seen[0].get(b"host") == host


ODD_HOSTS = [
    b"",
    b":80",
    b"wire.test:",
    b"wire.test:99999",
    b"wire.test.",
    b"a!$&'()*+=b",
    b"%77ire.test",
    b"[fe80::1%25eth0]",
]


@pytest.mark.parametrize("host", ODD_HOSTS, ids=bytes.decode)
def test_odd_hosts_have_at_most_one_reading(origin: Origin, connect: Connect, host: bytes) -> None:
    assert_one_reading(connect, origin, request(host=host), b"")
