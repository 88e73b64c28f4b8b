"""Request smuggling through chunked bodies: sizes, extensions, line ends, trailers (RFC 9112 §7.1)."""

import pytest

from tests.support.dataplane import Connect
from tests.support.hostile import SMUGGLED, assert_forwarded, assert_one_reading, assert_refused
from tests.support.origin import Origin
from tests.support.wire import request

HEAD = request(b"/outer", b"Transfer-Encoding: chunked", method=b"POST")
END = b"0\r\n\r\n"

# A chunk of five bytes whose size is written in a way that some parser misreads.
SIZES = {
    "hex-prefix": b"0x5",
    "hex-prefix-upper": b"0X5",
    "plus": b"+5",
    "minus": b"-5",
    "minus-zero": b"-0",
    "underscore": b"0_5",
    "leading-space": b" 5",
    "leading-tab": b"\t5",
    "leading-nul": b"\x005",
    "trailing-nul": b"5\x00",
    "trailing-vertical-tab": b"5\x0b",
    "trailing-form-feed": b"5\x0c",
    "trailing-nbsp": b"5\xa0",
    "not-hex": b"G",
    "hex-then-letter": b"5h",
    "hex-then-word": b"5 x",
    "two-numbers": b"5 5",
    "comma": b"5,5",
    "dot": b"5.",
    "quoted": b'"5"',
    "empty": b"",
    "only-extension": b";a=b",
    "only-space": b" ",
    "wraps-at-64-bit": b"10000000000000005",
    "wraps-at-32-bit-twice": b"100000000000000000000005",
    "all-f": b"FFFFFFFFFFFFFFFF",
    "all-f-and-more": b"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    "fullwidth-digit": "\uff15".encode(),
    "arabic-digit": "\u0665".encode(),
}

# Line ends and lengths that two parsers read differently: every one hides SMUGGLED from one of them.
LINES = {
    "size-ended-by-lf": b"5\nhello\r\n" + END,
    "size-ended-by-cr": b"5\rhello\r\n" + END,
    "size-ended-by-two-crs": b"5\r\r\nhello\r\n" + END,
    "size-ended-by-crx": b"5\rXhello\r\n" + END,
    "data-ended-by-lf": b"5\r\nhello\n" + END,
    "data-ended-by-cr": b"5\r\nhello\r" + END,
    "data-ended-by-nothing": b"5\r\nhello" + END,
    "data-ended-by-two-bytes": b"5\r\nhelloXX" + END,
    "data-ended-by-lf-and-a-byte": b"5\r\nhello\nX" + END,
    "data-ended-by-cr-and-a-byte": b"5\r\nhello\rX" + END,
    "data-ended-by-two-crlfs": b"5\r\nhello\r\n\r\n" + END,
    "data-longer-than-size": b"5\r\nhello spilled\r\n" + END,
    "data-shorter-than-size": b"9\r\nhello\r\n" + END,
    "last-chunk-ended-by-lf": b"5\r\nhello\r\n0\n\r\n",
    "last-chunk-ended-by-lf-twice": b"5\r\nhello\r\n0\n\n",
    "trailers-ended-by-lf": b"5\r\nhello\r\n0\r\n\n",
    "trailers-ended-by-cr": b"5\r\nhello\r\n0\r\n\rX",
    "extension-ended-by-lf": b"5;\nhello\r\n" + END,
    "extension-with-lf": b"5;a\nb\r\nhello\r\n" + END,
    "extension-with-cr": b"5;a\rb\r\nhello\r\n" + END,
    "extension-with-nul": b"5;a=\x00\r\nhello\r\n" + END,
    "extension-with-escape-byte": b"5;a=\x1b\r\nhello\r\n" + END,
    "extension-with-delete-byte": b"5;a=\x7f\r\nhello\r\n" + END,
    "quoted-extension-with-lf": b'5;a="\n"\r\nhello\r\n' + END,
    "last-chunk-extension-with-lf": b"5\r\nhello\r\n0;\n\r\n\r\n",
    # An extension hides a whole body from whoever ends the line at LF, or shows one to whoever does not.
    "term-ext": b"1;\n" + b"x" * 5 + b"\r\n" + b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + END,
    "ext-term": b"0;\n\r\n\r\n" + SMUGGLED,
    "term-spill": b"5\r\nhello\n0\r\n\r\n" + SMUGGLED,
    "spill-term": b"5\r\nhelloX\n" + END,
    "one-two": b"5\r\nhello\n" + b"00\r\n\r\n" + SMUGGLED,
    "two-one": b"5\r\nhelloXX0\r\n\r\n" + SMUGGLED,
    "trailer-ended-by-lf": b"5\r\nhello\r\n0\r\nX-A: 1\n\r\n",
    "trailer-with-cr": b"5\r\nhello\r\n0\r\nX-A: 1\rX-B: 2\r\n\r\n",
    "trailer-with-nul": b"5\r\nhello\r\n0\r\nX-A: \x00\r\n\r\n",
    "trailer-folded": b"5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n",
    "trailer-starts-folded": b"5\r\nhello\r\n0\r\n X-A: 1\r\n\r\n",
    "trailer-space-before-colon": b"5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n",
    "trailer-without-colon": b"5\r\nhello\r\n0\r\nX-A\r\n\r\n",
    "trailer-without-name": b"5\r\nhello\r\n0\r\n: 1\r\n\r\n",
    "trailer-is-a-request": b"5\r\nhello\r\n0\r\n" + SMUGGLED,
}

