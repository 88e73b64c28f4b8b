"""What is too much under small `server.limits`, and too slow under short `server.timeouts`."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.banyan import Banyan, Lane, running
from tests.support.dataplane import Connect, backend, connector
from tests.support.hostile import assert_nothing_else, assert_problem
from tests.support.origin import Exchange, Origin, echo
from tests.support.wire import DEADLINE, Wire, request, response, wait_until

LIMITS = {"url": "1KiB", "headers": "4KiB", "header_count": 20, "body": "16KiB", "connections": 20}
TIMEOUTS = {"header": "1s", "keep_alive": "1s", "body_idle": "2s", "drain": "2s"}


Start = Callable[[str, dict[str, Any]], contextlib.AbstractContextManager[Banyan]]


@pytest.fixture(scope="module")
def start(lane: Lane, main_origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Starts a proxy with settings of `server`."""

    def start(name: str, server: dict[str, Any]) -> contextlib.AbstractContextManager[Banyan]:
        config = {"server": server, "backends": {"legacy": backend(main_origin)}}
        return running(tmp_path_factory.mktemp(name), config, lane)

    return start


@pytest.fixture(scope="module")
def small_proxy(start: Start) -> Iterator[Banyan]:
    with start("limits", {"limits": LIMITS}) as banyan:
        yield banyan


@pytest.fixture(scope="module")
def hasty_proxy(start: Start) -> Iterator[Banyan]:
    """One of its own: nobody who goes to a limit is to be hurried."""
    with start("timeouts", {"timeouts": TIMEOUTS}) as banyan:
        yield banyan


