"""A body ends where its framing says, however its bytes arrive; loose framing is refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.http1.body import MAX_CHUNK_LINE, MAX_TRAILERS, Body, body_of
from proxy.http1.errors import BadRequest
from proxy.http1.request import CHUNKED
from proxy.http1.response import chunk, last_chunk


def read(body: Body, pieces: list[bytes]) -> tuple[bytes, bytes, bool]:
    """(the body, what follows it, whether it is complete) when the bytes come in these pieces."""
    got, rest, complete = b"", b"", False
    for piece in pieces:
        if complete:
            rest += piece
            continue
        parts, taken, complete = body.feed(piece)
        got += b"".join(parts)
        rest = piece[taken:]
        assert complete or not rest
    return got, rest, complete


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.binary(max_size=300), st.binary(max_size=30), PLACES)
def test_a_counted_body_ends_after_its_bytes(data: bytes, after: bytes, places: list[int]) -> None:
    if data:
        assert read(body_of(len(data)), cut(data + after, places)) == (data, after, True)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.binary(max_size=30), PLACES)
def test_a_chunked_body_ends_after_its_last_chunk(
    chunks: list[bytes], after: bytes, places: list[int]
) -> None:
    sent = b"".join(map(chunk, chunks)) + last_chunk([])
    assert read(body_of(CHUNKED), cut(sent + after, places)) == (b"".join(chunks), after, True)


def test_extensions_are_read_over_and_trailers_are_kept() -> None:
    body = body_of(CHUNKED)
    sent = b'3;a=b;c="d e"\r\nabc\r\n2 ;x\r\nde\r\n0;end\r\nX-Sum: 5\r\nX-B:\r\n\r\nGET'
    assert read(body, [sent]) == (b"abcde", b"GET", True)
    assert body.trailers == [(b"x-sum", b"X-Sum: 5", b"5"), (b"x-b", b"X-B:", b"")]
    assert last_chunk(body.trailers) == b"0\r\nX-Sum: 5\r\nX-B:\r\n\r\n"


BROKEN = {
    "not hexadecimal": b"xyz\r\n",
    "prefixed": b"0x3\r\nabc\r\n",
    "signed": b"+3\r\nabc\r\n",
    "spaced": b" 3\r\nabc\r\n",
    "trailing space": b"3 \r\nabc\r\n",
    "empty": b"\r\n",
    "overflowing": b"1" * 16 + b"\r\n",
    "ended by LF": b"3\nabc\r\n",
    "LF in an extension": b"3;a\nb\r\nabc\r\n",
    "CR in an extension": b"3;a\rb\r\nabc\r\n",
    "longer than said": b"3\r\nabcd\r\n",
    "shorter than said": b"3\r\nab\r\n0\r\n\r\n",
    "LF after the data": b"3\r\nabc\n0\r\n\r\n",
    "endless size line": b"1;" + b"a" * MAX_CHUNK_LINE,
    "folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "trailers ended by LF": b"0\r\n\n",
    "trailer ended by LF": b"0\r\nA: b\n",
    "length in trailers": b"0\r\nContent-Length: 5\r\n\r\n",
    "coding in trailers": b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "sender in trailers": b"0\r\nX-Forwarded-For: 127.0.0.1\r\n\r\n",
    "httpoxy in trailers": b"0\r\nProxy: evil:8080\r\n\r\n",
    "underscore in trailers": b"0\r\nX_User: root\r\n\r\n",
    "host in trailers": b"0\r\nHost: other\r\n\r\n",
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("whole", [True, False], ids=["at once", "byte by byte"])
def test_a_chunk_that_two_servers_could_read_in_two_ways_is_refused(sent: bytes, whole: bool) -> None:
    pieces = [sent] if whole else [sent[at : at + 1] for at in range(len(sent))]
    with pytest.raises(BadRequest) as refusal:
        read(body_of(CHUNKED), pieces)
    assert refusal.value.slug == "bad-request"


def test_trailers_have_a_limit() -> None:
    with pytest.raises(BadRequest) as refusal:
        read(body_of(CHUNKED), [b"0\r\n", b"A: b\r\n" * (MAX_TRAILERS // 6 + 1)])
    assert refusal.value.slug == "headers-too-large"


@given(st.binary(max_size=120), PLACES)
def test_no_bytes_make_the_reader_fail_in_another_way(noise: bytes, places: list[int]) -> None:
    try:
        read(body_of(CHUNKED), cut(noise, places))
    except BadRequest as refusal:
        assert refusal.slug == "bad-request"
