"""Where messages end: interim and bodiless answers, trailers, HTTP/1.0 and closing on either side."""

import pytest

from tests.support.dataplane import Connect
from tests.support.origin import Exchange, Origin, answer, echo
from tests.support.wire import Response, Wire, request, response


def old(data: bytes) -> bytes:
    """The same request as HTTP/1.0."""
    return data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


# -- interim responses and Expect (RFC 9110 §10.1.1, §15.2)


def statuses(answered: Response) -> list[bytes]:
    return [head.start[1] for head in (*answered.interim, answered.head)]


def test_early_hints_pass_with_their_fields(origin: Origin, wire: Wire) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>\r\n\r\n"
    origin.plays(answer(hints + response(body=b"page")))
    answered = wire.ask(request())
    assert statuses(answered) == [b"103", b"200"] and answered.body == b"page"
    assert answered.interim[0].all(b"link") == [b"</a.css>; rel=preload", b"</b.js>"]


def test_several_interim_responses_pass_in_order(origin: Origin, wire: Wire) -> None:
    interim = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n"
    origin.plays(answer(interim + response(body=b"x")))
    assert statuses(wire.ask(request())) == [b"102", b"103", b"199", b"200"]
    assert wire.ask(request()).body == b"x"


def test_an_http_1_0_client_gets_no_interim_response(origin: Origin, wire: Wire) -> None:
    """RFC 9110 §15.2: a 1xx must not be sent to an HTTP/1.0 client."""
    origin.plays(answer(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(body=b"x")))
    assert statuses(wire.ask(old(request()))) == [b"200"]


def expecting(*fields: bytes) -> bytes:
    return request(b"/upload", b"Expect: 100-continue", b"Content-Length: 5", *fields, method=b"POST")


def test_the_origin_says_continue(origin: Origin, wire: Wire) -> None:
    def permits(exchange: Exchange) -> None:
        assert exchange.seen.get(b"expect") == b"100-continue"
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        echo(exchange)

    origin.plays(permits)
    wire.send(expecting())
    assert wire.head().start[1] == b"100"
    wire.send(b"hello")
    assert wire.response().body == b"POST /upload hello"


@pytest.mark.parametrize(
    "status", [b"417 Expectation Failed", b"401 Unauthorized", b"200 OK"], ids=bytes.decode
)
def test_the_origin_answers_without_the_body(origin: Origin, connect: Connect, status: bytes) -> None:
    """The proxy must not say 100 by itself; the next request is not the body that never came."""

    def refuses(exchange: Exchange) -> None:
        exchange.send(response(status, body=b"no"))
        assert exchange.is_gone()
        exchange.close()

    origin.plays(refuses, echo)
    with connect() as wire:
        wire.send(expecting())
        answered = wire.response()
        assert (statuses(answered), answered.body) == ([status[:3]], b"no")
    assert connect().ask(request(b"/next")).body == b"GET /next "


def test_a_client_that_expects_but_does_not_wait(origin: Origin, wire: Wire) -> None:
    wire.send(expecting() + b"hello" + request(b"/next"))
    assert wire.response().body == b"POST /upload hello"
    assert wire.response().body == b"GET /next "


def test_an_origin_that_ignores_expect(origin: Origin, wire: Wire) -> None:
    """RFC 9110 §10.1.1: a client may send its body without having seen a 100."""
    wire.send(expecting())
    origin.wait_for(1)
    wire.send(b"hello")
    assert wire.response().body == b"POST /upload hello"


# -- responses without a body (RFC 9112 §6.3)

