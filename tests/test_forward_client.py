"""A client's connection through its phases, over a transport and a clock of the test's own, on both lanes."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
from starlette.types import Receive, Scope, Send

from proxy.forward.app import DataPlane
from proxy.forward.client import DRAIN_GRACE, ClientConnection
from proxy.forward.client_socket import HALF_CLOSED_GRACE, LARGE, LINGER
from proxy.forward.framing import HELD_LIMIT
from tests.support.gateways import LEGACY, Front
from tests.support.scripted import ScriptedLoop, ScriptedTransport, settle
from tests.support.sinks import answer

GET = b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
LIMITS = """\
    server:
      limits: {url: 1KiB, headers: 1KiB, header_count: 10, body: 1KiB, connections: 2}
      timeouts: {header: 10s, keep_alive: 75s, body_idle: 60s}
"""


@pytest.fixture
def loop() -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop()
    yield loop
    loop.release()


@pytest.fixture(params=["express", "asgi"])
def front(request: pytest.FixtureRequest, loop: ScriptedLoop) -> Iterator[Front]:
    yield Front(loop, LIMITS, asgi_only=request.param == "asgi")


@pytest.fixture
async def client(front: Front) -> AsyncIterator[ScriptedTransport]:
    transport, _ = front.client()
    yield transport
    if not transport.closing:
        transport.lose()
    await settle()
    transport.release()


def statuses(data: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", data)


async def asked(client: ScriptedTransport, front: Front, request: bytes = GET) -> ScriptedTransport:
    """Send a request; returns the backend's end once it was sent on."""
    client.feed(request)
    await settle()
    return front.loop.wires[-1]


async def answered(client: ScriptedTransport, wire: ScriptedTransport, response: bytes = b"") -> bytes:
    wire.feed(response or answer())
    await settle()
    return client.take()


# -- requests


async def test_a_connection_serves_one_request_after_the_other(
    front: Front, client: ScriptedTransport
) -> None:
    for number in (b"1", b"2"):
        wire = await asked(client, front)
        said = await answered(client, wire, answer(200, number))
        assert said.endswith(b"\r\n\r\n" + number)
        assert b"Connection" not in said
    assert front.loop.dialled == [LEGACY]
    assert [outcome.status for outcome in front.outcomes] == [200, 200]


async def test_a_request_may_come_byte_by_byte(front: Front, client: ScriptedTransport) -> None:
    for byte in b"\r\n" + POST + b"body":
        client.feed(bytes([byte]))
    await settle()
    wire = front.loop.wires[0]
    assert wire.sent.startswith(b"POST / HTTP/1.1\r\n")
    assert wire.sent.endswith(b"\r\n\r\nbody")
    assert statuses(await answered(client, wire)) == [b"200"]


async def test_a_body_that_comes_with_its_head_leaves_with_it_in_one_write(
    front: Front, client: ScriptedTransport
) -> None:
    for _ in range(2):
        wire = await asked(client, front, POST + b"body")
        assert wire.take().endswith(b"\r\n\r\nbody")
        await answered(client, wire)
    assert wire.writes == 2


async def test_a_whole_response_is_one_write(front: Front, client: ScriptedTransport) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for said in (answer(), answer(204, b""), head + b"3\r\nabc\r\n0\r\n\r\n"):
        wire = await asked(client, front)
        before = client.writes
        assert await answered(client, wire, said)
        assert client.writes == before + 1


async def test_a_body_that_is_broken_before_its_head_was_sent_reaches_no_backend(
    front: Front, client: ScriptedTransport
) -> None:
    client.feed(POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"no size\r\n")
    await settle()
    assert statuses(client.sent) == [b"400"]
    assert client.ended
    assert [(outcome.error, outcome.status) for outcome in front.outcomes] == [("bad-request", 400)]
    assert front.loop.dialled == []


async def test_a_scope_says_what_was_asked_in_asgis_words(loop: ScriptedLoop) -> None:
    scopes: list[Scope] = []

    class Watched(DataPlane):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            scopes.append(scope)
            await super().__call__(scope, receive, send)

    front = Front(loop, LIMITS, asgi_only=True)
    front.app = Watched(front.gateway)
    client, _ = front.client()
    await asked(client, front, b"GET /a%20b/%c3%a4?c=%20d HTTP/1.0\r\nHost: shop\r\n\r\n")
    said = {key: scopes[0][key] for key in ("http_version", "path", "raw_path", "query_string")}
    assert said == {
        "http_version": "1.0",
        "path": "/a b/ä",
        "raw_path": b"/a%20b/%c3%a4",
        "query_string": b"c=%20d",
    }
    client.lose()
    await settle()
    client.release()


