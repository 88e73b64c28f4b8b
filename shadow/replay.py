"""Send a request to a backend once more and observe what comes back: a failure is data, not an error."""

import asyncio
import re
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

import httpx

from shadow.compare import Answer
from shadow.exchange import Exchange, Fields, SkipReason

_LEFT_OUT = frozenset({b"transfer-encoding", b"content-length", b"expect"})
"""Of this hop: the body is whole by now, and httpx frames it anew."""
_MARK = b"X-Banyan-Shadow"
_TRACEPARENT = re.compile(rb"(?i)(\r\ntraceparent: 00-[0-9a-f]{32}-)[0-9a-f]{16}")


class Resting(Exception):
    """The backend is not to be asked now: its breaker is open, or it has more to do than it is allowed."""


class Failure(StrEnum):
    """Why there is no answer, in the words of the diff log."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    RESET = "reset"
    PROTOCOL = "protocol"


_FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (TimeoutError, Failure.TIMEOUT),
    (httpx.PoolTimeout, Failure.CONNECT),
    (httpx.ConnectTimeout, Failure.CONNECT),
    (httpx.TimeoutException, Failure.TIMEOUT),
    (httpx.ConnectError, Failure.CONNECT),
    (httpx.ProtocolError, Failure.PROTOCOL),
    (httpx.TransportError, Failure.RESET),
)
"""The first row that fits."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of a request: an answer, a failure, or why none was wanted. `ms` to the end."""

    ms: float
    answer: Answer | None = None
    failure: Failure | None = None
    skip: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it is sent: its head ended by the empty line, its whole body."""

    backend: str
    head: bytes
    body: bytes

    @classmethod
    def to_shadow(cls, exchange: Exchange) -> "Call":
        """The request that the other side is to answer."""
        head = exchange.replay_head or _marked(_retargeted(exchange.primary_head, exchange.replay_target))
        return cls(exchange.shadow_backend, head, exchange.request_body)

    @classmethod
    def to_primary(cls, exchange: Exchange) -> "Call":
        """The request that the client's own side answered, marked as no client's."""
        return cls(exchange.primary_backend, _marked(exchange.primary_head), exchange.request_body)


async def observe(
    transport: httpx.AsyncBaseTransport, call: Call, patience: float, max_body: int
) -> Observation:
    """Send the call and read the answer, in at most `patience` seconds and `max_body` bytes."""
    began = time.perf_counter()
    answer, failure, skip = None, None, None
    try:
        async with asyncio.timeout(patience):
            answer = await _answer(transport, _request(call), max_body)
    except Resting:
        skip = SkipReason.BREAKER_OPEN
    except (httpx.TransportError, TimeoutError) as error:
        failure = next(said for kind, said in _FAILURES if isinstance(error, kind))
    else:
        skip = SkipReason.TOO_LARGE if answer is None else None
    return Observation((time.perf_counter() - began) * 1000, answer, failure, skip)


async def _answer(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, max_body: int
) -> Answer | None:
    """The answer; None when its body is larger than that. One that broke off is not complete."""
    response = await transport.handle_async_request(request)
    pieces: list[bytes] = []
    left, complete = max_body, True
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        async for piece in response.stream:
            left -= len(piece)
            if left < 0:
                return None
            pieces.append(piece)
    except (httpx.RemoteProtocolError, httpx.ReadError):
        complete = False
    finally:
        await response.aclose()
    return Answer(response.status_code, response.headers.raw, b"".join(pieces), complete)


def _request(call: Call) -> httpx.Request:
    """The call for httpx, with target and fields as they are. The url only says what httpx insists on."""
    method, target, fields = parse_head(call.head)
    return httpx.Request(
        method.decode("ascii"),
        "http://backend/",
        headers=[(name, value) for name, value in fields if name.lower() not in _LEFT_OUT],
        content=call.body or None,
        extensions={"target": target},
    )


def parse_head(head: bytes) -> tuple[bytes, bytes, Fields]:
    """Method, target and fields of a head that the data plane wrote: one field a line, none folded."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, _ = first.split(b" ")
    parts = (line.partition(b":") for line in lines)
    return method, target, [(name, value.strip(b" \t")) for name, _, value in parts]


def _retargeted(head: bytes, target: bytes) -> bytes:
    """The same head with another target."""
    method, _, rest = head.partition(b" ")
    return b"%b %b %b" % (method, target, rest.partition(b" ")[2])


def _marked(head: bytes) -> bytes:
    """A client's head as that of a mirrored request: marked, and with a span of its own."""
    span = secrets.token_hex(8).encode()
    head = _TRACEPARENT.sub(lambda found: found[1] + span, head, count=1)
    return head.removesuffix(b"\r\n") + _MARK + b": 1\r\n\r\n"
