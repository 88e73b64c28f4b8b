"""TLS on either side: clients over it, backends over it, and who is not believed."""

import contextlib
import hashlib
import select
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.banyan import Banyan, Lane, running
from tests.support.dataplane import Connect, backend, connector
from tests.support.hostile import SMUGGLED, assert_problem
from tests.support.keys import Keys, issued
from tests.support.origin import Exchange, Origin, echo
from tests.support.wire import DEADLINE, Wire, request, response, wait_until

Narrow = Callable[[str], contextlib.AbstractContextManager[Banyan]]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return issued(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def origins(keys: Keys) -> Iterator[dict[str, Origin]]:
    """Origins behind TLS, by what is special about them."""
    good = keys.authority.issue_cert("localhost", "127.0.0.1")
    origins = {
        "good": Origin(keys.context(good)),
        "wrong-name": Origin(keys.context(keys.authority.issue_cert("elsewhere.test"))),
        "asks": Origin(keys.context(good, ask=True)),
    }
    yield origins
    for origin in origins.values():
        origin.close()


@pytest.fixture(scope="module")
def tls_proxy(
    lane: Lane,
    keys: Keys,
    origins: dict[str, Origin],
    main_origin: Origin,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Banyan]:
    ca, other = keys.file("ca.pem"), keys.file("other-ca.pem")
    own = {"cert": keys.file("client.pem"), "key": keys.file("client.key")}
    backends = {"plain": backend(main_origin)}
    for name, origin, tls in (
        ("good", "good", {"ca": ca}),
        ("stranger", "good", {"ca": other}),
        ("unverified", "wrong-name", {"ca": other, "verify": False}),
        ("wrong-name", "wrong-name", {"ca": ca}),
        ("mutual", "asks", {"ca": ca, **own}),
        ("nameless", "asks", {"ca": ca}),
    ):
        backends[name] = backend(main_origin, url=f"https://localhost:{origins[origin].port}", tls=tls)
    backends["not-tls"] = backend(
        main_origin, url=f"https://localhost:{main_origin.port}", tls={"verify": False}
    )
    config = {
        "server": {
            "tls": {"cert": keys.file("server.pem"), "key": keys.file("server.key")},
            "timeouts": {"header": "5s"},
        },
        "backends": backends,
        "defaults": {"legacy": "plain"},
        "routes": [
            {"id": name, "match": {"path": f"/{name}/{{rest:path}}"}, "legacy": name} for name in backends
        ],
    }
    with running(tmp_path_factory.mktemp("tls"), config, lane) as banyan:
        yield banyan


@pytest.fixture
def connect(tls_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    yield from connector(tls_proxy.address)


@pytest.fixture
def wire(connect: Connect, keys: Keys) -> Wire:
    return connect(tls=keys.trusting())


def test_a_client_over_tls(origin: Origin, wire: Wire) -> None:
    assert wire.ask(request(b"/a//b?c=%2F", method=b"POST", body=b"x")).body == b"POST /a//b?c=%2F x"
    assert origin.seen[0].get(b"x-forwarded-proto") == b"https"
    wire.send(request(b"/1") + request(b"/2"))
    assert [wire.response().body, wire.response().body] == [b"GET /1 ", b"GET /2 "]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda v: v.name)
def test_current_versions_of_tls(
    origin: Origin, connect: Connect, keys: Keys, version: ssl.TLSVersion
) -> None:
    context = keys.trusting()
    context.minimum_version = context.maximum_version = version
    assert connect(tls=context).ask(request()).status == 200


def test_http_1_1_is_what_is_agreed_on(origin: Origin, connect: Connect, keys: Keys) -> None:
    """A client that would rather speak HTTP/2 must not be left believing that it does."""
    context = keys.trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    wire = connect(tls=context)
    assert isinstance(wire.socket, ssl.SSLSocket)
    assert wire.socket.selected_alpn_protocol() == "http/1.1"
    assert wire.ask(request()).status == 200


@pytest.mark.parametrize("protocol", ["h2", "http/1.0"])
def test_a_client_of_other_protocols_is_served_all_the_same(
    origin: Origin, connect: Connect, keys: Keys, protocol: str
) -> None:
    """It is left without an agreement, as by servers that know nothing of ALPN."""
    context = keys.trusting()
    context.set_alpn_protocols([protocol])
    wire = connect(tls=context)
    assert isinstance(wire.socket, ssl.SSLSocket)
    assert wire.socket.selected_alpn_protocol() is None
    assert wire.ask(request()).status == 200


def test_large_bodies_over_tls(origin: Origin, wire: Wire) -> None:
    body = hashlib.sha256(b"tls").digest() * 100_000

    def digests(exchange: Exchange) -> None:
        exchange.send(response(b"200 OK", b"X-Digest: " + _digest(exchange.body()), body=body))

    origin.plays(digests)
    answered = wire.ask(request(b"/", method=b"POST", body=body))
    assert (answered.get(b"x-digest"), answered.body) == (_digest(body), body)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def test_a_client_over_tls_that_says_no_more_may_still_listen(
    origin: Origin, connect: Connect, keys: Keys
) -> None:
    """RFC 8446 §6.1: it is waited for a little, which on a busy machine may be too little once."""
    said = threading.Event()

    def answers_later(exchange: Exchange) -> None:
        exchange.body()
        assert said.wait(DEADLINE)
        exchange.send(response(body=b"heard"))

    def is_answered() -> bool:
        said.clear()
        origin.plays(answers_later)
        wire = connect(tls=keys.trusting())
        wire.send(request(b"/alert"))
        wire.alert()
        said.set()
        return wire.stream.rest().endswith(b"heard")

    assert any(is_answered() for _ in range(3))


def test_a_client_over_tls_that_leaves_frees_the_origin(origin: Origin, connect: Connect, keys: Keys) -> None:
    """It says no more as well, but nobody listens any more."""
    gone: list[bool] = []
    origin.plays(lambda exchange: gone.append(exchange.is_gone()))
    wire = connect(tls=keys.trusting())
    wire.send(request(b"/leaves"))
    origin.wait_for(1)
    wire.alert()
    wire.socket.close()
    wait_until(lambda: gone == [True])


def test_a_refusal_over_tls(origin: Origin, wire: Wire) -> None:
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n" + SMUGGLED)
    answered = wire.response()
    assert answered.status == 400
    assert_problem(answered, "bad-request")
    assert wire.is_closed()
    assert origin.seen == []


def test_a_cut_response_over_tls(origin: Origin, wire: Wire) -> None:
    def breaks_off(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        exchange.close()

    origin.plays(breaks_off)
    answered = wire.ask(request())
    assert answered.status == 502 or not answered.complete


@pytest.mark.parametrize(
    "sent", [request(), b"\x16\x03\x01\x00\x05hello", bytes(1000)], ids=["plain-http", "bad-hello", "zeros"]
)
def test_what_is_not_tls_is_dropped(origin: Origin, connect: Connect, keys: Keys, sent: bytes) -> None:
    wire = connect()
    wire.send(sent)
    assert b"200" not in wire.stream.rest()[:20]
    assert origin.seen == []
    assert connect(tls=keys.trusting()).ask(request()).status == 200


# -- handshakes under way

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How a client begins a handshake: the head of a record of 512 bytes, which never comes."""


@pytest.fixture
def narrow(lane: Lane, keys: Keys, main_origin: Origin, tmp_path: Path) -> Narrow:
    """Starts a proxy that takes three connections, and gives a head or a handshake so much time."""

    def start(header: str) -> contextlib.AbstractContextManager[Banyan]:
        server = {
            "tls": {"cert": keys.file("server.pem"), "key": keys.file("server.key")},
            "limits": {"connections": 3},
            "timeouts": {"header": header},
        }
        config = {"server": server, "backends": {"legacy": backend(main_origin)}}
        return running(tmp_path, config, lane)

    return start


def serves(banyan: Banyan, keys: Keys) -> bool:
    """Whether one more client is let in."""
    try:
        with Wire(banyan.address, tls=keys.trusting()) as wire:
            return wire.ask(request()).status == 200
    except OSError:
        return False


def takes_the_last_place(banyan: Banyan, keys: Keys) -> bool:
    """Whether one more client is let in, and none beside it; it may have to wait for another's leaving."""
    with contextlib.suppress(OSError), Wire(banyan.address, tls=keys.trusting()) as last:
        with Wire(banyan.address) as too_many:
            assert too_many.stream.rest() == b""
        return last.ask(request()).status == 200
    return False


def test_a_handshake_has_as_long_as_a_head(keys: Keys, origin: Origin, narrow: Narrow) -> None:
    """Nothing at all, a beginning, or byte after byte: all are given up."""
    with narrow("1s") as banyan, Wire(banyan.address) as silent, Wire(banyan.address) as begun:
        begun.send(HELLO)
        with Wire(banyan.address) as dripping:
            while not select.select([dripping.socket], [], [], 0.1)[0]:
                dripping.send(b"\x16")
        assert silent.stream.rest() == b""
        assert begun.stream.rest() == b""
        wait_until(lambda: serves(banyan, keys))


def talk_nonsense(wire: Wire) -> None:
    """The record is whole, and no hello."""
    wire.send(bytes(600))


@pytest.mark.parametrize("end", [Wire.reset, Wire.half_close, talk_nonsense])
def test_handshakes_count_as_connections(
    keys: Keys, origin: Origin, narrow: Narrow, end: Callable[[Wire], None]
) -> None:
    """Who is too many is dropped at once; a handshake that fails leaves its place to the next."""
    with narrow("5m") as banyan, contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(banyan.address)) for _ in range(3)]
        for wire in wires:
            wire.send(HELLO)
        wait_until(lambda: not serves(banyan, keys))
        with Wire(banyan.address) as fourth:
            assert fourth.stream.rest() == b""
        end(wires[0])
        wait_until(lambda: serves(banyan, keys))
        wait_until(lambda: takes_the_last_place(banyan, keys))