@pytest.fixture
def connect(small_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    yield from connector(small_proxy.address)


@pytest.fixture
def wire(connect: Connect) -> Wire:
    return connect()


@pytest.fixture
def hurried(hasty_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    """Opens connections on which nobody is waited for."""
    yield from connector(hasty_proxy.address)


@pytest.fixture
def slow(hurried: Connect) -> Wire:
    return hurried()


def lines(count: int, size: int = 10) -> list[bytes]:
    return [b"X-%d: %s" % (number, b"x" * size) for number in range(count)]


CHUNKED_BODY = b"".join(b"400\r\n" + b"x" * 1024 + b"\r\n" for _ in range(17)) + b"0\r\n\r\n"

BEYOND = {
    "long-path": (414, "uri-too-long", request(b"/" + b"x" * 1024)),
    "long-query": (414, "uri-too-long", request(b"/?" + b"x" * 1024)),
    "very-long-target": (414, "uri-too-long", request(b"/" + b"x" * 500_000)),
    "endless-target": (414, "uri-too-long", b"GET /" + b"x" * 100_000),
    "long-absolute-target": (414, "uri-too-long", request(b"http://wire.test/" + b"x" * 1024)),
    "one-large-field": (431, "headers-too-large", request(b"/", b"X-A: " + b"x" * 4096)),
    "one-very-large-field": (431, "headers-too-large", request(b"/", b"X-A: " + b"x" * 500_000)),
    "endless-field": (431, "headers-too-large", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"x" * 100_000),
    "endless-name": (431, "headers-too-large", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * 100_000),
    "large-cookies": (431, "headers-too-large", request(b"/", *[b"Cookie: a=" + b"x" * 1000] * 5)),
    "too-many-fields": (431, "headers-too-large", request(b"/", *lines(20))),
    "very-many-fields": (431, "headers-too-large", request(b"/", *lines(10_000))),
    "counted-body": (413, "body-too-large", request(b"/", method=b"POST", body=b"x" * 16385)),
    "counted-body-not-sent": (
        413,
        "body-too-large",
        request(b"/", b"Content-Length: 99999", method=b"POST"),
    ),
    "chunked-body": (
        413,
        "body-too-large",
        request(b"/", b"Transfer-Encoding: chunked", method=b"POST") + CHUNKED_BODY,
    ),
    "one-huge-chunk": (
        413,
        "body-too-large",
        request(b"/", b"Transfer-Encoding: chunked", method=b"POST") + b"FFFFFFF\r\n" + b"x" * 20_000,
    ),
    "expecting-body": (
        413,
        "body-too-large",
        request(b"/", b"Content-Length: 99999", b"Expect: 100-continue", method=b"POST"),
    ),
}


@pytest.mark.parametrize(("status", "slug", "sent"), BEYOND.values(), ids=BEYOND)
def test_beyond_a_limit(origin: Origin, connect: Connect, status: int, slug: str, sent: bytes) -> None:
    """Refused, closed, and the answer survives although the client may still be sending (RFC 9112 §9.6)."""
    with connect() as wire:
        wire.send(sent)
        answered = wire.response()
        assert answered.status == status
        assert_problem(answered, slug)
        assert answered.get(b"connection") == b"close"
        assert wire.is_closed()
    assert_nothing_else(connect, origin, [])


WITHIN = {
    "target": request(b"/" + b"x" * 1023),
    "fields": request(b"/", *lines(16, 200)),
    "field-count": request(b"/", *lines(18)),
    "counted-body": request(b"/", method=b"POST", body=b"x" * 16384),
    "chunked-body": request(b"/", b"Transfer-Encoding: chunked", method=b"POST")
    + b"4000\r\n"
    + b"x" * 16384
    + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", WITHIN.values(), ids=WITHIN)
def test_up_to_a_limit(origin: Origin, wire: Wire, sent: bytes) -> None:
    assert wire.ask(sent).status == 200


def test_responses_are_not_limited(origin: Origin, wire: Wire) -> None:
    """The limits protect from clients; what the origin answers is its own affair."""

    def large(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(response(b"200 OK", *lines(100, 100), body=b"x" * 100_000))

    origin.plays(large)
    answered = wire.ask(request())
    assert len(answered.body) == 100_000 and len(answered.fields) == 101


def test_a_flood_of_empty_lines_is_refused(origin: Origin, wire: Wire) -> None:
    wire.send(b"\r\n" * 100_000 + request())
    rest = wire.stream.rest()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 4")
    assert origin.seen == []


SLOW_HEADS = {
    "nothing": b"",
    "half-a-request-line": b"GET / HT",
    "request-line": b"GET / HTTP/1.1\r\n",
    "no-end": b"GET / HTTP/1.1\r\nHost: wire.test\r\n",
    "only-empty-lines": b"\r\n\r\n",
}


@pytest.mark.parametrize("sent", SLOW_HEADS.values(), ids=SLOW_HEADS)
def test_a_head_that_does_not_come_is_not_waited_for(origin: Origin, slow: Wire, sent: bytes) -> None:
    slow.send(sent)
    rest = slow.stream.rest()
    assert rest == b"" or rest.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 "))
    assert origin.seen == []


def test_slowloris(origin: Origin, slow: Wire) -> None:
    """A byte now and then does not prolong the time for a head."""
    slow.socket.settimeout(0.2)
    slow.send(b"GET / HTTP/1.1\r\nHost: wire.test\r\n")
    for number in range(50):
        slow.send(b"X-%d: slow\r\n" % number)
        try:
            if not slow.socket.recv(1000):
                return
        except TimeoutError:
            continue
        except ConnectionError:
            return
    raise AssertionError("a head could be sent for ten seconds although one is allowed")


@pytest.mark.parametrize("part", [b"", b"hel"], ids=["no-byte", "some-bytes"])
def test_a_body_that_stops_coming_is_not_waited_for(origin: Origin, slow: Wire, part: bytes) -> None:
    slow.send(request(b"/", b"Content-Length: 10", method=b"POST") + part)
    rest = slow.stream.rest()
    assert rest == b"" or rest.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 "))
    assert origin.complete() == []


def test_a_slow_body_is_waited_for_as_long_as_it_moves(origin: Origin, slow: Wire) -> None:
    slow.send(request(b"/", b"Content-Length: 10", method=b"POST"))
    slow.socket.settimeout(0.25)
    for byte in b"patiently":
        slow.send(bytes([byte]))
        with pytest.raises(TimeoutError):
            slow.socket.recv(1)
    slow.socket.settimeout(DEADLINE)
    slow.send(b".")
    assert slow.response().body == b"POST / patiently."


def test_a_client_that_stops_reading_is_not_waited_for(origin: Origin, hurried: Connect) -> None:
    """It holds a connection to the origin as well."""
    freed = threading.Event()

    def sends(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (1 << 30))
        with contextlib.suppress(OSError):
            while True:
                exchange.socket.sendall(b"x" * 65536)
        freed.set()
        exchange.closed = True

    origin.plays(sends)
    hurried(buffer=4096).send(request())
    assert freed.wait(DEADLINE)


def test_an_idle_connection_is_closed_in_silence(origin: Origin, slow: Wire) -> None:
    """An error page nobody asked for could be read as the answer to the next request."""
    assert slow.ask(request()).status == 200
    assert slow.is_closed()


def test_who_was_turned_away_takes_no_place(
    lane: Lane, main_origin: Origin, origin: Origin, tmp_path: Path
) -> None:
    """However many came while it was full, and stay to read: a place that frees is taken."""
    released = threading.Event()

    def held(exchange: Exchange) -> None:
        exchange.body()
        assert released.wait(DEADLINE)
        exchange.send(response())

    origin.plays(*[held] * 3, echo)
    config = {"server": {"limits": {"connections": 3}}, "backends": {"legacy": backend(main_origin)}}
    with running(tmp_path, config, lane) as banyan, contextlib.ExitStack() as stack:

        def come() -> Wire:
            return stack.enter_context(Wire(banyan.address))

        def served() -> bool:
            wire = come()
            wire.send(request())
            return wire.stream.more() and wire.response().status == 200

        within = [come() for _ in range(3)]
        for wire in within:
            wire.send(request(b"/held"))
        origin.wait_for(3)
        assert not served()
        within[0].reset()
        wait_until(served)
        released.set()


def test_more_connections_than_allowed(origin: Origin, connect: Connect) -> None:
    """Those beyond the limit are told so or closed, those within go on, a place that frees is taken."""
    wires = [connect() for _ in range(30)]
    served = refused = 0
    for wire in wires:
        wire.send(request())
        if not wire.stream.more():
            refused += 1
            continue
        answered = wire.response()
        served += answered.status == 200
        refused += answered.status == 503
        if answered.status == 503:
            assert_problem(answered, "overloaded")
    assert served >= 15 and refused >= 5 and served + refused == 30
    for wire in wires:
        wire.socket.close()

    def is_served() -> bool:
        with connect() as wire:
            wire.send(request())
            return wire.stream.more() and wire.response().status == 200

    wait_until(is_served)
