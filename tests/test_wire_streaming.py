"""Bodies flow as they come, both ways at once, at flat memory; and whoever leaves is noticed."""

import hashlib
import threading
import time

import pytest

from tests.support.banyan import Banyan
from tests.support.dataplane import Connect
from tests.support.origin import Exchange, Origin, answer, echo
from tests.support.processes import rss
from tests.support.wire import DEADLINE, Wire, request, response

MIB = 1 << 20
ENDLESS = 512 * MIB
"""More than the kernel's buffers on the way can ever hold."""
CHUNKED = b"Transfer-Encoding: chunked"
BLOCK = hashlib.sha256(b"block").digest() * (MIB // 32)
PREFIXES = [b"", b"/modern", b"/shadowed", b"/canary"]

prefixes = pytest.mark.parametrize("prefix", PREFIXES, ids=["legacy", "modern", "shadow", "canary"])


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@prefixes
def test_server_sent_events_arrive_one_by_one(origin: Origin, wire: Wire, prefix: bytes) -> None:
    """Each event is seen by the client before the origin sends the next."""
    seen = [threading.Event() for _ in range(5)]

    def events(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n\r\n" % CHUNKED)
        for number, arrived in enumerate(seen):
            exchange.send(chunk(b"data: %d\n\n" % number))
            assert arrived.wait(DEADLINE)
        exchange.send(b"0\r\n\r\n")

    origin.plays(events)
    wire.send(request(prefix + b"/events", b"Accept: text/event-stream"))
    assert wire.head().start[1] == b"200"
    for number, arrived in enumerate(seen):
        assert b"data: %d\n\n" % number in wire.stream.until(b"\n\n\r\n")
        arrived.set()
    assert wire.stream.exactly(5) == b"0\r\n\r\n"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 10", b"Connection: close"], ids=["counted", "until-close"]
)
def test_a_long_poll_gets_each_byte_at_once(origin: Origin, wire: Wire, framing: bytes) -> None:
    arrived = threading.Event()

    def trickles(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\nfirst")
        assert arrived.wait(DEADLINE)
        exchange.send(b"later")
        exchange.close()

    origin.plays(trickles)
    wire.send(request())
    wire.head()
    assert b"first" in wire.stream.until(b"first")
    arrived.set()
    assert b"later" in wire.stream.until(b"later")


def test_a_head_arrives_before_its_body(origin: Origin, wire: Wire) -> None:
    arrived = threading.Event()

    def thinks(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        assert arrived.wait(DEADLINE)
        exchange.send(b"done")

    origin.plays(thinks)
    wire.send(request())
    head = wire.head()
    arrived.set()
    assert wire.body_of(head).body == b"done"


@prefixes
@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
def test_an_upload_arrives_as_it_is_sent(origin: Origin, wire: Wire, prefix: bytes, chunked: bool) -> None:
    """The origin sees each piece before the client sends the next."""
    pieces = [threading.Event() for _ in range(4)]

    def reads(exchange: Exchange) -> None:
        for piece in pieces:
            exchange.stream.until(b"piece")
            piece.set()
        exchange.stream.until(b"\r\n\r\n" if chunked else b"!")
        exchange.seen.complete = True
        exchange.send(response(body=b"thanks"))

    origin.plays(reads)
    framing = CHUNKED if chunked else b"Content-Length: 21"
    wire.send(request(prefix + b"/up", framing, method=b"POST"))
    for piece in pieces:
        wire.send(chunk(b"piece") if chunked else b"piece")
        assert piece.wait(DEADLINE)
    wire.send(b"0\r\n\r\n" if chunked else b"!")
    assert wire.response().body == b"thanks"


def test_both_directions_flow_at_once(origin: Origin, wire: Wire) -> None:
    """The origin answers each piece of the body while the body is still being sent."""

    def converses(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n")
        while (size := int(exchange.stream.line(), 16)) > 0:
            exchange.send(chunk(exchange.stream.exactly(size + 2)[:-2].upper()))
        exchange.stream.line()
        exchange.seen.complete = True
        exchange.send(b"0\r\n\r\n")

    origin.plays(converses)
    wire.send(request(b"/talk", CHUNKED, method=b"POST"))
    assert wire.head().start[1] == b"200"
    for word in (b"one", b"two", b"three"):
        wire.send(chunk(word))
        assert wire.stream.until(word.upper())
    wire.send(b"0\r\n\r\n")
    assert wire.stream.until(b"0\r\n\r\n")


@pytest.mark.parametrize("status", [b"413 Too Large", b"401 Unauthorized", b"200 OK"], ids=bytes.decode)
def test_an_early_answer_reaches_a_client_that_still_sends(
    origin: Origin, connect: Connect, status: bytes
) -> None:
    """RFC 9112 §9.3: the answer may come before the request's end; the upload may be given up then."""

    def refuses(exchange: Exchange) -> None:
        exchange.send(response(status, b"Connection: close", body=b"enough"))
        exchange.close()

    origin.plays(refuses, echo)
    wire = connect()
    wire.send(request(b"/big", b"Content-Length: %d" % (64 * MIB), method=b"POST") + BLOCK[:10000])
    answered = wire.response()
    assert (answered.head.start[1], answered.body) == (status[:3], b"enough")
    assert connect().ask(request(b"/next")).body == b"GET /next "


def test_an_early_answer_and_then_the_rest_of_the_upload(origin: Origin, wire: Wire) -> None:
    """An origin that answers at once but reads on: the client's connection goes on, or is said to end.

    The upload may be given up then (RFC 9112 §9.5); the origin sees a beginning of it, perhaps an empty one.
    """

    def eager(exchange: Exchange) -> None:
        exchange.send(response(body=b"early"))
        exchange.body()

    origin.plays(eager, echo)
    wire.send(request(b"/up", b"Content-Length: 10", method=b"POST") + b"hello")
    answered = wire.response()
    assert answered.body == b"early"
    wire.send(b"world" + request(b"/next"))
    given_up = answered.get(b"connection") == b"close"
    if given_up:
        assert wire.is_closed()
    else:
        assert wire.response().body == b"GET /next "
    origin.settle()
    upload, *others = origin.seen
    assert len(others) == (0 if given_up else 1)
    assert upload.complete or given_up
    assert b"helloworld".startswith(upload.body)


def drip_feed(count: int) -> tuple[bytes, str]:
    digest = hashlib.sha256(BLOCK * count).hexdigest()
    return b"%d" % (len(BLOCK) * count), digest


def test_a_large_download_passes_at_flat_memory(origin: Origin, main_proxy: Banyan, wire: Wire) -> None:
    length, digest = drip_feed(64)

    def sends(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n")
        for _ in range(64):
            exchange.send(BLOCK)

    origin.plays(sends)
    before = sum(map(rss, main_proxy.workers()))
    assert hashlib.sha256(wire.ask(request(b"/down")).body).hexdigest() == digest
    assert sum(map(rss, main_proxy.workers())) - before < 24 * MIB


def test_a_large_upload_passes_at_flat_memory(origin: Origin, main_proxy: Banyan, wire: Wire) -> None:
    length, digest = drip_feed(64)

    def digests(exchange: Exchange) -> None:
        exchange.send(response(body=hashlib.sha256(exchange.body()).hexdigest().encode()))

    origin.plays(digests)
    before = sum(map(rss, main_proxy.workers()))
    wire.send(request(b"/up", b"Content-Length: " + length, method=b"PUT"))
    for _ in range(64):
        wire.send(BLOCK)
    assert wire.response().body.decode() == digest
    assert sum(map(rss, main_proxy.workers())) - before < 24 * MIB


def test_a_client_that_does_not_read_holds_the_origin_back(
    origin: Origin, main_proxy: Banyan, connect: Connect
) -> None:
    """Backpressure: what nobody reads is not fetched into memory."""
    sent = 0
    stuck = threading.Event()

    def sends(exchange: Exchange) -> None:
        nonlocal sent
        exchange.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % ENDLESS)
        exchange.socket.settimeout(1)
        try:
            while sent < ENDLESS:
                sent += exchange.socket.send(BLOCK[:65536])
        except TimeoutError:
            stuck.set()
        exchange.reset()

    origin.plays(sends)
    before = sum(map(rss, main_proxy.workers()))
    connect(buffer=4096).send(request(b"/down"))
    assert stuck.wait(DEADLINE)
    assert sum(map(rss, main_proxy.workers())) - before < 24 * MIB


@pytest.mark.parametrize("size", [100_000, 300_000, 1_000_000, 3_000_000])
def test_a_response_that_waited_for_its_client_leaves_a_usable_connection(
    origin: Origin, connect: Connect, size: int
) -> None:
    """The connection to the origin was stopped for a slow client; whoever uses it next must not be."""
    origin.plays(answer(response(body=b"x" * size)), echo)
    slow = connect(buffer=4096)
    slow.send(request(b"/slow"))
    origin.wait_for(1)
    time.sleep(0.2)  # for the response to fill every buffer on its way
    assert len(slow.response().body) == size
    for _ in range(3):
        assert connect().ask(request(b"/next")).body == b"GET /next "


def test_an_origin_that_does_not_read_holds_the_client_back(
    origin: Origin, main_proxy: Banyan, wire: Wire
) -> None:
    done = threading.Event()

    def ignores(exchange: Exchange) -> None:
        assert done.wait(DEADLINE)
        exchange.reset()

    origin.plays(ignores)
    before = sum(map(rss, main_proxy.workers()))
    wire.send(request(b"/up", b"Content-Length: %d" % ENDLESS, method=b"PUT"))
    wire.socket.settimeout(1)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < ENDLESS:
            sent += wire.socket.send(BLOCK[:65536])
    assert sum(map(rss, main_proxy.workers())) - before < 24 * MIB
    done.set()


LEAVING = {
    "before-the-answer": (request(b"/gone"), b""),
    "during-the-answer": (request(b"/gone"), b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun"),
    "during-the-upload": (request(b"/gone", b"Content-Length: 100", method=b"POST") + b"part", b""),
    "during-events": (request(b"/gone"), b"HTTP/1.1 200 OK\r\n" + CHUNKED + b"\r\n\r\n" + chunk(b"data")),
}


@pytest.mark.parametrize(("sent", "begun"), LEAVING.values(), ids=LEAVING)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_that_leaves_frees_the_origin(
    origin: Origin, connect: Connect, sent: bytes, begun: bytes, how: str
) -> None:
    noticed = threading.Event()

    def waits(exchange: Exchange) -> None:
        exchange.send(begun)
        if exchange.is_gone():
            noticed.set()
        exchange.reset()

    origin.plays(waits, echo)
    wire = connect()
    wire.send(sent)
    if begun:
        wire.head()
    origin.wait_for(1)
    wire.reset() if how == "reset" else wire.socket.close()
    assert noticed.wait(DEADLINE), "the origin's connection is still held"
    assert connect().ask(request(b"/next")).body == b"GET /next "
