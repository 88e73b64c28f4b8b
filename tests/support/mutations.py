"""Bytes that are almost HTTP/1: valid and invalid messages with a few edits where parsers tend to differ."""

from itertools import pairwise

from hypothesis import strategies as st

FRAGMENTS = [
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b" ", b"\t", b"\x00", b"\x0b", b"\x0c", b"\x7f", b"\x80"),
    *(b"\x85", b"\xa0", b"\xff", b":", b",", b";", b'"', b"_", b"0", b"5", b"0x", b"-", b"+", b"fffffffff"),
    *(b"chunked", b"identity", b"Content-Length", b"Transfer-Encoding", b"Host", b"HTTP/1.0", b"HTTP/1.1"),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Host: b\r\n"),
    *(b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"X: y\r\n"),
    *(b"0\r\n\r\n", b"5\r\nhello\r\n", b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", b" HTTP/1.1"),
    b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
]


@st.composite
def edited(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One of the seeds with up to four edits: insert, overwrite, delete, repeat."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["insert", "overwrite", "delete", "repeat", "byte"])):
            case "insert":
                data = data[:at] + draw(st.sampled_from(FRAGMENTS)) + data[at:]
            case "overwrite":
                data = data[:at] + draw(st.sampled_from(FRAGMENTS)) + data[end:]
            case "delete":
                data = data[:at] + data[end:]
            case "repeat":
                data = data[:end] + data[at:]
            case _:
                data = data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    return data


CUTS = st.lists(st.integers(0, 400), max_size=3)
"""Where a message is cut into pieces that are sent one by one."""


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]
