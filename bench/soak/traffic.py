"""The soak's clients: requests of many shapes, each with the one answer that is right."""

import asyncio
import contextlib
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import h11

from bench.backend import body_of

PATIENCE = 45.0  # seconds; an exchange that takes longer hangs
OWN_ANSWERS = {502, 503, 504}  # what a proxy may say about a backend that is away
PIECE = 16 * 1024


class End(Enum):
    """How one exchange ended."""

    RIGHT = "right"
    LEFT = "client left"  # the client went away on purpose
    REFUSED = "refused"  # problem+json from the proxy
    CUT = "cut"  # the connection ended before the answer did, and the client can tell
    WRONG = "wrong"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `leave_after`: bytes after which the client goes away; `slowly`: it reads in sips."""

    method: str
    target: str
    expected: bytes
    body: bytes = b""
    chunked: bool = False
    leave_after: int | None = None
    slowly: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How an exchange ended, and why it is not right, for people."""

    end: End
    why: str = ""


def asks(dice: random.Random) -> Iterator[Ask]:
    """An endless mix: mostly small answers; large, dripping and uploaded ones; clients that leave."""
    shapes = (small, large, dripping, upload, chunked_upload, leaving, sipping)
    while True:
        (shape,) = dice.choices(shapes, weights=(50, 10, 10, 15, 10, 3, 2))
        yield shape(dice)


def small(dice: random.Random) -> Ask:
    return fetch(dice, dice.randrange(4096))


def large(dice: random.Random) -> Ask:
    return fetch(dice, dice.randrange(64 * 1024, 2 * 1024 * 1024))


def dripping(dice: random.Random) -> Ask:
    return fetch(dice, dice.randrange(1, 64 * 1024), f"?pieces={dice.randint(2, 8)}&pause=0.02")


def leaving(dice: random.Random) -> Ask:
    return fetch(dice, 1024 * 1024, leave_after=dice.randrange(512 * 1024))


def sipping(dice: random.Random) -> Ask:
    return fetch(dice, 512 * 1024, slowly=True)


def fetch(
    dice: random.Random, size: int, query: str = "", leave_after: int | None = None, slowly: bool = False
) -> Ask:
    seed = dice.randrange(1 << 30)
    target = f"/bytes/{seed}/{size}{query}"
    return Ask("GET", target, body_of(seed, size), leave_after=leave_after, slowly=slowly)


def upload(dice: random.Random, chunked: bool = False) -> Ask:
    body = dice.randbytes(dice.randrange(1, 300 * 1024))
    return Ask("POST", "/echo", body, body, chunked)


def chunked_upload(dice: random.Random) -> Ask:
    return upload(dice, chunked=True)


class Client:
    """One client: keeps its connection while it may, else opens another. h11 judges the framing."""

    def __init__(self, port: int, name: str) -> None:
        self.port = port
        self.name = name
        self.http = h11.Connection(h11.CLIENT)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, ask: Ask) -> Ended:
        """Sends one request and judges what comes back."""
        ended = Ended(End.HUNG, f"no end within {PATIENCE:g} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                ended = await self._exchange(ask)
        if ended.end is not End.RIGHT or self.http.our_state is not h11.DONE:
            await self.close()
        else:
            self._reuse()
        return ended

    async def close(self) -> None:
        if self.streams:
            self.streams[1].close()
            with contextlib.suppress(OSError):
                await self.streams[1].wait_closed()
        self.streams = None

    async def _exchange(self, ask: Ask) -> Ended:
        try:
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
                self.http = h11.Connection(h11.CLIENT)
            sending = asyncio.create_task(self._send(ask, self.streams[1]))
            try:
                return await self._receive(ask, self.streams[0])
            finally:
                await _finish(sending)
        except OSError as error:
            return Ended(End.CUT, str(error))

    async def _send(self, ask: Ask, writer: asyncio.StreamWriter) -> None:
        """Sends while the answer may already be coming; whoever reads the answer sees what goes wrong."""
        headers = [("Host", "soak"), ("X-Merchant-Id", self.name)]
        if ask.method == "POST":
            headers.append(
                ("Transfer-Encoding", "chunked") if ask.chunked else ("Content-Length", str(len(ask.body)))
            )
        pieces = [ask.body[at : at + PIECE] for at in range(0, len(ask.body), PIECE)]
        events = [h11.Request(method=ask.method, target=ask.target, headers=headers)]
        with contextlib.suppress(OSError, h11.LocalProtocolError):
            for event in [*events, *(h11.Data(data=piece) for piece in pieces), h11.EndOfMessage()]:
                writer.write(self.http.send(event) or b"")
                await writer.drain()

    async def _receive(self, ask: Ask, reader: asyncio.StreamReader) -> Ended:
        """Reads the answer to its end, to the connection's end, or to where this client means to leave."""
        answer: h11.Response | None = None
        body = bytearray()
        gone = False
        while True:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as error:
                return Ended(End.CUT if gone else End.WRONG, str(error))
            match event:
                case h11.NEED_DATA:
                    data = await reader.read(4096 if ask.slowly else 65536)
                    gone = not data
                    self.http.receive_data(data)
                    await asyncio.sleep(0.005 if ask.slowly else 0)
                case h11.Response():
                    answer = event
                case h11.Data():
                    body += event.data
                    if ask.leave_after is not None and len(body) > ask.leave_after:
                        return Ended(End.LEFT)
                case h11.EndOfMessage() if answer:
                    return judge(ask, answer.status_code, dict(answer.headers), bytes(body))
                case _:
                    return Ended(End.CUT, "closed without an answer")

    def _reuse(self) -> None:
        if self.http.their_state is h11.DONE:
            self.http.start_next_cycle()


def judge(ask: Ask, status: int, headers: dict[bytes, bytes], body: bytes) -> Ended:
    """Compares a complete answer with the right one."""
    if status in OWN_ANSWERS and headers.get(b"content-type") == b"application/problem+json":
        return Ended(End.REFUSED, f"{status}")
    if status != 200:
        return Ended(End.WRONG, f"{ask.method} {ask.target} was answered {status} {body[:200]!r}")
    if checksum(body) != checksum(ask.expected):
        sizes = f"{len(body)} bytes instead of {len(ask.expected)}"
        return Ended(End.WRONG, f"{ask.method} {ask.target} was answered other bytes ({sizes})")
    return Ended(End.RIGHT)


def checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


async def _finish(sending: asyncio.Task[None]) -> None:
    """Whatever came of the request's body: the answer is in, nobody waits for the rest."""
    sending.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await sending
