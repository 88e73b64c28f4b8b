"""Backends that are down, slow or gone: what the client is told, and what is never sent twice."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.banyan import Banyan
from tests.support.dataplane import Connect, connector
from tests.support.hostile import assert_problem
from tests.support.origin import Exchange, Origin, Script, drop, echo
from tests.support.wire import DEADLINE, Wire, payment, request


@pytest.fixture
def connect(faulty_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    yield from connector(faulty_proxy.address)


@pytest.fixture
def wire(connect: Connect) -> Wire:
    return connect()


def stay_silent(exchange: Exchange) -> None:
    """Take the request and never answer."""
    exchange.body()
    assert exchange.is_gone()
    exchange.close()


# -- no connection


@pytest.mark.parametrize("name", [b"down", b"deaf"], ids=["refused", "no-answer"])
@pytest.mark.parametrize("method", [b"GET", b"POST", b"DELETE"], ids=bytes.decode)
def test_a_backend_that_cannot_be_reached(wire: Wire, name: bytes, method: bytes) -> None:
    """Nothing was sent, so the client may be told so whatever the method."""
    answered = wire.ask(request(b"/" + name + b"/x", method=method, body=b"x" if method == b"POST" else b""))
    assert answered.status == 502
    assert_problem(answered, "upstream-unreachable")
    again = wire.ask(request(b"/" + name + b"/x"))
    assert again.status == 502


def test_a_head_request_is_told_without_a_body(wire: Wire) -> None:
    answered = wire.ask(request(b"/down/x", method=b"HEAD"))
    assert (answered.status, answered.body) == (502, b"")
    assert wire.ask(request(b"/steady/next")).body == b"GET /steady/next "


def test_an_upload_to_a_backend_that_is_down(origin: Origin, connect: Connect) -> None:
    """The answer survives the upload that goes on behind it."""
    wire = connect()
    wire.send(request(b"/down/x", b"Content-Length: 5000000", method=b"POST") + b"x" * 5_000_000)
    assert wire.response().status == 502


def test_the_other_endpoint_serves_when_one_is_down(origin: Origin, wire: Wire) -> None:
    for number in range(6):
        target = b"/half-down/%d" % number
        assert wire.ask(request(target)).body == b"GET " + target + b" "
        assert wire.ask(payment(target)).body == b"POST " + target + b" pay 100"


# -- no answer


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"], ids=bytes.decode)
def test_a_safe_request_without_an_answer_in_time(origin: Origin, wire: Wire, method: bytes) -> None:
    origin.plays(stay_silent, echo)
    answered = wire.ask(request(b"/slow/x", method=method))
    assert answered.status == 504
    if method != b"HEAD":
        assert_problem(answered, "upstream-timeout")
    assert wire.ask(request(b"/steady/next")).body == b"GET /steady/next "


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"BREW"], ids=bytes.decode)
@pytest.mark.parametrize("fault", [stay_silent, drop], ids=["timeout", "closed"])
def test_a_write_without_an_answer_has_an_unknown_outcome(
    origin: Origin, wire: Wire, method: bytes, fault: Script
) -> None:
    """It may have been executed: it is never sent again, and the client is told exactly that."""
    origin.plays(fault, echo)
    answered = wire.ask(request(b"/slow/x", method=method, body=b"pay 100"))
    assert answered.status == 504
    assert_problem(answered, "outcome-unknown")
    assert [bytes(seen.body) for seen in origin.complete()] == [b"pay 100"]
    assert wire.ask(request(b"/steady/next")).body == b"GET /steady/next "


def announce_and_drop(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    drop(exchange)


@pytest.mark.parametrize(
    ("method", "status", "slug"),
    [(b"GET", 502, "upstream-unreachable"), (b"POST", 504, "outcome-unknown")],
    ids=["safe", "write"],
)
def test_an_interim_response_is_no_answer(
    origin: Origin, wire: Wire, method: bytes, status: int, slug: str
) -> None:
    """A backend that goes ahead and dies has said nothing that was not HTTP, and nothing of what it did."""
    origin.plays(announce_and_drop, echo)
    answered = wire.ask(request(b"/once/x", b"Expect: 100-continue", method=method, body=b"pay 100"))
    assert [head.start[1] for head in answered.interim] == [b"100", b"102"]
    assert answered.status == status
    assert_problem(answered, slug)
    assert [bytes(seen.body) for seen in origin.complete()] == [b"pay 100"]
    assert wire.ask(request(b"/steady/next")).body == b"GET /steady/next "


def test_a_slow_upload_does_not_count_as_a_slow_answer(origin: Origin, wire: Wire) -> None:
    """The response timeout runs once the request is complete."""
    wire.send(request(b"/patient/up", b"Content-Length: 6", method=b"POST"))
    for byte in b"gently":
        time.sleep(0.4)
        wire.send(bytes([byte]))
    assert wire.response().body == b"POST /patient/up gently"


def test_an_answer_that_stalls_is_cut(origin: Origin, wire: Wire) -> None:
    def stalls(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        assert exchange.is_gone()
        exchange.close()

    origin.plays(stalls)
    answered = wire.ask(request(b"/stalling/x"))
    assert (answered.status, answered.complete) == (200, False)
    assert wire.is_closed()


# -- connections that grew stale


def test_a_stale_connection_is_not_noticed_by_a_safe_request(origin: Origin, wire: Wire) -> None:
    """The origin closed the idle connection just as the next request was under way."""
    origin.plays(echo, drop, echo)
    assert wire.ask(request(b"/steady/1")).status == 200
    assert wire.ask(request(b"/steady/2")).body == b"GET /steady/2 "
    targets = [seen.target for seen in origin.seen]
    assert targets == [b"/steady/1", b"/steady/2", b"/steady/2"]


def test_a_write_on_a_stale_connection_is_not_repeated(origin: Origin, wire: Wire) -> None:
    origin.plays(echo, drop, echo)
    assert wire.ask(request(b"/steady/1")).status == 200
    answered = wire.ask(payment(b"/steady/2"))
    if answered.status != 200:  # it was sent on the connection that the origin then closed
        assert_problem(answered, "outcome-unknown")
    assert len([seen for seen in origin.seen if seen.method == b"POST"]) == 1


def test_a_write_does_not_fall_for_a_connection_closed_while_idle(origin: Origin, wire: Wire) -> None:
    """The close has arrived before the write is sent: then another connection is taken."""

    closed = threading.Event()

    def closes_after(exchange: Exchange) -> None:
        echo(exchange)
        exchange.close()
        closed.set()

    for number in range(5):
        closed.clear()
        origin.plays(closes_after, echo)
        assert wire.ask(request(b"/steady/%d" % number)).status == 200
        assert closed.wait(DEADLINE)
        assert wire.ask(payment(b"/steady/w")).body == b"POST /steady/w pay 100"
    assert len([seen for seen in origin.seen if seen.method == b"POST"]) == 5
