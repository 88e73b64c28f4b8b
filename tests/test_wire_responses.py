"""Hostile and broken origins: what is no clear response becomes a 502, what breaks off later is cut."""

import threading

import pytest

from tests.support.dataplane import Connect
from tests.support.hostile import assert_problem
from tests.support.origin import Exchange, Origin, answer, echo
from tests.support.wire import DEADLINE, Wire, request, response

POISON = response(b"200 OK", b"X-Poison: 1", body=b"poison")
CHUNKED = b"Transfer-Encoding: chunked"


def raw(*lines: bytes, body: bytes = b"hello" + POISON, start: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A response whose lines are given as they are."""
    return b"\r\n".join([start, *lines]) + b"\r\n\r\n" + body


# No reading of these is safe to pass on (RFC 9112 §6.3, §5, §4).
BROKEN = {
    "cl-te": raw(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + POISON),
    "te-cl": raw(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n" + POISON),
    "lengths-differ": raw(b"Content-Length: 5", b"Content-Length: 50"),
    "length-list-differs": raw(b"Content-Length: 5, 50"),
    "length-plus": raw(b"Content-Length: +5"),
    "length-minus": raw(b"Content-Length: -5"),
    "length-hex": raw(b"Content-Length: 0x5"),
    "length-word": raw(b"Content-Length: five"),
    "length-empty": raw(b"Content-Length:"),
    "length-overflow": raw(b"Content-Length: 18446744073709551621"),
    "length-inner-space": raw(b"Content-Length: 5 0"),
    "te-unknown": raw(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "te-chunked-not-last": raw(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "te-twice": raw(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "te-two-lines": raw(CHUNKED, b"Transfer-Encoding: x", body=b"0\r\n\r\n"),
    "te-vertical-tab": raw(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "nul-in-value": raw(b"X-A: a\x00b", b"Content-Length: 5"),
    "cr-in-value": raw(b"X-A: a\rX-B: b", b"Content-Length: 5"),
    "split-by-cr-cr": raw(b"X-A: a\r\rHTTP/1.1 200 OK", b"Content-Length: 5"),
    "control-in-value": raw(b"X-A: a\x01b", b"Content-Length: 5"),
    "no-colon": raw(b"X-A", b"Content-Length: 5"),
    "no-name": raw(b": x", b"Content-Length: 5"),
    "latin-1-name": raw(b"X-\xe9: x", b"Content-Length: 5"),
    "space-in-name": raw(b"X A: x", b"Content-Length: 5"),
    "space-before-first-field": raw(b" X-A: x", b"Content-Length: 5"),
    "version-2": raw(b"Content-Length: 5", start=b"HTTP/2.0 200 OK"),
    "version-2-short": raw(b"Content-Length: 5", start=b"HTTP/2 200 OK"),
    "version-lower-case": raw(b"Content-Length: 5", start=b"http/1.1 200 OK"),
    "version-garbage": raw(b"Content-Length: 5", start=b"HTTP/x.1 200 OK"),
    "icecast": raw(b"Content-Length: 5", start=b"ICY 200 OK"),
    "status-two-digits": raw(b"Content-Length: 5", start=b"HTTP/1.1 20 OK"),
    "status-four-digits": raw(b"Content-Length: 5", start=b"HTTP/1.1 2000 OK"),
    "status-word": raw(b"Content-Length: 5", start=b"HTTP/1.1 yes OK"),
    "status-negative": raw(b"Content-Length: 5", start=b"HTTP/1.1 -20 OK"),
    "status-zero": raw(b"Content-Length: 5", start=b"HTTP/1.1 000 OK"),
    "status-missing": raw(b"Content-Length: 5", start=b"HTTP/1.1"),
    "cr-in-reason": raw(b"Content-Length: 5", start=b"HTTP/1.1 200 O\rK"),
    "nul-in-reason": raw(b"Content-Length: 5", start=b"HTTP/1.1 200 O\x00K"),
    "garbage": b"\x00\xff\xfe garbage \r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "html-without-head": b"<html>hello</html>\r\n\r\n",
    "a-request": request(),
    "empty-lines": b"\r\n\r\n\r\n",
    "101-unasked": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw",
    "http-2-settings": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\r\n\r\n",
    "head-cut": b"HTTP/1.1 200 OK\r\nContent-Le",
    "status-line-cut": b"HTTP/1.",
    "interim-then-garbage": b"HTTP/1.1 103 Early Hints\r\n\r\ngarbage\r\n\r\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("target", [b"/x", b"/shadowed/x"], ids=["legacy", "shadow"])
def test_what_is_no_response_becomes_a_502(origin: Origin, wire: Wire, data: bytes, target: bytes) -> None:
    origin.plays(answer(data, close=True), echo)
    answered = wire.ask(request(target))
    assert answered.status == 502
    assert_problem(answered, "upstream-protocol")
    assert b"poison" not in answered.body
    # The client did nothing wrong: its connection goes on, and what it asks next has its own answer.
    assert wire.ask(request(b"/next")).body == b"GET /next "


def test_a_flood_of_fields_becomes_a_502(origin: Origin, wire: Wire) -> None:
    """The proxy gives up long before the origin does."""
    flood = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(1000))

    def floods(exchange: Exchange) -> None:
        exchange.socket.sendall(b"HTTP/1.1 200 OK\r\n")
        try:
            for _ in range(100):
                exchange.socket.sendall(flood)
        except OSError:
            exchange.reset()
        else:
            raise AssertionError("100 MB of header fields were read")

    origin.plays(floods, echo)
    answered = wire.ask(request())
    assert answered.status == 502
    assert_problem(answered, "upstream-protocol")


def test_a_status_line_without_end_becomes_a_502(origin: Origin, wire: Wire) -> None:
    origin.plays(answer(b"HTTP/1.1 200 " + b"O" * 2_000_000, close=True), echo)
    assert wire.ask(request()).status == 502
    assert wire.ask(request(b"/next")).body == b"GET /next "


def test_a_response_that_is_broken_at_once_is_answered_all_the_same(origin: Origin, wire: Wire) -> None:
    """A head and a bad chunk in one segment, of which nothing was passed on: no silence, no half."""
    origin.plays(answer(raw(CHUNKED, body=b"zz\r\n"), close=True))
    answered = wire.ask(request())
    assert_problem(answered, "upstream-protocol")


# Valid, if odd: passed on with the one meaning they have.
ODD = {
    "no-reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "no-reason-no-space": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, b"ok"),
    "length-with-spaces": (raw(b"Content-Length:  2 ", body=b"ok"), 200, b"ok"),
    "length-lower-case": (raw(b"content-length:2", body=b"ok"), 200, b"ok"),
    "chunked-upper-case": (raw(b"TRANSFER-ENCODING: CHUNKED", body=b"2\r\nok\r\n0\r\n\r\n"), 200, b"ok"),
    "chunk-extensions": (raw(CHUNKED, body=b"2;a=b\r\nok\r\n0;c\r\n\r\n"), 200, b"ok"),
    "chunk-leading-zeros": (raw(CHUNKED, body=b"0002\r\nok\r\n000\r\n\r\n"), 200, b"ok"),
    "empty-chunked": (raw(CHUNKED, body=b"0\r\n\r\n"), 200, b""),
}


@pytest.mark.parametrize(("data", "status", "body"), ODD.values(), ids=ODD)
def test_odd_but_valid_responses_pass(
    origin: Origin, wire: Wire, data: bytes, status: int, body: bytes
) -> None:
    origin.plays(answer(data), echo)
    answered = wire.ask(request())
    assert (answered.status, answered.body, answered.complete) == (status, body, True)
    assert wire.ask(request(b"/next")).body == b"GET /next "


# Lenient or strict, but never two messages.
CHOICE = {
    "length-twice-the-same": raw(b"Content-Length: 2", b"Content-Length: 2", body=b"ok"),
    "length-list-of-the-same": raw(b"Content-Length: 2, 2", body=b"ok"),
    "length-leading-zeros": raw(b"Content-Length: 002", body=b"ok"),
    "folded": raw(b"X-A: a", b" b", b"Content-Length: 2", body=b"ok"),
    "space-before-colon": raw(b"Content-Length : 2", body=b"ok"),
    "lf-only": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "te-in-http-1.0": raw(CHUNKED, body=b"2\r\nok\r\n0\r\n\r\n", start=b"HTTP/1.0 200 OK"),
    "te-identity": raw(b"Transfer-Encoding: identity", b"Content-Length: 2", body=b"ok"),
    "two-spaces-before-status": raw(b"Content-Length: 2", body=b"ok", start=b"HTTP/1.1  200 OK"),
    "empty-line-in-front": b"\r\n" + response(body=b"ok"),
    "version-1.2": raw(b"Content-Length: 2", body=b"ok", start=b"HTTP/1.2 200 OK"),
}


@pytest.mark.parametrize("data", CHOICE.values(), ids=CHOICE)
def test_dubious_responses_have_at_most_one_reading(origin: Origin, wire: Wire, data: bytes) -> None:
    origin.plays(answer(data, close=True), echo)
    answered = wire.ask(request())
    assert (answered.status, answered.body) == (200, b"ok") or answered.status == 502
    assert wire.ask(request(b"/next")).body == b"GET /next "


def cut(start: bytes, *lines: bytes, body: bytes) -> bytes:
    return raw(*lines, body=body, start=start)


OK = b"HTTP/1.1 200 OK"
TRUNCATED = {
    "counted": cut(OK, b"Content-Length: 50", body=b"hello"),
    "counted-no-body-yet": cut(OK, b"Content-Length: 50", body=b""),
    "between-chunks": cut(OK, CHUNKED, body=b"5\r\nhello\r\n"),
    "inside-a-chunk": cut(OK, CHUNKED, body=b"9\r\nhello"),
    "inside-a-size": cut(OK, CHUNKED, body=b"5\r\nhello\r\n5"),
    "before-the-last-line": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0\r\n"),
    "inside-trailers": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0\r\nX-A: "),
    "bad-size": cut(OK, CHUNKED, body=b"5\r\nhello\r\nZZ\r\n" + POISON),
    "bad-size-hex-prefix": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0x0\r\n\r\n"),
    "size-overflow": cut(OK, CHUNKED, body=b"5\r\nhello\r\n1FFFFFFFFFFFFFFFF0\r\nx" + POISON),
    "negative-size": cut(OK, CHUNKED, body=b"5\r\nhello\r\n-1\r\n" + POISON),
    "missing-crlf-after-data": cut(OK, CHUNKED, body=b"5\r\nhelloXX0\r\n\r\n"),
    "lf-after-size": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0\n\n"),
    "nul-in-trailers": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0\r\nX-A: \x00\r\n\r\n"),
    "bad-trailers": cut(OK, CHUNKED, body=b"5\r\nhello\r\n0\r\nno colon\r\n\r\n"),
}


@pytest.mark.parametrize("data", TRUNCATED.values(), ids=TRUNCATED)
@pytest.mark.parametrize("late", [False, True], ids=["at-once", "after-the-head-arrived"])
def test_a_truncated_response_cannot_be_mistaken_for_a_whole_one(
    origin: Origin, wire: Wire, data: bytes, late: bool
) -> None:
    """RFC 9112 §8: too few bytes, or no last chunk, and then the connection ends."""
    head, mark, body = data.partition(b"\r\n\r\n")
    arrived = threading.Event()

    def breaks_off(exchange: Exchange) -> None:
        if late:
            exchange.send(head + mark)
            assert arrived.wait(DEADLINE)
            exchange.send(body)
        else:
            exchange.send(data)
        exchange.close()

    origin.plays(breaks_off, echo)
    wire.send(request(b"/cut"))
    answered = wire.head()
    arrived.set()
    if answered.start[1] == b"502" and not late:
        assert_problem(wire.body_of(answered), "upstream-protocol")
        return
    whole = wire.body_of(answered)
    assert (whole.status, whole.complete) == (200, False)
    assert b"hello".startswith(whole.body[:5]) and b"poison" not in whole.body
    assert wire.is_closed()


def test_a_reset_in_the_middle_of_a_response_cuts_the_client(origin: Origin, wire: Wire) -> None:
    arrived = threading.Event()

    def resets(exchange: Exchange) -> None:
        exchange.send(raw(b"Content-Length: 50", body=b"hello"))
        assert arrived.wait(DEADLINE)
        exchange.reset()

    origin.plays(resets)
    wire.send(request())
    assert wire.head().start[1] == b"200"
    assert wire.stream.exactly(5) == b"hello"
    arrived.set()
    assert wire.is_closed()


def test_a_cut_response_to_an_http_1_0_client_is_not_ended_in_peace(origin: Origin, wire: Wire) -> None:
    """Where only the end of the connection ends the body, a clean end would say it was whole."""
    origin.plays(answer(cut(OK, CHUNKED, body=b"5\r\nhello\r\n"), close=True))
    wire.send(request().replace(b"HTTP/1.1", b"HTTP/1.0"))
    with pytest.raises(ConnectionResetError):
        while wire.socket.recv(1000):
            pass


SURPLUS = {
    "after-counted": (b"GET", response(body=b"first") + POISON),
    "after-empty": (b"GET", response() + POISON),
    "after-chunked": (b"GET", raw(CHUNKED, body=b"5\r\nfirst\r\n0\r\n\r\n" + POISON)),
    "after-head": (b"HEAD", response(body=b"first") + POISON),
    "after-204": (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n" + POISON),
    "after-304": (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" + POISON),
    "body-after-204": (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nfirst" + POISON),
    "half-a-response": (b"GET", response(body=b"first") + b"HTTP/1.1 200 OK\r\nX-Poison: "),
    "garbage": (b"GET", response(body=b"first") + b"poison"),
    "one-byte": (b"GET", response(body=b"first") + b"\n"),
    "an-interim-response": (b"GET", response(body=b"first") + b"HTTP/1.1 103 Hints\r\nX-Poison: 1\r\n\r\n"),
}


@pytest.mark.parametrize(("method", "data"), SURPLUS.values(), ids=SURPLUS)
def test_surplus_bytes_never_become_the_next_answer(
    origin: Origin, connect: Connect, method: bytes, data: bytes
) -> None:
    origin.plays(answer(data), echo)
    wire = connect()
    answered = wire.ask(request(b"/first", method=method))
    assert answered.body in (b"first", b"") and answered.all(b"x-poison") == []
    for client in (wire, connect(), connect()):
        assert client.ask(request(b"/next")).body == b"GET /next "


def test_bytes_that_arrive_while_idle_spoil_the_connection(origin: Origin, connect: Connect) -> None:
    """A response that nobody asked for is dropped with its connection."""
    dropped = threading.Event()

    def follows_up(exchange: Exchange) -> None:
        echo(exchange)
        exchange.send(POISON)
        if exchange.is_gone():
            dropped.set()
        exchange.close()

    origin.plays(follows_up, echo)
    assert connect().ask(request(b"/first")).body == b"GET /first "
    assert dropped.wait(DEADLINE)
    for _ in range(3):
        assert connect().ask(request(b"/next")).body == b"GET /next "