REFUSED = {f"size-{name}": size + b"\r\nhello\r\n" + END for name, size in SIZES.items()} | LINES


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_malformed_chunks_are_refused(origin: Origin, connect: Connect, body: bytes) -> None:
    assert_refused(connect, origin, HEAD + body + SMUGGLED)


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_malformed_chunks_are_refused_in_any_pieces(origin: Origin, connect: Connect, body: bytes) -> None:
    """The same bytes, one by one: a verdict must not depend on how the network cuts them."""
    with connect() as wire:
        wire.send(HEAD)
        for byte in body + SMUGGLED:
            wire.send(bytes([byte]))
        assert wire.response().status == 400
        assert wire.is_closed()
    assert origin.complete() == []


N = b"%x" % len(SMUGGLED)
VALID = {
    "upper-case-size": b"%X\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n" + END,
    "leading-zeros": b"000" + N + b"\r\n" + SMUGGLED + b"\r\n" + END,
    "long-last-chunk": N + b"\r\n" + SMUGGLED + b"\r\n000\r\n\r\n",
    "extension": N + b";a=b\r\n" + SMUGGLED + b"\r\n" + END,
    "extensions": N + b';a;b=c;d="e f;g"\r\n' + SMUGGLED + b"\r\n" + b"0;z\r\n\r\n",
    "byte-by-byte-chunks": b"".join(b"1\r\n%c\r\n" % byte for byte in SMUGGLED) + END,
    "trailers": N + b"\r\n" + SMUGGLED + b"\r\n0\r\nX-A: 1\r\nx-b:\r\n\r\n",
    "data-with-chunk-syntax": b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED) + END,
}


@pytest.mark.parametrize("body", VALID.values(), ids=VALID)
def test_valid_chunks_are_decoded(origin: Origin, connect: Connect, body: bytes) -> None:
    assert_forwarded(connect, origin, HEAD + body, SMUGGLED)


CHOICE = {
    "space-after-size": N + b" \r\n" + SMUGGLED + b"\r\n" + END,
    "tab-after-size": N + b"\t\r\n" + SMUGGLED + b"\r\n" + END,
    "space-before-extension": N + b" ;a=b\r\n" + SMUGGLED + b"\r\n" + END,
    "bare-semicolon": N + b";\r\n" + SMUGGLED + b"\r\n" + END,
    "odd-extension": N + b";a==;;,b\r\n" + SMUGGLED + b"\r\n" + END,
    "many-leading-zeros": b"0" * 100 + N + b"\r\n" + SMUGGLED + b"\r\n" + END,
    "long-extension": N + b";" + b"a" * 4000 + b"\r\n" + SMUGGLED + b"\r\n" + END,
}


@pytest.mark.parametrize("body", CHOICE.values(), ids=CHOICE)
def test_odd_chunks_have_at_most_one_reading(origin: Origin, connect: Connect, body: bytes) -> None:
    assert_one_reading(connect, origin, HEAD + body, SMUGGLED)


FORBIDDEN_TRAILERS = [
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Host: evil.test",
    b"Connection: close",
    b"Authorization: Bearer x",
    b"Content-Type: text/html",
    b"X-Forwarded-For: 10.9.9.9",
    b"Cookie: a=1",
    b"Expect: 100-continue",
]


@pytest.mark.parametrize("trailer", FORBIDDEN_TRAILERS, ids=lambda line: line.split(b":")[0].decode())
def test_trailers_cannot_change_what_the_head_said(origin: Origin, connect: Connect, trailer: bytes) -> None:
    """RFC 9110 §6.5.1: framing, routing and authentication have no place in trailers."""
    body = N + b"\r\n" + SMUGGLED + b"\r\n0\r\n" + trailer + b"\r\n\r\n"
    with connect() as wire:
        assert wire.ask(HEAD + body).status in (200, 400)
        name = trailer.split(b":")[0].lower()
    for seen in origin.complete():
        assert bytes(seen.body) == SMUGGLED
        assert name not in {key.lower() for key, _ in seen.trailers}


def test_a_flood_of_trailers_is_refused(origin: Origin, connect: Connect) -> None:
    flood = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(2000))
    assert_refused(connect, origin, HEAD + b"5\r\nhello\r\n0\r\n" + flood + b"\r\n", 400, 413, 431)


def test_a_flood_of_extension_bytes_is_refused(origin: Origin, connect: Connect) -> None:
    assert_refused(connect, origin, HEAD + b"5;" + b"x" * 200_000 + b"\r\nhello\r\n" + END, 400, 413, 431)
