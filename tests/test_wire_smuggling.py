"""Request smuggling through the fields that frame a message: Content-Length and Transfer-Encoding."""

import pytest

from tests.support.dataplane import Connect
from tests.support.hostile import SMUGGLED, assert_forwarded, assert_one_reading, assert_refused
from tests.support.origin import Origin
from tests.support.wire import request

LENGTH = b"%d" % len(SMUGGLED)
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)
CHUNKED = b"Transfer-Encoding: chunked"


def post(*lines: bytes, body: bytes = b"hello" + SMUGGLED, version: bytes = b"HTTP/1.1") -> bytes:
    """A POST whose lines are given as they are, framing included."""
    return b"\r\n".join([b"POST /outer " + version, b"Host: wire.test", *lines]) + b"\r\n\r\n" + body


# RFC 9112 §6.3: whoever receives both "ought to handle it as an error".
BOTH = {
    "cl-te": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "te-cl": post(CHUNKED, b"Content-Length: 4", body=b"2d\r\n" + SMUGGLED + b"\r\n0\r\n\r\n"),
    "cl-whole-te-short": post(b"Content-Length: 50", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "cl-zero-te": post(b"Content-Length: 0", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "te-first-with-close": post(CHUNKED, b"Content-Length: 6", b"Connection: close", body=CHUNKS),
    "cl-te-on-get": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + SMUGGLED).replace(
        b"POST", b"GET"
    ),
    "cl-and-unknown-te": post(b"Content-Length: 5", b"Transfer-Encoding: xchunked"),
    "cl-and-identity": post(b"Content-Length: 5", b"Transfer-Encoding: identity"),
    "cl-and-empty-te": post(b"Content-Length: 5", b"Transfer-Encoding:"),
    "cl-te-nominated-te": post(b"Content-Length: 5", CHUNKED, b"Connection: Transfer-Encoding"),
    "cl-te-nominated-cl": post(b"Content-Length: 5", CHUNKED, b"Connection: Content-Length"),
}

# RFC 9112 §6.2, RFC 9110 §8.6: 1*DIGIT, once.
LENGTHS = {
    "plus": b"+5",
    "minus": b"-5",
    "minus-zero": b"-0",
    "hex": b"0x5",
    "octal-prefix": b"0o5",
    "underscore": b"5_0",
    "inner-space": b"5 0",
    "inner-tab": b"5\t0",
    "fraction": b"5.0",
    "exponent": b"5e0",
    "letter": b"5a",
    "letters": b"five",
    "parameter": b"5;a=b",
    "quoted": b'"5"',
    "empty": b"",
    "list-different": b"5, 6",
    "list-trailing-comma": b"5,",
    "list-leading-comma": b",5",
    "beyond-64-bit": b"18446744073709551621",
    "beyond-63-bit": b"9223372036854775813",
    "thirty-digits": b"5" * 30,
    "huge-zero-padding": b"0" * 400 + b"5",
    "nul-after": b"5\x00",
    "vertical-tab-before": b"\x0b5",
    "vertical-tab-after": b"5\x0b",
    "form-feed-after": b"5\x0c",
    "nbsp-after": b"5\xa0",
    "superscript-two": b"\xb2",
    "arabic-digit": "\u0665".encode(),
    "fullwidth-digit": "\uff15".encode(),
}

LENGTH_LINES = {
    "different": [b"Content-Length: 5", b"Content-Length: 6"],
    "different-reversed": [b"Content-Length: 6", b"Content-Length: 5"],
    "different-in-case": [b"Content-Length: 5", b"content-length: 6"],
    "zero-and-five": [b"Content-Length: 0", b"Content-Length: 5"],
    "valid-and-garbage": [b"Content-Length: 5", b"Content-Length: x"],
    "valid-and-empty": [b"Content-Length: 5", b"Content-Length:"],
    "space-before-colon": [b"Content-Length : 5"],
    "tab-before-colon": [b"Content-Length\t: 5"],
    "second-with-space-before-colon": [b"Content-Length: 0", b"Content-Length : 5"],
    "folded": [b"Content-Length:", b" 5"],
    "hidden-by-fold": [b"X-A: 1", b" Content-Length: 5"],
    "hidden-by-tab-fold": [b"X-A: 1", b"\tContent-Length: 5"],
    "hidden-by-bare-lf": [b"X-A: 1\nContent-Length: 5"],
    "hidden-by-bare-cr": [b"X-A: 1\rContent-Length: 5"],
    "name-with-nul": [b"Content-Length\x00: 5"],
    "name-with-nbsp": [b"Content-Length\xa0: 5"],
    "no-colon": [b"Content-Length 5"],
}

# RFC 9112 §6.1: only `chunked`, once, last. Anything else is refused: another reader might accept it.
ENCODINGS = {
    "xchunked": b"xchunked",
    "chunkedx": b"chunkedx",
    "chunk": b"chunk",
    "identity": b"identity",
    "identity-chunked": b"identity, chunked",
    "chunked-identity": b"chunked, identity",
    "chunked-gzip": b"chunked, gzip",
    "gzip": b"gzip",
    "gzip-chunked": b"gzip, chunked",
    "twice": b"chunked, chunked",
    "twice-tight": b"chunked,chunked",
    "cow": b"cow",
    "two-words": b"x chunked",
    "two-words-reversed": b"chunked x",
    "quoted": b'"chunked"',
    "single-quoted": b"'chunked'",
    "parameter": b"chunked;q=1",
    "bare-parameter": b"chunked;",
    "leading-comma": b",chunked",
    "trailing-comma": b"chunked,",
    "empty": b"",
    "vertical-tab-before": b"\x0bchunked",
    "vertical-tab-after": b"chunked\x0b",
    "form-feed-before": b"\x0cchunked",
    "form-feed-after": b"chunked\x0c",
    "nul-before": b"\x00chunked",
    "nul-after": b"chunked\x00",
    "nbsp-before": b"\xa0chunked",
    "nel-after": b"chunked\x85",
    "byte-ff": b"\xffchunked",
    "kelvin-sign": "chun\u212aed".encode(),
    "dotless": b"chunke\xf0",
    "bracketed": b"[chunked]",
    "colon": b": chunked",
}

ENCODING_LINES = {
    "twice": [CHUNKED, CHUNKED],
    "chunked-then-identity": [CHUNKED, b"Transfer-Encoding: identity"],
    "identity-then-chunked": [b"Transfer-Encoding: identity", CHUNKED],
    "chunked-then-garbage": [CHUNKED, b"Transfer-Encoding: x"],
    "garbage-then-chunked": [b"Transfer-Encoding: x", CHUNKED],
    "chunked-then-empty": [CHUNKED, b"Transfer-Encoding:"],
    "other-case-second": [CHUNKED, b"transfer-encoding: x"],
    "space-before-colon": [b"Transfer-Encoding : chunked"],
    "tab-before-colon": [b"Transfer-Encoding\t: chunked"],
    "vertical-tab-before-colon": [b"Transfer-Encoding\x0b: chunked"],
    "nul-before-colon": [b"Transfer-Encoding\x00: chunked"],
    "space-in-name": [b"Transfer Encoding: chunked"],
    "folded": [b"Transfer-Encoding:", b" chunked"],
    "folded-with-tab": [b"Transfer-Encoding:", b"\tchunked"],
    "folded-inside": [b"Transfer-Encoding: chun", b" ked"],
    "folded-after": [CHUNKED, b" , identity"],
    "hidden-by-fold": [b"X-A: 1", b" Transfer-Encoding: chunked"],
    "hidden-by-bare-lf": [b"X-A: 1\nTransfer-Encoding: chunked"],
    "hidden-by-bare-cr": [b"X-A: 1\rTransfer-Encoding: chunked"],
    "ended-by-bare-cr": [b"Transfer-Encoding: chunked\rX-A: 1"],
    "name-with-long-s": ["Tran\u017ffer-Encoding: chunked".encode()],
    "quoted-name": [b'"Transfer-Encoding": chunked'],
}

REFUSED = (
    BOTH
    | {f"length-{name}": post(b"Content-Length: " + value) for name, value in LENGTHS.items()}
    | {f"length-line-{name}": post(*lines) for name, lines in LENGTH_LINES.items()}
    | {f"te-{name}": post(b"Transfer-Encoding: " + value, body=CHUNKS) for name, value in ENCODINGS.items()}
    | {f"te-line-{name}": post(*lines, body=CHUNKS) for name, lines in ENCODING_LINES.items()}
    | {f"cl-{name}": post(b"Content-Length: 5", *lines) for name, lines in ENCODING_LINES.items()}
    | {"te-in-http-1.0": post(CHUNKED, body=CHUNKS, version=b"HTTP/1.0")}
    | {
        "te-in-http-1.0-keep-alive": post(
            CHUNKED, b"Connection: keep-alive", body=CHUNKS, version=b"HTTP/1.0"
        )
    }
)


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_ambiguous_framing_is_refused(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_refused(connect, origin, sent, 400, 501)


# Valid, though some parser somewhere trips over it: the one right reading, and nothing behind it.
ONE_RIGHT_READING = {
    "length-spaces-around": post(b"Content-Length:   " + LENGTH + b"  ", body=SMUGGLED),
    "length-tabs-around": post(b"Content-Length:\t" + LENGTH + b"\t", body=SMUGGLED),
    "length-no-space": post(b"Content-Length:" + LENGTH, body=SMUGGLED),
    "length-lower-case": post(b"content-length: " + LENGTH, body=SMUGGLED),
    "length-on-get": post(b"Content-Length: " + LENGTH, body=SMUGGLED).replace(b"POST", b"GET", 1),
    "length-on-head": post(b"Content-Length: " + LENGTH, body=SMUGGLED).replace(b"POST", b"HEAD", 1),
    "length-on-options": post(b"Content-Length: " + LENGTH, body=SMUGGLED).replace(b"POST", b"OPTIONS", 1),
    "length-underscore-twin": post(b"Content-Length: " + LENGTH, b"Content_Length: 0", body=SMUGGLED),
    "te-upper-case": post(b"TRANSFER-ENCODING: CHUNKED", body=CHUNKS),
    "te-mixed-case": post(b"Transfer-Encoding: ChUnKeD", body=CHUNKS),
    "te-tab-before-value": post(b"Transfer-Encoding:\tchunked", body=CHUNKS),
    "te-spaces-around": post(b"Transfer-Encoding:  chunked \t", body=CHUNKS),
    "te-on-get": post(CHUNKED, body=CHUNKS).replace(b"POST", b"GET", 1),
    "te-underscore-twin": post(b"Content-Length: " + LENGTH, b"Transfer_Encoding: chunked", body=SMUGGLED),
    "te-look-alike-names": post(b"Content-Length: " + LENGTH, b"X-Transfer-Encoding: chunked", body=SMUGGLED),
    "te-in-a-value": post(b"Content-Length: " + LENGTH, b"X-A: Transfer-Encoding: chunked", body=SMUGGLED),
    "length-in-http-1.0": post(b"Content-Length: " + LENGTH, body=SMUGGLED, version=b"HTTP/1.0"),
}


@pytest.mark.parametrize("sent", ONE_RIGHT_READING.values(), ids=ONE_RIGHT_READING)
def test_odd_but_valid_framing_has_one_reading(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_forwarded(connect, origin, sent, SMUGGLED)


# The standard allows to collapse or to refuse.
CHOICE = {
    "length-leading-zeros": post(b"Content-Length: 00" + LENGTH, body=SMUGGLED),
    "length-twice-the-same": post(b"Content-Length: " + LENGTH, b"Content-Length: " + LENGTH, body=SMUGGLED),
    "length-list-of-the-same": post(b"Content-Length: " + LENGTH + b", " + LENGTH, body=SMUGGLED),
    "expect-unknown": post(b"Expect: 200-ok", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-list": post(b"Expect: 100-continue, x", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-prefixed": post(b"Expect: y 100-continue", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-twice": post(b"Expect: 100-continue", b"Expect: x", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-empty": post(b"Expect:", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-upper-case": post(b"EXPECT: 100-CONTINUE", b"Content-Length: " + LENGTH, body=SMUGGLED),
    "expect-in-http-1.0": post(
        b"Expect: 100-continue", b"Content-Length: " + LENGTH, body=SMUGGLED, version=b"HTTP/1.0"
    ),
    "trace-with-body": post(b"Content-Length: " + LENGTH, body=SMUGGLED).replace(b"POST", b"TRACE", 1),
    "h2c-with-body": post(
        b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: " + LENGTH, body=SMUGGLED
    ),
    "websocket-with-body": post(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: " + LENGTH, body=SMUGGLED
    ),
}


@pytest.mark.parametrize("sent", CHOICE.values(), ids=CHOICE)
def test_what_may_be_refused_is_at_least_not_split(origin: Origin, connect: Connect, sent: bytes) -> None:
    assert_one_reading(connect, origin, sent, SMUGGLED)


def test_an_early_answer_leaves_no_body_behind(origin: Origin, connect: Connect) -> None:
    """The rest of an unread body must not be read as a request: neither here nor at the origin."""
    with connect() as wire:
        wire.send(request(b"/early", b"Content-Length: " + LENGTH, method=b"POST"))
        origin.wait_for(1)
        wire.send(SMUGGLED)
        assert wire.response().status == 200
        assert wire.ask(request(b"/next")).body == b"GET /next "
    assert [seen.target for seen in origin.seen] == [b"/early", b"/next"]
