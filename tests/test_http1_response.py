"""A response's head on its way to the client: framing for this client, lines as they came."""

import pytest

from proxy.http1.fields import parse_field_line
from proxy.http1.request import HeadLimits, Request, parse_request
from proxy.http1.response import (
    Framing,
    Response,
    block_of,
    framing_for,
    interim_head,
    last_chunk,
    response_head,
    switching_head,
)


def request(minor: int = 1) -> Request:
    return parse_request(b"GET / HTTP/1.%d\r\nHost: a\r\n" % minor, HeadLimits())


def response(*lines: bytes, status: int = 200, length: int | None = None, bodiless: bool = False) -> Response:
    return Response(status, b"Fine", block_of(lines), length, bodiless)


@pytest.mark.parametrize(
    ("minor", "length", "bodiless", "framing"),
    [
        (1, 5, False, Framing.COUNTED),
        (1, 0, False, Framing.COUNTED),
        (1, None, False, Framing.CHUNKED),
        (0, None, False, Framing.CLOSE),
        (0, 5, False, Framing.COUNTED),
        (1, 5, True, Framing.NONE),
        (1, None, True, Framing.NONE),
    ],
)
def test_framing_is_what_this_client_understands(
    minor: int, length: int | None, bodiless: bool, framing: Framing
) -> None:
    assert framing_for(response(length=length, bodiless=bodiless), request(minor)) is framing


def test_lines_pass_as_they_came() -> None:
    came = response(b"Set-Cookie: a=1", b"set-cookie:b=2 ", b"Content-Length: 5")
    head = response_head(came, request(), Framing.COUNTED, keep_alive=True)
    assert head == b"HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nset-cookie:b=2 \r\nContent-Length: 5\r\n\r\n"
    assert came.fields[:2] == [
        (b"set-cookie", b"Set-Cookie: a=1", b"a=1"),
        (b"set-cookie", b"set-cookie:b=2 ", b"b=2"),
    ]


def test_connection_says_what_the_version_does_not() -> None:
    assert b"\r\nConnection: close\r\n" in response_head(response(), request(), Framing.NONE, False)
    assert b"\r\nConnection: keep-alive\r\n" in response_head(response(), request(0), Framing.NONE, True)
    chunked = response_head(response(), request(), Framing.CHUNKED, True)
    assert chunked == b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_interim_and_switching_heads() -> None:
    came = response(b"Link: </a>")
    assert interim_head(103, b"Early Hints", came.fields) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert switching_head(came, b"websocket") == (
        b"HTTP/1.1 101 Fine\r\nLink: </a>\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )


def test_trailers_pass_as_they_came_and_the_hops_own_end_here() -> None:
    lines = (b"x-Sum:1 ", b"Connection: close", b"Content-Length: 5", b"X-Sum: 2")
    assert last_chunk([parse_field_line(line) for line in lines]) == b"0\r\nx-Sum:1 \r\nX-Sum: 2\r\n\r\n"
