"""Requests in a row on one connection: pipelining, half-closed clients, requests cut short (RFC 9112 §9)."""

import contextlib
import threading
import time
from collections.abc import Callable

import pytest

from proxy.forward.client_socket import HALF_CLOSED_GRACE
from tests.support.banyan import Banyan
from tests.support.dataplane import Connect
from tests.support.origin import Exchange, Origin, echo
from tests.support.processes import open_files
from tests.support.strict import Truncated
from tests.support.wire import DEADLINE, Wire, request, response, wait_until


def test_pipelined_requests_are_answered_in_order(origin: Origin, wire: Wire) -> None:
    wire.send(b"".join(request(b"/%d" % number) for number in range(30)))
    assert [wire.response().body for _ in range(30)] == [b"GET /%d " % number for number in range(30)]


def test_pipelined_requests_of_every_kind(origin: Origin, wire: Wire) -> None:
    chunked = request(b"/2", b"Transfer-Encoding: chunked", method=b"PUT") + b"2\r\nhi\r\n0\r\n\r\n"
    wire.send(request(b"/1", method=b"POST", body=b"one") + chunked + request(b"/3", method=b"HEAD"))
    wire.send(b"\r\n" + request(b"/4", b"Connection: close"))
    assert wire.response().body == b"POST /1 one"
    assert wire.response().body == b"PUT /2 hi"
    assert wire.response(b"HEAD").body == b""
    assert wire.response().body == b"GET /4 "
    assert wire.is_closed()


def test_nothing_after_connection_close_is_read(origin: Origin, wire: Wire) -> None:
    wire.send(request(b"/last", b"Connection: close") + request(b"/ignored"))
    assert wire.response().body == b"GET /last "
    assert wire.is_closed()
    assert [seen.target for seen in origin.seen] == [b"/last"]


def test_a_pipelined_request_waits_for_its_predecessor(origin: Origin, wire: Wire) -> None:
    """An unsafe request must not run before the one that it follows has been answered."""

    def alone(exchange: Exchange) -> None:
        exchange.body()
        assert len(origin.seen) == 1
        exchange.send(response(body=b"first"))

    origin.plays(alone, echo)
    wire.send(request(b"/1") + request(b"/2", method=b"POST", body=b"x"))
    assert [wire.response().body, wire.response().body] == [b"first", b"POST /2 x"]


Hears = Callable[[Wire], bool]


def who_says_no_more(connect: Connect, hears: Hears) -> None:
    """Hears its answers, and then the end. It is waited for no longer than the grace between two pieces of
    them, so that a slow machine may take more than one attempt: but only where that time went by."""

    def attempt() -> bool:
        began = time.monotonic()
        with contextlib.suppress(Truncated):
            wire = connect()
            assert hears(wire)
            return wire.is_closed()
        assert time.monotonic() - began >= HALF_CLOSED_GRACE, "it was not waited for"
        return False

    wait_until(attempt)


def test_a_half_closed_client_gets_its_answer(origin: Origin, connect: Connect) -> None:
    def hears(wire: Wire) -> bool:
        wire.send(request(b"/half", method=b"POST", body=b"all I have to say"))
        wire.half_close()
        return wire.response().body == b"POST /half all I have to say"

    who_says_no_more(connect, hears)


def test_a_half_closed_client_gets_all_pipelined_answers(origin: Origin, connect: Connect) -> None:
    def hears(wire: Wire) -> bool:
        wire.send(b"".join(request(b"/%d" % number) for number in range(5)))
        wire.half_close()
        return [wire.response().body for _ in range(5)] == [b"GET /%d " % number for number in range(5)]

    who_says_no_more(connect, hears)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        request(b"/", b"Content-Length: 9", method=b"POST") + b"cut",
        request(b"/", b"Transfer-Encoding: chunked", method=b"POST") + b"5\r\nhello\r\n",
        request(b"/", b"Transfer-Encoding: chunked", method=b"POST") + b"9\r\nhel",
    ],
    ids=["head", "counted", "between-chunks", "inside-a-chunk"],
)
def test_a_request_that_is_cut_short_never_looks_whole(origin: Origin, wire: Wire, sent: bytes) -> None:
    """RFC 9112 §8: the origin must not take it for complete, so its connection is cut as well."""
    wire.send(sent)
    wire.half_close()
    rest = wire.stream.rest()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 400 ")
    assert origin.complete() == []


def test_empty_lines_before_a_request_are_skipped(origin: Origin, wire: Wire) -> None:
    """RFC 9112 §2.2: some old clients send an extra CRLF after a POST."""
    assert wire.ask(b"\r\n\r\n" + request(b"/1")).body == b"GET /1 "
    assert wire.ask(b"\r\n" + request(b"/2")).body == b"GET /2 "


def test_a_half_closed_client_may_wait_a_little(origin: Origin, connect: Connect) -> None:
    """A client that has said all it has to say is not a client that has left."""
    closed, asked = threading.Event(), threading.Event()

    def answers_later(exchange: Exchange) -> None:
        exchange.body()
        asked.set()
        assert closed.wait(DEADLINE)
        time.sleep(0.2)  # so that the end of the client's side has certainly arrived
        exchange.send(response(body=b"later"))

    def hears(wire: Wire) -> bool:
        asked.clear()
        closed.clear()
        wire.send(request(b"/half"))
        assert asked.wait(DEADLINE)
        wire.half_close()
        closed.set()
        return wire.response().body == b"later"

    origin.plays(answers_later)
    who_says_no_more(connect, hears)


def test_many_connections_leave_nothing_behind(origin: Origin, main_proxy: Banyan, connect: Connect) -> None:
    """Requests, refusals, aborts: afterwards there are the descriptors of before, and a few in the pool."""
    (worker,) = main_proxy.workers()
    connect().ask(request())
    before = open_files(worker)
    for _ in range(5):
        wires = [connect() for _ in range(20)]
        for number, wire in enumerate(wires):
            wire.send(request() if number % 4 else b"garbage\r\n\r\n")
            if number % 3 == 0:
                wire.reset()
        for wire in wires:
            wire.socket.close()
    connect().ask(request())  # by now all those before it were accepted, and none reaches the next test
    wait_until(lambda: open_files(worker) <= before + 24)
