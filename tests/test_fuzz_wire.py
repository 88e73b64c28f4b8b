"""Random edits of HTTP/1 messages, through the running proxy, judged by a strict reader on both ends.

`make test` tries some; `make fuzz` tries many.
"""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import test_wire_chunks, test_wire_responses, test_wire_smuggling
from tests.support import strict
from tests.support.banyan import Banyan
from tests.support.hostile import SMUGGLED
from tests.support.mutations import CUTS, edited, pieces
from tests.support.origin import Origin, answer, echo
from tests.support.strict import Malformed, Message, Stream, Truncated
from tests.support.wire import Wire, request, response

REQUESTS = [
    request(b"/a", b"X-A: 1") + SMUGGLED,
    request(b"/b", method=b"POST", body=b"hello") + SMUGGLED,
    test_wire_chunks.HEAD + b"5;a=b\r\nhello\r\n0\r\nX-A: 1\r\n\r\n" + SMUGGLED,
    *(test_wire_chunks.HEAD + body + SMUGGLED for body in test_wire_chunks.REFUSED.values()),
    *test_wire_smuggling.REFUSED.values(),
    *test_wire_smuggling.ONE_RIGHT_READING.values(),
]

RESPONSES = [
    response(b"200 OK", b"X-A: 1", body=b"hello"),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-A: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + response(body=b"hello"),
    b"HTTP/1.0 200 OK\r\n\r\nhello",
    *test_wire_responses.BROKEN.values(),
    *test_wire_responses.TRUNCATED.values(),
]


NO_REASON = re.compile(rb"\A(HTTP/1\.[01] [0-9]{3})\r\n")


class Nothing:
    """A connection on which nothing comes any more."""

    def recv(self, size: int, /) -> bytes:
        return b""


def whole(data: bytes) -> Stream:
    """A stream of exactly these bytes."""
    stream = Stream(Nothing())
    stream.buffer = data
    return stream


def requests_in(data: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Method, target and body of each whole request before the first byte that is not strict HTTP/1."""
    stream, found, body = whole(data), list[tuple[bytes, bytes, bytes]](), bytearray()
    try:
        while True:
            while stream.buffer.startswith(b"\r\n"):  # RFC 9112 §2.2
                stream.buffer = stream.buffer[2:]
            if (head := strict.read_request_head(stream)) is None:
                return found
            body.clear()
            strict.read_body(stream, strict.body_length(head) or 0, body.extend, extensions=True)
            found.append((head.start[0], head.start[1], bytes(body)))
    except (Malformed, Truncated):
        return found


def status_head(stream: Stream) -> Message:
    """The next response head; the space after the status may be missing, as many origins have it."""
    stream.buffer = NO_REASON.sub(rb"\1 \r\n", stream.buffer)
    return strict.read_status_head(stream)


def body_in(data: bytes) -> bytes | None:
    """The body of the one final response in these bytes; None if they are not strict HTTP/1, or cut."""
    stream, body = whole(data.lstrip(b"\r\n")), bytearray()
    try:
        while (head := status_head(stream)).start[1].startswith(b"1"):
            if head.start[1] == b"101":
                return None
        length = 0 if head.start[1] in (b"204", b"304") else strict.body_length(head)
        if length is None:
            return stream.rest()
        strict.read_body(stream, length, body.extend, extensions=True)
    except (Malformed, Truncated):
        return None
    return bytes(body)


@given(sent=edited(REQUESTS), cuts=CUTS)
@settings(deadline=None)
def test_the_origin_sees_no_request_but_those_that_were_sent(
    main_proxy: Banyan, main_origin: Origin, sent: bytes, cuts: list[int]
) -> None:
    """What arrives is strict HTTP/1, and what a strict reader finds in the sent bytes, in that order.

    Of these the later ones may be missing, and any that a worker on a busy machine has refused as overloaded.
    """
    main_origin.forget()
    with Wire(main_proxy.address) as wire:
        for piece in pieces(sent, cuts):
            wire.send(piece)
        wire.half_close()
        wire.stream.rest()
    arrived = [(seen.method, bytes(seen.body)) for seen in main_origin.complete()]
    wanted = [(method, body) for method, _, body in requests_in(sent)]
    left = iter(wanted)
    assert all(one in left for one in arrived), (arrived, wanted)
    assert main_origin.violations == []


@given(sent=edited(RESPONSES), method=st.sampled_from([b"GET", b"HEAD"]))
@settings(deadline=None)
def test_a_client_sees_no_response_but_the_one_that_was_sent(
    main_proxy: Banyan, main_origin: Origin, sent: bytes, method: bytes
) -> None:
    """The origin's response, a cut part of it, or a 502; and the next answer is the next one."""
    main_origin.forget()
    main_origin.plays(answer(sent, close=True), echo)
    with Wire(main_proxy.address) as wire:
        answered = wire.ask(request(b"/fuzz", method=method))
        if answered.status != 502 and answered.complete and method != b"HEAD":
            assert answered.body in (body_in(sent), b"GET /fuzz ")  # the latter from a retry
    with Wire(main_proxy.address) as wire:
        assert wire.ask(request(b"/next")).body == b"GET /next "


@pytest.fixture(scope="module", autouse=True)
def no_worker_died(main_proxy: Banyan) -> Iterator[None]:
    """Whatever was thrown at it, the process that answered first still answers."""
    before = main_proxy.workers()
    yield
    assert main_proxy.workers() == before
