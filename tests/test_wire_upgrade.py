"""Upgrades on raw sockets: a tunnel begins with a 101 and not before, and loses no byte."""

import threading
from collections.abc import Iterator

import pytest

from tests.support.banyan import Banyan
from tests.support.dataplane import Connect, connector
from tests.support.hostile import SMUGGLED, assert_problem
from tests.support.origin import Exchange, Origin, answer, echo
from tests.support.wire import DEADLINE, request, response, wait_until


@pytest.fixture
def connect(tunnel_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    yield from connector(tunnel_proxy.address)


KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = [b"Connection: Upgrade", b"Upgrade: websocket", KEY, b"Sec-WebSocket-Version: 13"]
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\n\r\n"


def tunnels(exchange: Exchange) -> None:
    """Switch, say something at once, then echo raw bytes in upper case."""
    assert exchange.seen.get(b"upgrade") == b"websocket"
    exchange.send(SWITCH + b"welcome")
    while exchange.stream.buffer or exchange.stream.more():
        data, exchange.stream.buffer = exchange.stream.buffer, b""
        exchange.send(data.upper())
    exchange.close()


def test_bytes_right_behind_the_handshake_are_not_lost(origin: Origin, connect: Connect) -> None:
    origin.plays(tunnels)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE))
    head = wire.head()
    assert head.start[1] == b"101" and head.get(b"x-a") == b"1"
    assert (head.get(b"upgrade") or b"").lower() == b"websocket"
    assert (head.get(b"connection") or b"").lower() == b"upgrade"
    assert wire.stream.exactly(7) == b"welcome"
    wire.send(b"one\r\n\r\n\x00\xff")
    assert wire.stream.exactly(9) == b"ONE\r\n\r\n\x00\xff"


def test_bytes_sent_before_the_switch_reach_the_tunnel(origin: Origin, connect: Connect) -> None:
    origin.plays(tunnels)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE) + b"eager")
    assert wire.head().start[1] == b"101"
    assert sorted(wire.stream.exactly(12)) == sorted(b"welcomeEAGER")


@pytest.mark.parametrize("status", [b"426 Upgrade Required", b"200 OK", b"403 Forbidden"], ids=bytes.decode)
def test_no_tunnel_without_a_switch(origin: Origin, connect: Connect, status: bytes) -> None:
    """What follows a refused handshake is an ordinary request, not raw bytes to the origin's connection."""
    origin.plays(answer(response(status, body=b"no")), echo)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE))
    assert wire.response().body == b"no"
    wire.send(SMUGGLED)
    if wire.stream.more():
        assert wire.response().body == b"GET /smuggled "
        assert origin.seen[1].get(b"x-forwarded-for") == b"127.0.0.1"
    else:
        assert len(origin.seen) == 1


@pytest.mark.parametrize(
    "version", [b"Sec-WebSocket-Version: 1337", b"X-A: 1"], ids=["odd-version", "no-version"]
)
def test_a_switch_is_up_to_the_origin(origin: Origin, connect: Connect, version: bytes) -> None:
    """The proxy believes only a 101; whatever the request looked like, there is no tunnel before."""
    origin.plays(answer(response(b"426 Upgrade Required", b"Sec-WebSocket-Version: 13")), echo)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE[:3], version) + SMUGGLED)
    assert wire.response().status in (400, 426)
    if wire.stream.buffer or wire.stream.more():
        assert wire.response().body == b"GET /smuggled "
    assert [seen.target for seen in origin.seen] in ([b"/raw"], [b"/raw", b"/smuggled"], [])
    for seen in origin.seen:
        assert seen.get(b"x-forwarded-for") == b"127.0.0.1"


@pytest.mark.parametrize(
    "fields", [[b"Upgrade: h2c"], [b"Upgrade: websocket", b"Upgrade: h2c"]], ids=["other", "two"]
)
def test_a_switch_to_what_nobody_asked_for_is_no_answer(
    origin: Origin, connect: Connect, fields: list[bytes]
) -> None:
    """RFC 9110 §7.8: a server switches to a protocol that the client named, or not at all."""
    head = b"\r\n".join([b"HTTP/1.1 101 Switching Protocols", b"Connection: Upgrade", *fields])
    origin.plays(answer(head + b"\r\n\r\nPRI"))
    assert_problem(connect().ask(request(b"/raw", *UPGRADE)), "upstream-protocol")


def test_an_origin_that_is_down(connect: Connect, origin: Origin) -> None:
    def drops(exchange: Exchange) -> None:
        exchange.close()

    origin.plays(drops)
    answered = connect().ask(request(b"/raw", *UPGRADE))
    assert answered.status in (502, 504)
    assert_problem(answered, "upstream-unreachable" if answered.status == 502 else "outcome-unknown")


def test_an_origin_that_vanishes_is_noticed(origin: Origin, connect: Connect) -> None:
    def vanishes(exchange: Exchange) -> None:
        exchange.send(SWITCH)
        exchange.close()

    origin.plays(vanishes)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE))
    assert wire.head().start[1] == b"101"
    assert wire.is_closed()


@pytest.mark.parametrize("before", [False, True], ids=["after-the-switch", "before-the-switch"])
def test_a_client_that_says_no_more_still_hears(origin: Origin, connect: Connect, before: bool) -> None:
    """The end of what it sends passes through the tunnel, and so does what the origin says to that.

    How long it may wait is limited, so that a slow machine may take more than one attempt.
    """
    closed = threading.Event()

    def last_words(exchange: Exchange) -> None:
        assert closed.wait(DEADLINE)
        exchange.send(SWITCH)
        exchange.send(exchange.stream.rest().upper())
        exchange.close()

    def hears() -> bool:
        closed.clear()
        origin.plays(last_words)
        wire = connect()
        wire.send(request(b"/raw", *UPGRADE) + b"over")
        if not before:
            closed.set()
            assert wire.head().start[1] == b"101"
        wire.half_close()
        closed.set()
        return wire.stream.rest().endswith(b"OVER")

    wait_until(hears)


def test_an_origin_that_wants_websocket_says_so(origin: Origin, connect: Connect) -> None:
    """RFC 9110 §15.5.22: a 426 names the protocol, and here it is one that the proxy can switch to."""
    named = [b"Upgrade: websocket", b"Connection: Upgrade", b"X-A: 1"]
    origin.plays(answer(response(b"426 Upgrade Required", *named, body=b"no")), echo)
    wire = connect()
    answered = wire.ask(request(b"/raw"))
    assert (answered.status, answered.body, answered.get(b"x-a")) == (426, b"no", b"1")
    assert (answered.get(b"upgrade"), answered.get(b"connection")) == (b"websocket", b"Upgrade")
    assert wire.ask(request(b"/next")).body == b"GET /next "


def test_traffic_in_one_direction_keeps_a_tunnel(origin: Origin, connect: Connect) -> None:
    stop = threading.Event()

    def ticks(exchange: Exchange) -> None:
        exchange.send(SWITCH)
        for _ in range(12):
            exchange.send(b"tick")
            stop.wait(0.3)
        exchange.close()

    origin.plays(ticks)
    wire = connect()
    wire.send(request(b"/raw", *UPGRADE))
    assert wire.head().start[1] == b"101"
    assert wire.stream.rest() == b"tick" * 12