BODILESS = {
    "head": (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nX-A: 1\r\n\r\n"),
    "head-chunked": (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "head-without-framing": (b"HEAD", b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n"),
    "head-404": (b"HEAD", b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"),
    "204": (b"GET", b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"),
    "304": (b"GET", b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n'),
    "304-with-length": (b"GET", b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 12345\r\n\r\n'),
    "304-chunked": (b"GET", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "delete-204": (b"DELETE", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "empty-200": (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "205": (b"POST", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize(("method", "head"), BODILESS.values(), ids=BODILESS)
def test_responses_without_a_body(origin: Origin, wire: Wire, method: bytes, head: bytes) -> None:
    """The next answer on the same connection shows that neither side waited for a body."""
    origin.plays(answer(head), echo)
    answered = wire.ask(request(method=method))
    assert answered.head.start[1] == head[9:12] and answered.body == b""
    assert wire.ask(request(b"/next")).body == b"GET /next "


@pytest.mark.parametrize("name", ["head", "304-with-length"])
def test_a_length_without_a_body_is_information(origin: Origin, wire: Wire, name: str) -> None:
    """RFC 9110 §8.6: it tells what a GET would have had."""
    method, head = BODILESS[name]
    origin.plays(answer(head))
    assert wire.ask(request(method=method)).get(b"content-length") == b"12345"


def test_a_204_carries_no_length(origin: Origin, wire: Wire) -> None:
    """RFC 9110 §8.6: a Content-Length must not be sent in a 204; some origins do."""
    origin.plays(answer(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), echo)
    assert wire.ask(request()).all(b"content-length") == []
    assert wire.ask(request(b"/next")).body == b"GET /next "


# -- HTTP/1.0 and closing, on either side

OLD_ORIGINS = {
    "http-1.0-until-close": b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nhello",
    "http-1.0-counted": b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "http-1.1-until-close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    "http-1.1-until-close-unsaid": b"HTTP/1.1 200 OK\r\n\r\nhello",
}


@pytest.mark.parametrize("raw", OLD_ORIGINS.values(), ids=OLD_ORIGINS)
def test_origins_that_close(origin: Origin, wire: Wire, raw: bytes) -> None:
    """The client's connection is its own affair: it goes on where HTTP/1.1 can frame the body."""
    origin.plays(answer(raw, close=True), echo)
    answered = wire.ask(request())
    assert (answered.version, answered.status, answered.body) == (b"HTTP/1.1", 200, b"hello")
    assert answered.complete and not answered.until_close
    assert wire.ask(request(b"/next")).body == b"GET /next "


@pytest.mark.parametrize(
    "raw", [response(body=b"hello"), *OLD_ORIGINS.values()], ids=["http-1.1", *OLD_ORIGINS]
)
def test_http_1_0_clients(origin: Origin, wire: Wire, raw: bytes) -> None:
    origin.plays(answer(raw, close=raw != response(body=b"hello")))
    answered = wire.ask(old(request()))
    assert (answered.status, answered.body) == (200, b"hello")
    assert wire.is_closed()


@pytest.mark.parametrize("asked", [[], [b"Connection: keep-alive"]], ids=["close", "keep-alive"])
def test_an_http_1_0_client_gets_no_chunks(origin: Origin, wire: Wire, asked: list[bytes]) -> None:
    chunks = b"3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n"
    origin.plays(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n" + chunks))
    answered = wire.ask(old(request(b"/", *asked)))
    assert answered.all(b"transfer-encoding") == [] and answered.body == b"hello"
    assert (answered.get(b"connection") or b"close").lower() == b"close"
    assert wire.is_closed()


def test_an_http_1_0_client_may_keep_its_connection(origin: Origin, wire: Wire) -> None:
    for target in (b"/1", b"/2"):
        answered = wire.ask(old(request(target, b"Connection: keep-alive")))
        assert answered.body == b"GET " + target + b" "
        assert (answered.get(b"connection") or b"").lower() == b"keep-alive"
    assert wire.ask(old(request(b"/3"))).body == b"GET /3 "
    assert wire.is_closed()


def test_an_http_1_0_client_needs_no_host(origin: Origin, wire: Wire) -> None:
    wire.send(b"GET /no-host HTTP/1.0\r\n\r\n")
    assert wire.response().body == b"GET /no-host "


@pytest.mark.parametrize("value", [b"close", b"Close", b"keep-alive, close", b"x,close"], ids=bytes.decode)
def test_a_client_may_end_its_connection(origin: Origin, wire: Wire, value: bytes) -> None:
    answered = wire.ask(request(b"/last", b"Connection: " + value))
    assert answered.body == b"GET /last "
    assert (answered.get(b"connection") or b"").lower() == b"close"
    assert wire.is_closed()


def test_an_origin_that_closes_does_not_close_the_client(origin: Origin, wire: Wire) -> None:
    origin.plays(answer(response(b"200 OK", b"Connection: close", body=b"1"), close=True), echo)
    assert wire.ask(request()).all(b"connection") == []
    assert wire.ask(request(b"/2")).body == b"GET /2 "
    assert origin.seen[0].connection != origin.seen[1].connection


def test_origin_connections_are_reused(origin: Origin, wire: Wire) -> None:
    for _ in range(5):
        wire.ask(request())
    assert len({seen.connection for seen in origin.seen}) == 1


# -- trailers (RFC 9110 §6.5)


def test_request_trailers_pass_or_are_dropped_whole(origin: Origin, wire: Wire) -> None:
    wire.send(request(b"/t", b"Transfer-Encoding: chunked", b"Trailer: X-Sum", method=b"POST"))
    wire.send(b"5\r\nhello\r\n0\r\nX-Sum: abc\r\nX-Other: \xe9\r\n\r\n")
    assert wire.response().body == b"POST /t hello"
    (seen,) = origin.seen
    assert seen.trailers == [(b"X-Sum", b"abc"), (b"X-Other", b"\xe9")]
    assert seen.all(b"x-sum") == []


def test_response_trailers_pass(origin: Origin, wire: Wire) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    origin.plays(answer(head + b"5\r\nhello\r\n0\r\nX-Sum: abc\r\nGrpc-Status: 0\r\n\r\n"), echo)
    answered = wire.ask(request(b"/", b"TE: trailers", b"Connection: TE"))
    assert answered.body == b"hello" and answered.get(b"trailer") == b"X-Sum"
    assert answered.trailers == [(b"X-Sum", b"abc"), (b"Grpc-Status", b"0")]
    assert wire.ask(request(b"/next")).body == b"GET /next "