def test_draining_waits_for_no_handshake(keys: Keys, origin: Origin, narrow: Narrow) -> None:
    with narrow("5m") as banyan, Wire(banyan.address) as wire:
        wire.send(HELLO)
        banyan.terminate()
        assert wire.stream.rest() == b""


@pytest.mark.parametrize("name", [b"good", b"unverified", b"mutual"], ids=bytes.decode)
def test_backends_over_tls(wire: Wire, origins: dict[str, Origin], name: bytes) -> None:
    for origin in origins.values():
        origin.forget()
    for number in (1, 2, 3):
        target = b"/%s/%d" % (name, number)
        assert wire.ask(request(target, method=b"PUT", body=b"x")).body == b"PUT " + target + b" x"
    seen = [each for origin in origins.values() for each in origin.seen]
    assert len(seen) == 3 and len({each.connection for each in seen}) == 1


def test_backends_are_asked_for_http_1_1(wire: Wire, origins: dict[str, Origin]) -> None:
    """One that would rather speak HTTP/2 knows what it is to speak (RFC 7301)."""
    agreed: list[str | None] = []

    def notes(exchange: Exchange) -> None:
        assert isinstance(exchange.socket, ssl.SSLSocket)
        agreed.append(exchange.socket.selected_alpn_protocol())
        echo(exchange)

    origins["good"].plays(notes)
    assert wire.ask(request(b"/good/x")).body == b"GET /good/x "
    assert agreed == ["http/1.1"]


