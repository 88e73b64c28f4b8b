"""Heads of responses: one reading, what ends at this hop taken out, everything else as it came."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http1.answer import Answer, parse_answer

OK = b"HTTP/1.1 200 OK"
LENGTH = b"Content-Length: 5"
CHUNKED = b"Transfer-Encoding: chunked"


def parsed(*lines: bytes, start: bytes = OK, is_head: bool = False) -> Answer | None:
    return parse_answer(b"\r\n".join([start, *lines, b""]), is_head)


def answer(*lines: bytes, start: bytes = OK, is_head: bool = False) -> Answer:
    found = parsed(*lines, start=start, is_head=is_head)
    assert found is not None
    return found


def test_lines_pass_as_they_came_and_the_hops_own_end_here() -> None:
    found = answer(
        b"Set-Cookie: a=1",
        b"Connection: close, X-Hop, Content-Length",
        b"X-Hop: 1",
        b"x-hop: 2",
        b"Keep-Alive: timeout=5",
        b"set-cookie:b=2 ",
        b"UPGRADE: h2c",
        b"Content-Length:  5",
        b"X_Odd-1!: \xe9\t",
    )
    assert found.lines == b"Set-Cookie: a=1\r\nset-cookie:b=2 \r\nContent-Length:  5\r\nX_Odd-1!: \xe9\t\r\n"
    assert (found.length, found.chunked, found.reusable, found.switches) == (5, False, False, False)


def test_nothing_but_a_status() -> None:
    found = answer()
    assert (found.status, found.reason, found.lines, found.fields) == (200, b"OK", b"", [])
    assert (found.length, found.chunked, found.bodiless) == (None, False, False)


@pytest.mark.parametrize(
    ("start", "status", "reason"),
    [
        (b"HTTP/1.1 404 Not Found", 404, b"Not Found"),
        (b"HTTP/1.0 200 ", 200, b""),
        (b"HTTP/1.1 299", 299, b""),
        (b"HTTP/1.1 999  \xe9\t", 999, b" \xe9\t"),
    ],
)
def test_status_lines(start: bytes, status: int, reason: bytes) -> None:
    found = answer(start=start)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("start", "lines", "reusable"),
    [
        (OK, [], True),
        (OK, [b"Connection: Keep-Alive"], True),
        (OK, [b"Connection: x", b"Connection: Close"], False),
        (b"HTTP/1.0 200 OK", [], False),
        (b"HTTP/1.0 200 OK", [b"connection: keep-alive"], True),
        (b"HTTP/1.0 200 OK", [b"Connection: keep-alive, close"], False),
    ],
)
def test_whether_the_connection_may_serve_again(start: bytes, lines: list[bytes], reusable: bool) -> None:
    assert answer(*lines, start=start).reusable is reusable


def test_a_coding_and_a_protocol() -> None:
    assert answer(b"TRANSFER-ENCODING:CHUNKED").chunked
    start = b"HTTP/1.1 101 Switching Protocols"
    assert answer(b"Connection: Upgrade", b"Upgrade: WebSocket", start=start).switches
    assert not answer(b"Connection: Upgrade", b"Upgrade: websocket, h2c", start=start).switches
    assert not answer(b"Connection: Upgrade", b"Upgrade: websocket", b"Upgrade: x", start=start).switches
    assert not answer(b"Connection: x", b"Upgrade: websocket", start=start).switches
    assert not answer(b"Connection: Upgrade", start=start).switches


def test_only_of_websocket_it_is_passed_on_that_an_upgrade_is_required() -> None:
    """RFC 9110 §15.5.22, and §7.8: what this hop cannot switch to is not offered."""
    start = b"HTTP/1.1 426 Upgrade Required"
    kept = answer(b"upgrade: websocket", b"X: 1", b"Connection: upgrade, x-a", b"X-A: 1", start=start).lines
    assert kept == b"X: 1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    assert answer(b"Upgrade: TLS/1.0", b"Connection: Upgrade", start=start).lines == b""
    assert answer(b"Upgrade: websocket", b"Connection: Upgrade").lines == b""


@pytest.mark.parametrize(("status", "is_head"), [(204, False), (304, False), (200, True)])
def test_what_has_no_body(status: int, is_head: bool) -> None:
    assert answer(LENGTH, start=b"HTTP/1.1 %d Fine" % status, is_head=is_head).bodiless


def test_204_and_interim_responses_carry_no_length() -> None:
    assert answer(b"Link: </a>", LENGTH, start=b"HTTP/1.1 103 Early Hints").lines == b"Link: </a>\r\n"
    assert answer(b"X-A: 1", LENGTH, start=b"HTTP/1.1 204 No Content").lines == b"X-A: 1\r\n"
    assert answer(LENGTH, start=b"HTTP/1.1 304 Not Modified").lines == LENGTH + b"\r\n"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1",
        b"HTTP/1.1 20",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1\t200 OK",
        b"HTTP/1.2 200 OK",
        b"http/1.1 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\rK",
    ],
)
def test_what_is_no_status_line(start: bytes) -> None:
    assert parsed(LENGTH, start=start) is None


@pytest.mark.parametrize(
    "lines",
    [
        [LENGTH, LENGTH],
        [LENGTH, CHUNKED],
        [CHUNKED, CHUNKED],
        [b"Transfer-Encoding: gzip"],
        [b"Transfer-Encoding: chunked, chunked"],
        [b"Content-Length: 5, 5"],
        [b"Content-Length: +5"],
        [b"Content-Length:"],
        [b"Content-Length: " + b"1" * 19],
        [b"Content-Length : 5"],
        [b"X-A: a", b" folded"],
        [b"X-A: a", b"\tfolded: a"],
        [b"X-A: a\x01"],
        [b"X-A: a\x7f"],
        [b"X-A: a\nX-B: b"],
        [b"X-A"],
        [b": a"],
        [b"X-\xe9: a"],
        [b"X A: a"],
    ],
)
def test_what_has_no_one_reading(lines: list[bytes]) -> None:
    assert parsed(*lines) is None


def test_chunks_are_unknown_to_http_1_0() -> None:
    assert parsed(CHUNKED, start=b"HTTP/1.0 200 OK") is None


def test_names_are_not_remembered_without_end() -> None:
    for number in range(1100):
        assert answer(b"X-%d: a" % number).lines == b"X-%d: a\r\n" % number
    long = b"x" * 100 + b": a"
    assert answer(long, b"coNNeCTion: close").lines == long + b"\r\n"


NAMES = st.sampled_from([b"X-A", b"Set-Cookie", b"Connection", b"TE", b"Content-Length", b"X B", b""])
VALUES = st.sampled_from([b"", b"1", b"5", b" 5 ", b"close", b"x-a", b"a\x00", b"a\r", b"\xe9", b"te, x"])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_what_passes_is_a_response_to_h11_too(fields: list[tuple[bytes, bytes]]) -> None:
    found = parsed(*(name + b":" + value for name, value in fields))
    if found is None:
        return
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    reader.receive_data(b"HTTP/1.1 200 OK\r\n" + found.lines + b"\r\n")
    event = reader.next_event()
    assert isinstance(event, h11.Response)
    assert event.headers.raw_items() == [(line.partition(b":")[0], value) for _, line, value in found.fields]
