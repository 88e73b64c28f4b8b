"""The ASGI lane's cycle: an ASGI application answers a request on a client connection of ours.

Unlike uvicorn's own cycle it keeps what ASGI has no words for: reason phrases, interim responses, raw heads.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from proxy.forward.cycle import Carrier, Cycle
from proxy.forward.headers import Peer
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

Message = MutableMapping[str, Any]
App = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

UPLOAD_HIGH_WATER: Final = 64 * 1024
"""Bytes of a request's body that wait for the application before reading pauses."""

REQUEST: Final = "banyan.request"
PEER: Final = "banyan.peer"
RESPONSE: Final = "banyan.response"
INTERIM: Final = "banyan.interim"
GONE: Final = "banyan.gone"
"""What to call when the client is gone, for an application that is not waiting in `receive` just then."""
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

    def __init__(self, host: Host, request: Request, peer: Peer) -> None:
        self._host = host
        self._request = request
        self._peer = peer
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._complete = request.length == 0
        self._trailers: list[Field] = []
        self._gone = False
        self._on_gone: list[Callable[[], None]] = []
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._framing = Framing.NONE
        self._keep_alive = False
        self._ended = False
        self._head = b""
        self._expects_trailers = False
        self._trailers_told = False
        self.started = False

    # -- told by the client's connection

    def begin(self) -> None:
        task = self._host.loop.create_task(self._run())
        self._host.tasks.add(task)
        task.add_done_callback(self._host.tasks.discard)

    def body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > UPLOAD_HIGH_WATER:
            self._host.pause_upload()
        self._news.set()

    def body_done(self, trailers: list[Field]) -> None:
        self._complete = True
        self._trailers = trailers
        self._news.set()

    def abandon(self, why: str) -> None:
        self._gone = True
        self._news.set()
        self._writable.set()
        for tell in self._on_gone:
            tell()

    def refuse(self, problem: Problem) -> None:
        self._answer(problem)
        self.abandon(problem.slug)

    def hold(self, full: bool) -> None:
        if full:
            self._writable.clear()
        else:
            self._writable.set()

    # -- the application's side

    async def _run(self) -> None:
        try:
            await self._host.app(self._scope(), self._receive, self._send)
        finally:
            if not self._ended and not self._gone:
                self._fell_short()

    def _fell_short(self) -> None:
        """The application ended without a whole response."""
        if self.started:
            self._ended = True
            self._host.cut(self._framing is Framing.CLOSE)
        else:
            self._answer(BROKEN)

    async def _receive(self) -> Message:
        while not self._pieces and not self._complete and not self._gone and not self._ended:
            self._news.clear()
            await self._news.wait()
        if self._gone or self._ended:
            return {"type": "http.disconnect"}
        if not self._pieces and self._complete and not self._trailers_told:
            self._trailers_told = True
            return {"type": "http.request", "body": b"", "more_body": False, TRAILERS: self._trailers}
        if not self._pieces:
            await self._wait_for_disconnect()
            return {"type": "http.disconnect"}
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        self._host.resume_upload()
        return {"type": "http.request", "body": data, "more_body": True}

    async def _wait_for_disconnect(self) -> None:
        while not self._gone and not self._ended:
            self._news.clear()
            await self._news.wait()

    async def _send(self, message: Message) -> None:
        await self._writable.wait()
        if self._gone:
            return
        kind = message["type"]
        if kind == "http.response.start":
            self._start(message)
        elif kind == "http.response.body":
            self._body(message)
        elif kind == "http.response.trailers":
            self._end(
                [(name.lower(), b"%b: %b" % (name, value), value) for name, value in message["headers"]]
            )
        elif kind == INTERIM and self._request.head.minor == 1:
            self._host.write(interim_head(message["status"], message["reason"], message["fields"]))

    def _start(self, message: Message) -> None:
        response = message.get(RESPONSE) or self._plain_response(message)
        framing = self._framing = framing_for(response, self._request)
        self._keep_alive = (
            framing is not Framing.CLOSE and self._complete and self._host.may_keep_alive(self._request)
        )
        self._head = response_head(response, self._request, framing, self._keep_alive)
        self._expects_trailers = bool(message.get("trailers"))
        self.started = True

    def _plain_response(self, message: Message) -> Response:
        """A response as any ASGI application words it."""
        fields = [
            (name.lower(), b"%b: %b" % (name, value), value) for name, value in message.get("headers", [])
        ]
        status = message["status"]
        length = next((int(value) for lower, _, value in fields if lower == b"content-length"), None)
        bodiless = self._request.head.method == b"HEAD" or status in (204, 304)
        return Response(status, b"", fields, length, bodiless)

    def _body(self, message: Message) -> None:
        data = message.get("body", b"")
        if self._framing is Framing.NONE:
            data = b""
        elif self._framing is Framing.CHUNKED and data:
            data = chunk(data)
        head, self._head = self._head, b""
        if head or data:
            self._host.write(head + data)
        if not message.get("more_body", False) and not self._expects_trailers:
            self._end([])

    def _end(self, trailers: list[Field]) -> None:
        if self._framing is Framing.CHUNKED:
            self._host.write(last_chunk(trailers))
        self._ended = True
        self._news.set()
        self._host.done(self._keep_alive)

    def _answer(self, problem: Problem) -> None:
        request = self._request
        response, body = problem_response(
            problem, self._host.new_request_id(), request.head.method == b"HEAD"
        )
        self.started = self._ended = True
        self._host.write(response_head(response, request, framing_for(response, request), False) + body)
        self._host.done(False)

    def _scope(self) -> MutableMapping[str, Any]:
        head, peer = self._request.head, self._peer
        raw_path, _, query = head.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": f"1.{head.minor}",
            "method": head.method.decode("ascii"),
            "scheme": "https" if peer.secure else "http",
            "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": [(lower, value) for lower, _, value in head.fields],
            "client": (peer.address, 0),
            "server": None,
            "state": self._host.app_state.copy(),
            "extensions": {
                "http.response.trailers": {},
                REQUEST: self._request,
                PEER: peer,
                INTERIM: {},
                GONE: self._on_gone,
            },
        }