@pytest.mark.parametrize("name", [b"stranger", b"wrong-name", b"not-tls"], ids=bytes.decode)
def test_backends_that_are_not_who_they_should_be(
    wire: Wire, origins: dict[str, Origin], main_origin: Origin, name: bytes
) -> None:
    """Nothing of the request is sent to them."""
    for origin in (*origins.values(), main_origin):
        origin.forget()
    answered = wire.ask(request(b"/" + name + b"/x", b"Authorization: Bearer secret"))
    assert answered.status == 502
    assert_problem(answered, "upstream-unreachable")
    assert [each for origin in origins.values() for each in origin.seen] == []
    main_origin.forget()


def test_a_backend_that_demands_a_certificate(wire: Wire, origins: dict[str, Origin]) -> None:
    """TLS 1.3 refuses after the handshake, so it may look like a lost connection."""
    origins["asks"].forget()
    answered = wire.ask(request(b"/nameless/x"))
    assert answered.status == 502
    assert origins["asks"].seen == []


def test_a_backend_over_tls_may_close_until_close(wire: Wire, origins: dict[str, Origin]) -> None:
    def closes(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        exchange.close()

    origins["good"].forget()
    origins["good"].plays(closes, echo)
    assert wire.ask(request(b"/good/x")).body == b"until the end"
    assert wire.ask(request(b"/good/next")).body == b"GET /good/next "


def test_a_backend_over_tls_that_never_says_it_is_done_has_not_finished(
    wire: Wire, origins: dict[str, Origin]
) -> None:
    """RFC 9112 §9.8: without a length only a closure alert completes a response."""

    def is_cut(exchange: Exchange) -> None:
        exchange.body()
        exchange.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the")
        exchange.cut()

    origins["good"].forget()
    origins["good"].plays(is_cut)
    answered = wire.ask(request(b"/good/x"))
    assert answered.status == 502 or not answered.complete


def test_a_slow_client_gets_all_that_a_backend_over_tls_has_sent(
    wire: Wire, connect: Connect, keys: Keys, origins: dict[str, Origin]
) -> None:
    """Also what TLS held back when that backend closed, which tells nothing where the length is known."""
    origins["good"].forget()
    for size in range(400_000, 1_600_000, 200_000):
        body, gone = bytes(size), threading.Event()

        def sends_and_goes(exchange: Exchange, body: bytes = body, gone: threading.Event = gone) -> None:
            exchange.send(response(b"200 OK", b"Connection: close", body=body))
            exchange.cut()
            gone.set()

        origins["good"].plays(sends_and_goes)
        wire = connect(tls=keys.trusting(), buffer=16384)
        wire.send(request(b"/good/slow"))
        gone.wait(0.3)  # or it waits for this client
        assert len(wire.response().body) == size
