"""The ASGI lane's cycle: an ASGI application answers a request on a client connection of ours.

Unlike uvicorn's own cycle it keeps what ASGI has no words for: reason phrases, interim responses, raw heads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from proxy.forward.cycle import Carrier, Cycle
from proxy.forward.headers import Peer
from proxy.forward.plan import NeedsForm, Plan
from proxy.forward.problems import BROKEN, problem_response
from proxy.http1.request import Request
from proxy.http1.response import (
    Framing,
    Response,
    chunk,
    framing_for,
    interim_head,
    last_chunk,
    response_head,
)
from proxy.routing.head import Field
from proxy.upstream.failures import Problem
from proxy.upstream.news import News

Message = dict[str, Any]
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

_VERSION: Final = {"version": "3.0", "spec_version": "2.4"}
_HTTP: Final = ("1.0", "1.1")
_ESCAPE: Final = ord("%")

UPLOAD_HIGH_WATER: Final = 64 * 1024
"""Bytes of a request's body that wait for the application before reading pauses."""

CYCLE: Final = "banyan.cycle"
"""The extension that is the cycle itself: what it knows of the request that a scope does not say."""
RESPONSE: Final = "banyan.response"
"""The head itself, in the message that begins a response; what that says in ASGI's words is for others."""
INTERIM: Final = "banyan.interim"
TRAILERS: Final = "banyan.trailers"


class Host(Carrier, Protocol):
    """The client connection, with what running an application needs."""

    def new_request_id(self) -> bytes: ...
    @property
    def app(self) -> App: ...
    @property
    def app_state(self) -> dict[str, Any]: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    @property
    def tasks(self) -> set[asyncio.Task[None]]: ...


class AsgiCycle(Cycle):
    """Runs the application in a task; the body waits for `receive`, `send` waits for the client."""

    __slots__ = (
        "_end_told", "_ended", "_expects_trailers", "_framing", "_full", "_gone", "_held", "_host",
        "_keep_alive", "_news", "_on_gone", "_pieces", "_room", "_task", "_trailers", "_waiting", "complete",
        "peer", "plan", "refused", "request", "started",
    )  # fmt: skip

    def __init__(self, host: Host, request: Request, peer: Peer, plan: Plan | NeedsForm) -> None:
        self._host = host
        self.request = request
        self.peer = peer
        self.plan = plan
        self.complete = request.length == 0
        """Whether all of the body has come; some of it may wait for `receive`."""
        self.refused: Problem | None = None
        """What the request was answered with by its connection, over the application's head."""
        self.started = False
        self._task: asyncio.Task[None] | None = None
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._end_told = False
        self._trailers: list[Field] = []
        self._gone = False
        self._on_gone: Callable[[], None] | None = None
        self._news = News(host.loop)
        self._full = False
        self._room = News(host.loop)
        self._framing = Framing.NONE
        self._keep_alive = False
        self._ended = False
        self._held = b""  # leaves with the bytes that come next, as one write
        self._expects_trailers = False

    # -- told by the client's connection

    def begin(self) -> None:
        self._task = self._host.loop.create_task(self._run())
        self._host.tasks.add(self._task)

    def body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > UPLOAD_HIGH_WATER:
            self._host.pause_upload()
        self._news.tell()

    def body_done(self, trailers: list[Field]) -> None:
        self.complete = True
        self._trailers = trailers
        self._news.tell()

    def abandon(self, why: str) -> None:
        self._gone = True
        self._news.tell()
        self._room.tell()
        if self._on_gone is not None:
            self._on_gone()

    def refuse(self, problem: Problem) -> None:
        self.refused = problem
        self._answer(problem)
        self.abandon(problem.slug)

    def hold(self, full: bool) -> None:
        self._full = full
        if not full:
            self._room.tell()

    # -- the application's side

    def on_gone(self, tell: Callable[[], None]) -> None:
        """What to call when the client is gone, for an application that is not waiting in `receive` then."""
        self._on_gone = tell
        if self._gone:
            tell()

    def take_body(self) -> Message:
        """What has come of the body, as `receive` says it."""
        data = b"".join(self._pieces)
        if data:
            self._pieces.clear()
            self._waiting = 0
            self._host.resume_upload()
        self._end_told = self.complete
        return {
            "type": "http.request",
            "body": data,
            "more_body": not self.complete,
            TRAILERS: self._trailers,
        }

    async def _run(self) -> None:
        try:
            await self._host.app(self._scope(), self._receive, self._send)
        finally:
            if not self._ended and not self._gone:
                self._fell_short()
            if self._task is not None:
                self._host.tasks.discard(self._task)
                self._task = None  # it holds this cycle: without the circle no collector is needed

    def _fell_short(self) -> None:
        """The application ended without a whole response."""
        if self.started:
            self._ended = True
            self._host.cut(self._framing is Framing.CLOSE)
        else:
            self._answer(BROKEN)

    async def _receive(self) -> Message:
        while not self._gone and not self._ended:
            if self._pieces or (self.complete and not self._end_told):
                return self.take_body()
            await self._news.next()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        while self._full and not self._gone:
            await self._room.next()
        if self._gone:
            return
        kind = message["type"]
        if kind == "http.response.body":
            self._body(message)
        elif kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.trailers":
            trailers = [
                (name.lower(), b"%b: %b" % (name, value), value) for name, value in message["headers"]
            ]
            self._end(self._held, trailers)
        elif kind == INTERIM and self.request.head.minor == 1:
            self._host.write(interim_head(message["status"], message["reason"], message["fields"]))

    def _start(self, message: Message) -> None:
        response: Response = message[RESPONSE]
        framing = self._framing = framing_for(response, self.request)
        self._keep_alive = (
            framing is not Framing.CLOSE and self.complete and self._host.may_keep_alive(self.request)
        )
        self._held = response_head(response, self.request, framing, self._keep_alive)
        self._expects_trailers = bool(message.get("trailers"))
        self.started = True

    def _body(self, message: Message) -> None:
        data: bytes = message.get("body", b"")
        if self._framing is Framing.NONE:
            data = b""
        elif self._framing is Framing.CHUNKED and data:
            data = chunk(data)
        if self._held:
            data = self._held + data
            self._held = b""
        if message.get("more_body", False):
            if data:
                self._host.write(data)
        elif self._expects_trailers:
            self._held = data
        else:
            self._end(data, [])

    def _end(self, data: bytes, trailers: list[Field]) -> None:
        if self._framing is Framing.CHUNKED:
            data += last_chunk(trailers)
        if data:
            self._host.write(data)
        self._ended = True
        self._news.tell()
        self._host.done(self._keep_alive)

    def _answer(self, problem: Problem) -> None:
        request = self.request
        response, body = problem_response(
            problem, self._host.new_request_id(), request.head.method == b"HEAD"
        )
        self.started = self._ended = True
        self._host.write(response_head(response, request, framing_for(response, request), False) + body)
        self._host.done(False)

    def _scope(self) -> dict[str, Any]:
        head, peer = self.request.head, self.peer
        raw_path, _, query = head.target.partition(b"?")
        path = unquote_to_bytes(raw_path) if _ESCAPE in raw_path else raw_path
        return {
            "type": "http",
            "asgi": _VERSION,
            "http_version": _HTTP[head.minor],
            "method": head.method.decode("ascii"),
            "scheme": "https" if peer.secure else "http",
            "path": path.decode("utf-8", "replace"),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": [(lower, value) for lower, _, value in head.fields],
            "client": (peer.address, 0),
            "server": None,
            "state": self._host.app_state.copy(),
            "extensions": {"http.response.trailers": {}, INTERIM: {}, CYCLE: self},
        }