async def test_pipelined_requests_are_answered_in_order(front: Front, client: ScriptedTransport) -> None:
    client.feed(GET + POST + b"body" + GET)
    for number in range(3):
        await settle()
        wire = front.loop.wires[-1]
        assert wire.take().count(b"HTTP/1.1\r\n") == 1, "one at a time"
        said = await answered(client, wire, answer(200, b"%d" % number))
        assert said.endswith(b"\r\n\r\n%d" % number)


async def test_too_many_pipelined_bytes_stop_the_reading_until_they_are_served(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    client.feed(GET + b"x" * HELD_LIMIT)
    assert not client.reading
    await answered(client, wire)
    assert client.reading


async def test_head_is_answered_without_a_body(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front, GET.replace(b"GET", b"HEAD"))
    said = await answered(client, wire, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    assert said == b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    assert not client.ended


async def test_a_body_of_unknown_length_is_chunked_with_its_trailers(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    wire.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    wire.feed(b"0\r\nX-Sum: 1\r\n\r\n")
    await settle()
    assert client.sent.endswith(b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_an_old_client_gets_no_chunks_and_no_interim_response(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front, b"GET / HTTP/1.0\r\n\r\n")
    wire.feed(b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    wire.feed(b"0\r\n\r\n")
    await settle()
    assert statuses(client.sent) == [b"200"]
    assert client.sent.endswith(b"Connection: close\r\n\r\nabc")
    assert client.ended


async def test_an_interim_response_is_passed_on(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front)
    said = await answered(client, wire, b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + answer())
    assert statuses(said) == [b"103", b"200"]
    assert b"Link: </a>\r\n" in said


async def test_trailers_of_a_request_reach_the_backend(front: Front, client: ScriptedTransport) -> None:
    head = POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked")
    wire = await asked(client, front, head + b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n")
    assert wire.sent.endswith(b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n")


# -- refusals


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 1100, b"414"),
        (b"GET /" + b"a" * 1024 + b" HTTP/1.1\r\nHost: shop\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: shop\r\nX: " + b"a" * 1100, b"431"),
        (b"GET / HTTP/1.1\r\nHost: shop\r\n" + b"X: a\r\n" * 10 + b"\r\n", b"431"),
        (POST.replace(b": 4", b": 1025"), b"413"),
    ],
)
async def test_what_is_no_request_is_answered_and_the_connection_closed(
    front: Front, client: ScriptedTransport, sent: bytes, status: bytes
) -> None:
    client.feed(sent)
    await settle()
    assert statuses(client.sent) == [status]
    assert b"Connection: close\r\n" in client.sent
    assert client.ended
    assert not front.loop.wires
    client.feed(GET)
    await settle()
    assert not front.loop.wires, "nothing after it can be trusted"
    assert [str(outcome.status).encode() for outcome in front.outcomes] == [status]
    front.sweep(LINGER + 0.1)
    assert client.closing


async def test_a_refused_request_without_a_body_costs_no_connection(
    front: Front, client: ScriptedTransport
) -> None:
    front.gateway.overloaded = True
    client.feed(GET)
    assert statuses(client.take()) == [b"503"]
    front.gateway.overloaded = False
    assert statuses(await answered(client, await asked(client, front))) == [b"200"]


async def test_a_body_that_grows_beyond_its_limit_is_refused_midway(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front, POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"))
    client.feed(b"400\r\n" + b"x" * 1024 + b"\r\n")
    await settle()
    assert not client.sent
    client.feed(b"1\r\nx\r\n")
    await settle()
    assert statuses(client.sent) == [b"413"]
    assert wire.closing


async def test_a_broken_body_is_refused_or_cuts_the_answer_that_has_begun(
    front: Front, client: ScriptedTransport
) -> None:
    head = POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked")
    wire = await asked(client, front, head)
    wire.feed(answer(200, b"early")[:-1])
    await settle()
    begun = client.take()
    assert statuses(begun) == [b"200"]
    client.feed(b"not a chunk\r\n")
    await settle()
    assert client.sent == b""
    assert client.closing
    other, _ = front.client()
    wire = await asked(other, front, head)
    other.feed(b"not a chunk\r\n")
    await settle()
    assert statuses(other.sent) == [b"400"]
    assert wire.closing
    other.lose()
    other.release()


@pytest.mark.parametrize("sent", [GET, POST + b"body"], ids=["safe", "write"])
@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"], ids=["", "hints"])
async def test_an_answer_that_is_broken_right_behind_its_head_is_none(
    front: Front, client: ScriptedTransport, sent: bytes, interim: bytes
) -> None:
    """Nothing of it was written yet, so the client can be told what happened."""
    wire = await asked(client, front, sent)
    said = await answered(
        client, wire, interim + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n"
    )
    assert statuses(said)[-1] == b"502"
    assert b"200 OK" not in said
    assert b"urn:banyan:upstream-protocol" in said
    assert [outcome.status for outcome in front.outcomes] == [502]
    assert front.loop.wires == [wire]


async def test_an_answer_that_is_broken_once_it_was_begun_is_cut(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    begun = await answered(client, wire, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    assert begun.endswith(b"2\r\nok\r\n")
    assert await answered(client, wire, b"no size\r\n") == b""
    assert client.closing


async def test_a_connection_too_many_is_told_so(front: Front, client: ScriptedTransport) -> None:
    second, _ = front.client()
    third, _ = front.client()
    assert statuses(third.sent) == [b"503"]
    assert b"Retry-After: 1\r\n" in third.sent
    assert not second.sent
    for transport in (second, third):
        transport.lose()
        transport.release()
    fourth, _ = front.client()
    assert not fourth.sent
    fourth.lose()
    fourth.release()


async def test_a_backend_that_cannot_be_reached_is_a_problem_with_the_requests_id(
    front: Front, client: ScriptedTransport
) -> None:
    front.loop.failing[LEGACY] = ConnectionRefusedError()
    client.feed(GET.replace(b"Host", b"X-Request-Id: mine\r\nHost"))
    for _ in range(3):
        await settle()
        front.sweep(1)
    await settle()
    assert statuses(client.sent) == [b"502"]
    assert b'"request_id": "mine"' in client.sent
    assert b"urn:banyan:upstream-unreachable" in client.sent
    assert not client.ended


async def test_an_answer_that_breaks_off_cannot_pass_for_whole(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    wire.feed(answer(200, b"whole")[:-1])
    wire.lose()
    await settle()
    assert client.sent.endswith(b"whol")
    assert client.closing
    client.lose()
    assert [outcome.error for outcome in front.outcomes] == ["response cut short"]


# -- phases that take too long


async def test_a_head_that_does_not_come_whole_is_refused_after_its_time(
    front: Front, client: ScriptedTransport
) -> None:
    client.feed(GET[:10])
    front.sweep(9.9)
    client.feed(GET[10:12])
    assert not client.sent
    front.sweep(0.2)
    assert statuses(client.sent) == [b"408"]
    assert client.ended


async def test_a_client_that_says_nothing_is_dropped_without_a_word(
    front: Front, client: ScriptedTransport
) -> None:
    front.sweep(10)
    await settle()
    assert client.closing
    assert not client.sent
    assert not front.server_state.connections


async def test_an_idle_connection_closes_after_keep_alive(front: Front, client: ScriptedTransport) -> None:
    await answered(client, await asked(client, front))
    front.sweep(74.9)
    assert not client.closing
    front.sweep(0.2)
    assert client.closing


async def test_after_keep_alive_a_begun_head_has_the_time_of_a_head(
    front: Front, client: ScriptedTransport
) -> None:
    await answered(client, await asked(client, front))
    front.sweep(5)
    client.feed(GET[:10])
    front.sweep(10)
    assert statuses(client.sent) == [b"408"]


async def test_a_body_that_stops_coming_is_refused_after_its_time(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front, POST)
    front.sweep(50)
    client.feed(b"b")
    front.sweep(50)
    assert not client.sent
    front.sweep(10.1)
    await settle()
    assert statuses(client.sent) == [b"408"]
    assert wire.closing


async def test_a_client_that_takes_nothing_of_its_answer_is_dropped(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    wire.feed(answer(200, b"x" * 10)[:-5])
    await settle()
    client.protocol.pause_writing()
    front.sweep(59)
    assert not client.closing
    client.protocol.resume_writing()
    client.protocol.pause_writing()
    front.sweep(59)
    assert not client.closing
    front.sweep(1.1)
    await settle()
    assert client.closing
    assert wire.closing


async def test_a_client_that_reads_slowly_is_waited_for_as_long_as_it_reads(
    front: Front, client: ScriptedTransport
) -> None:
    """The buffers on the way can take longer to empty than a client may pause."""
    wire = await asked(client, front)
    wire.feed(answer(200, b"x" * 10)[:-5])
    await settle()
    client.buffered = 3000
    client.protocol.pause_writing()
    await settle()
    for left in (2000, 1000):
        client.buffered = left
        front.sweep(60.1)
        assert not client.closing
    front.sweep(60.1)
    await settle()
    assert client.closing


async def test_the_end_of_an_answer_is_not_taken_from_a_slow_client(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    client.buffered = 1000
    assert statuses(await answered(client, wire)) == [b"200"]
    assert client.ended
    front.sweep(LINGER + 0.1)
    assert not client.closing
    front.sweep(60)
    await settle()
    assert client.closing


async def test_a_client_that_does_not_read_is_served_no_further_request(
    front: Front, client: ScriptedTransport
) -> None:
    """Or its pipelined requests would fill the memory with answers that nobody takes."""
    wire = await asked(client, front)
    wire.take()
    client.protocol.pause_writing()
    client.feed(GET)
    await answered(client, wire)
    client.feed(GET)
    await settle()
    assert wire.sent == b""
    front.sweep(59)
    assert not client.closing
    client.protocol.resume_writing()
    await settle()
    client.take()
    wire = front.loop.wires[-1]  # the first has rested too long
    assert wire.take().count(b"HTTP/1.1\r\n") == 1
    assert statuses(await answered(client, wire)) == [b"200"]


async def test_a_client_that_reads_nothing_of_what_it_pipelined_is_dropped(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    client.protocol.pause_writing()
    client.feed(GET)
    await answered(client, wire)
    front.sweep(60.1)
    await settle()
    assert client.closing
    assert b"408" not in client.sent


async def test_keep_alive_has_its_time_after_a_slow_read_too(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front)
    client.protocol.pause_writing()
    await answered(client, wire)
    client.protocol.resume_writing()
    await settle()
    front.sweep(75.1)
    await settle()
    assert client.closing


async def test_a_slow_backend_is_not_the_clients_fault(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front, POST + b"body")
    front.sweep(29)
    assert not client.closing
    assert statuses(await answered(client, wire)) == [b"200"]


# -- the client leaves


async def test_a_client_that_left_takes_its_request_with_it(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front)
    client.lose()
    await settle()
    assert wire.closing
    (outcome,) = front.outcomes
    assert (outcome.status, outcome.error) == (0, "client gone")


async def test_a_client_that_is_not_read_from_can_leave_all_the_same(
    front: Front, client: ScriptedTransport
) -> None:
    """Pipelined bytes stop the reading, and only reading tells the event loop of a reset."""
    wire = await asked(client, front)
    client.feed(GET + b"x" * HELD_LIMIT)
    front.loop.advance(10)
    await settle()
    assert not client.closing
    client.theirs.close()
    front.loop.advance(1)
    await settle()
    assert wire.closing


async def test_a_client_can_leave_an_upload_that_the_backend_does_not_take(
    front: Front, client: ScriptedTransport
) -> None:
    front.apply("")
    wire = await asked(client, front, POST.replace(b": 4", b": 1000000"))
    wire.protocol.pause_writing()
    for _ in range(4):
        if client.reading:
            client.feed(b"x" * 65536)
        await settle()
    client.theirs.close()
    front.loop.advance(1)
    await settle()
    assert wire.closing


async def test_a_half_closed_client_gets_the_answers_to_all_it_asked(
    front: Front, client: ScriptedTransport
) -> None:
    client.feed(GET + GET)
    assert client.protocol.eof_received()
    await settle()
    assert not client.closing
    front.loop.wires[0].feed(answer(200, b"1"))
    await settle()
    front.loop.wires[-1].feed(answer(200, b"2"))
    await settle()
    assert statuses(client.sent) == [b"200", b"200"]
    assert client.sent.count(b"Connection: close") == 1
    assert client.closing


@pytest.mark.parametrize("paused", [False, True], ids=["at-once", "that-reads-slowly"])
async def test_a_client_that_half_closes_between_two_answers_gets_the_second_one(
    front: Front, client: ScriptedTransport, paused: bool
) -> None:
    """The first one is written, and the second request is there, but has not been looked at yet."""
    client.feed(GET + GET)
    await settle()
    if paused:
        client.protocol.pause_writing()
    front.loop.wires[0].feed(answer(200, b"1"))
    assert client.protocol.eof_received()
    await settle()
    if paused:
        client.protocol.resume_writing()
        await settle()
    front.loop.wires[-1].feed(answer(200, b"2"))
    await settle()
    assert statuses(client.sent) == [b"200", b"200"]
    assert client.closing


async def test_a_half_closed_client_is_not_waited_for_long(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front)
    client.protocol.eof_received()
    front.sweep(HALF_CLOSED_GRACE + 0.1)
    await settle()
    assert client.closing
    assert wire.closing


@pytest.mark.parametrize("size", [10, LARGE])
async def test_a_half_closed_client_is_waited_for_anew_with_each_piece(
    front: Front, client: ScriptedTransport, size: int
) -> None:
    wire = await asked(client, front)
    client.protocol.eof_received()
    front.sweep(HALF_CLOSED_GRACE - 0.1)
    await answered(client, wire, answer(200, b"x" * (size + 1))[:-1])
    front.sweep(HALF_CLOSED_GRACE - 0.1)
    assert not client.closing
    assert (await answered(client, wire, b"x")).endswith(b"x")


async def test_a_client_over_tls_that_says_no_more_gets_the_answers_to_all_it_asked(
    front: Front, client: ScriptedTransport
) -> None:
    """TLS tells of the end before it hands on what was said last (RFC 8446 §6.1)."""
    cast(ClientConnection, client.protocol).closure_alerted()
    client.feed(GET + GET)
    await settle()
    for body in (b"1", b"2"):
        assert not client.closing
        front.loop.wires[-1].feed(answer(200, body))
        await settle()
    assert statuses(client.sent) == [b"200", b"200"]
    assert client.closing


@pytest.mark.parametrize("sent", [b"", GET[:9], POST], ids=["nothing", "half-a-head", "no-body"])
async def test_a_client_over_tls_that_says_no_more_too_early_is_gone(
    front: Front, client: ScriptedTransport, sent: bytes
) -> None:
    client.feed(sent)
    cast(ClientConnection, client.protocol).closure_alerted()
    await settle()
    assert client.closing


async def test_a_client_over_tls_that_was_refused_is_not_cut_off_by_its_own_end(
    front: Front, client: ScriptedTransport
) -> None:
    """The answer is on its way, and the connection ends behind it."""
    client.feed(b"nonsense\r\n\r\n")
    cast(ClientConnection, client.protocol).closure_alerted()
    await settle()
    assert statuses(client.sent) == [b"400"]
    assert client.ended
    assert not client.closing


async def test_who_is_slow_to_read_has_its_time_also_half_closed(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    client.protocol.pause_writing()
    client.protocol.eof_received()
    await answered(client, wire, answer(200, b"long")[:-1])
    front.sweep(HALF_CLOSED_GRACE + 0.1)
    assert not client.closing


async def test_a_client_that_ends_in_the_middle_of_a_body_is_gone(
    front: Front, client: ScriptedTransport
) -> None:
    await asked(client, front, POST)
    assert not client.protocol.eof_received()


@pytest.mark.parametrize("rest", [GET[:9], b"\r\n"], ids=["half-a-head", "empty-line"])
async def test_a_half_closed_client_owes_no_rest_of_a_head(
    front: Front, client: ScriptedTransport, rest: bytes
) -> None:
    wire = await asked(client, front, GET + rest)
    client.protocol.eof_received()
    await answered(client, wire)
    await settle()
    assert client.closing


async def test_a_client_that_half_closes_amid_its_answer_is_not_kept(
    front: Front, client: ScriptedTransport
) -> None:
    """The head has promised a connection that stays, and nothing can come on it any more."""
    wire = await asked(client, front)
    said = answer(200, b"begun and ended")
    wire.feed(said[:-5])
    assert client.protocol.eof_received()
    wire.feed(said[-5:])
    await settle()
    assert client.take().endswith(b"begun and ended")
    assert client.closing


# -- draining


async def test_draining_finishes_what_is_under_way_and_then_closes(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    front.drain()
    front.sweep(20)
    said = await answered(client, wire)
    assert statuses(said) == [b"200"]
    assert b"Connection: close\r\n" in said
    assert client.ended


async def test_draining_leaves_an_idle_client_a_moment_for_what_is_on_its_way(
    front: Front, client: ScriptedTransport
) -> None:
    await answered(client, await asked(client, front))
    front.drain()
    front.sweep(DRAIN_GRACE - 0.1)
    assert not client.closing
    front.sweep(0.2)
    assert client.closing


# -- backpressure


async def test_a_slow_client_holds_the_backend(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front)
    client.protocol.pause_writing()
    wire.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(5):
        if wire.reading:
            wire.feed(b"x" * 65536)
        await settle()
    assert not wire.reading
    client.protocol.resume_writing()
    await settle()
    assert wire.reading


async def test_a_slow_backend_holds_the_client(front: Front, client: ScriptedTransport) -> None:
    front.apply("server: {timeouts: {body_idle: 10s}}")
    wire = await asked(client, front, POST.replace(b": 4", b": 1000000"))
    wire.protocol.pause_writing()
    for _ in range(4):
        if client.reading:
            client.feed(b"x" * 65536)
        await settle()
    assert not client.reading
    front.sweep(11)
    assert not client.sent, "the backend is slow, not the client"
    wire.protocol.resume_writing()
    await settle()
    assert client.reading


async def test_a_backend_that_takes_nothing_of_an_upload_is_given_up(
    front: Front, client: ScriptedTransport
) -> None:
    front.apply("")
    wire = await asked(client, front, POST.replace(b": 4", b": 1000000"))
    wire.protocol.pause_writing()
    for _ in range(4):
        if client.reading:
            client.feed(b"x" * 65536)
        await settle()
    front.sweep(61)
    await settle()
    assert statuses(client.sent) == [b"504"]
    assert b"outcome-unknown" in client.sent
    assert wire.closing


async def test_an_answer_that_waits_for_its_client_goes_with_it(
    front: Front, client: ScriptedTransport
) -> None:
    wire = await asked(client, front)
    wire.feed(answer(200, b"x" * 10)[:-5])
    await settle()
    client.protocol.pause_writing()
    wire.feed(b"xx")
    await settle()
    client.take()
    client.lose()
    await settle()
    assert client.sent == b""
    assert wire.closing


# -- upgrades


async def test_after_101_bytes_go_both_ways(front: Front, client: ScriptedTransport) -> None:
    wire = await asked(client, front, UPGRADE + b"early")
    wire.take()
    said = await answered(client, wire, SWITCHING + b"hello")
    assert statuses(said) == [b"101"]
    assert said.endswith(b"hello")
    await settle()
    client.feed(b"GET / is no request here\r\n\r\n")
    assert wire.take() == b"earlyGET / is no request here\r\n\r\n"
    wire.lose()
    await settle()
    assert client.ended or client.closing


@pytest.mark.parametrize("early", [False, True], ids=["after-101", "before-101"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_that_a_tunnels_client_says_no_more_is_passed_on(
    front: Front, client: ScriptedTransport, early: bool, secure: bool
) -> None:
    """Behind the bytes that came with the handshake; over TLS the backend would not be heard any more."""
    wire = await asked(client, front, UPGRADE + b"over")
    if secure:
        wire.secure()
    if early:
        client.protocol.eof_received()
    wire.feed(SWITCHING)
    if not early:
        client.protocol.eof_received()
    await settle()
    assert wire.sent.endswith(b"\r\n\r\nover")
    assert wire.ended is not secure
    client.take()
    wire.feed(b"and out")
    assert client.take() == b"and out"
    front.sweep(HALF_CLOSED_GRACE + 0.1)
    await settle()
    assert client.closing and wire.closing


# -- more connections than allowed


async def test_who_is_turned_away_takes_no_place(front: Front, client: ScriptedTransport) -> None:
    """They are told so while it can be afforded; as soon as somebody leaves, the next one is served."""
    second, turned = front.client()[0], [front.client()[0] for _ in range(3)]
    assert [statuses(each.sent) for each in turned] == [[b"503"], [b"503"], []]
    assert [each.aborted for each in turned] == [False, False, True]
    second.lose()
    third, _ = front.client()
    await answered(third, await asked(third, front))
    assert not third.ended
    for each in (*turned[:2], third):
        each.lose()
    await settle()
    assert front.gateway.turned_away == 0
    for each in (second, *turned, third):
        each.release()
