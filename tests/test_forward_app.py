"""The data plane as a plain ASGI application: called by hand here, then served by uvicorn's own HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from proxy.forward.asgi_cycle import RESPONSE
from proxy.forward.gateway import NAMELESS
from proxy.outcome import Lane
from proxy.routing.request import FORM_LIMIT
from proxy.uvicorn_server import Server
from shadow.exchange import SkipReason
from tests.support.gateways import LEGACY, PAYMENTS, Front
from tests.support.scripted import ScriptedLoop, ScriptedTransport, settle
from tests.support.sinks import answer

BY_FORM = """\
    routes:
      - {id: pay, match: {path: /pay, methods: [POST], form: {action: pay}}, modern: payments, stage: modern}
"""
MIRRORED = """\
    routes:
      - {id: pay, match: {path: /pay}, modern: payments, stage: shadow}
"""
FORM = (b"content-type", b"application/x-www-form-urlencoded")
TRAILERS = {"http.response.trailers": {}}


class Caller:
    """An ASGI server with one request, of which the test says when what happens."""

    def __init__(
        self,
        front: Front,
        method: str = "GET",
        target: str = "/",
        *headers: tuple[bytes, bytes],
        **scope: Any,
    ) -> None:
        path, _, query = target.partition("?")
        self.scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"shop"), *headers],
            "client": ("192.0.2.7", 40000),
            **scope,
        }
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        self._call = front.app(self.scope, self.events.get, self._send)
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        await self._call

    async def _send(self, message: Any) -> None:
        self.sent.append(dict(message))

    def body(self, data: bytes, more: bool = False) -> None:
        self.events.put_nowait({"type": "http.request", "body": data, "more_body": more})

    def leave(self) -> None:
        self.events.put_nowait({"type": "http.disconnect"})

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def content(self) -> bytes:
        return b"".join(each["body"] for each in self.sent if each["type"] == "http.response.body")

    def header(self, name: bytes) -> list[bytes]:
        return [value for lower, value in self.sent[0]["headers"] if lower == name]


@pytest.fixture
def loop() -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop()
    yield loop
    loop.release()


@pytest.fixture
def front(loop: ScriptedLoop) -> Front:
    return Front(loop, BY_FORM)


async def wired(front: Front) -> ScriptedTransport:
    """The backend's end of the request that was sent on last."""
    await settle()
    return front.loop.wires[-1]


# -- called by hand


async def test_a_request_and_its_response(front: Front) -> None:
    caller = Caller(front, "GET", "/a/../b?c[]=%7e", (b"x-a", b"1"), (b"x-a", b"2"))
    caller.body(b"")
    wire = await wired(front)
    assert wire.sent.startswith(b"GET /a/../b?c[]=%7e HTTP/1.1\r\nhost: shop\r\nx-a: 1\r\nx-a: 2\r\n")
    assert b"X-Forwarded-For: 192.0.2.7\r\n" in wire.sent
    wire.feed(answer(299, b"hello", b"Set-Cookie: a", b"Set-Cookie: b", b"Connection: keep-alive"))
    await caller.task
    assert (caller.status, caller.content) == (299, b"hello")
    assert caller.header(b"set-cookie") == [b"a", b"b"]
    assert caller.header(b"connection") == []
    assert caller.sent[1:] == [{"type": "http.response.body", "body": b"hello", "more_body": False}]
    (outcome,) = front.outcomes
    assert (outcome.status, outcome.lane, outcome.bytes_out, outcome.client) == (
        299,
        Lane.ASGI,
        5,
        "192.0.2.7",
    )


async def test_a_body_streams_up_as_it_comes(front: Front) -> None:
    caller = Caller(front, "POST", "/", (b"transfer-encoding", b"chunked"))
    caller.body(b"ab", more=True)
    wire = await wired(front)
    assert wire.sent.endswith(b"2\r\nab\r\n")
    caller.body(b"cd")
    await settle()
    assert wire.sent.endswith(b"2\r\ncd\r\n0\r\n\r\n")
    wire.feed(answer())
    await caller.task
    assert front.outcomes[0].bytes_in == 4


async def test_the_head_of_a_response_does_not_wait_for_its_body(front: Front) -> None:
    caller = Caller(front)
    wire = await wired(front)
    wire.feed(answer(200, b"12")[:-2])
    await settle()
    assert [each["type"] for each in caller.sent] == ["http.response.start", "http.response.body"]
    wire.feed(b"12")
    await caller.task
    assert caller.content == b"12"


async def test_head_has_no_body(front: Front) -> None:
    caller = Caller(front, "HEAD")
    wire = await wired(front)
    wire.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    await caller.task
    assert (caller.header(b"content-length"), caller.content) == ([b"99"], b"")
    down = Caller(front, "HEAD")
    (await wired(front)).feed(b"HTTP/9\r\n\r\n")
    await down.task
    assert (down.status, down.content) == (502, b"")


async def test_trailers_go_where_the_server_takes_them(front: Front) -> None:
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n"
    for extensions in (TRAILERS, {}, None):
        caller = Caller(front, extensions=extensions)
        (await wired(front)).feed(said)
        await caller.task
        assert caller.content == b"ab"
        assert caller.sent[0]["trailers"] is bool(extensions)
        trailers = [each["headers"] for each in caller.sent if each["type"] == "http.response.trailers"]
        assert trailers == ([[(b"X-Sum", b"1")]] if extensions else [])


async def test_a_form_decides_and_nothing_of_it_is_lost(front: Front) -> None:
    for form, port in ((b"action=pay&x=1", PAYMENTS), (b"action=new&x=1", LEGACY)):
        caller = Caller(front, "POST", "/pay", FORM, (b"content-length", b"14"))
        caller.body(form[:5], more=True)
        await settle()
        assert front.loop.dialled[-1:] != [port]
        caller.body(form[5:])
        wire = await wired(front)
        assert front.loop.dialled[-1] == port
        assert wire.sent.endswith(b"\r\n\r\n" + form)
        wire.feed(answer())
        await caller.task
        assert caller.status == 200
    assert [outcome.route for outcome in front.outcomes] == ["pay", NAMELESS]


async def test_a_form_too_large_to_look_into_is_forwarded_whole(front: Front) -> None:
    caller = Caller(front, "POST", "/pay", FORM, (b"transfer-encoding", b"chunked"))
    caller.body(b"action=pay&x=", more=True)
    caller.body(b"x" * FORM_LIMIT, more=True)
    wire = await wired(front)
    assert front.loop.dialled == [LEGACY]
    caller.body(b"end")
    await settle()
    assert b"action=pay&x=" in wire.sent
    assert wire.sent.endswith(b"3\r\nend\r\n0\r\n\r\n")
    wire.feed(answer())
    await caller.task


async def test_refusals_and_failures_are_problem_documents(front: Front) -> None:
    front.gateway.overloaded = True
    refused = Caller(front, "GET", "/", (b"x-request-id", b"mine"))
    await refused.task
    assert refused.status == 503
    assert json.loads(refused.content)["request_id"] == "mine"
    assert refused.header(b"retry-after") == [b"1"]
    front.gateway.overloaded = False
    lost = Caller(front, "POST", "/", (b"content-length", b"1"), (b"x-request-id", b"mine"))
    lost.body(b"x")
    (await wired(front)).lose()
    await lost.task
    assert lost.status == 504
    assert json.loads(lost.content)["type"] == "urn:banyan:outcome-unknown"
    assert [outcome.error for outcome in front.outcomes] == ["overloaded", "outcome-unknown"]


async def test_debug_fields_stand_in_answers_and_in_problems(loop: ScriptedLoop) -> None:
    front = Front(loop, "    server: {debug_headers: true}\n")
    answered, lost = Caller(front), Caller(front)
    await settle()
    loop.wires[0].feed(answer())
    loop.wires[1].lose()
    await asyncio.gather(answered.task, lost.task)
    assert answered.header(b"x-banyan-reason") == lost.header(b"x-banyan-reason") == [b"no-route"]


async def test_a_client_that_leaves_ends_the_exchange(front: Front) -> None:
    caller = Caller(front)
    wire = await wired(front)
    caller.leave()
    await caller.task
    await settle()
    assert wire.closing
    assert caller.sent == []
    (outcome,) = front.outcomes
    assert (outcome.status, outcome.error) == (0, "client gone")


async def test_a_client_that_leaves_in_the_middle_of_its_body_ends_the_exchange(front: Front) -> None:
    caller = Caller(front, "POST", "/", (b"content-length", b"9"))
    caller.body(b"some", more=True)
    wire = await wired(front)
    caller.leave()
    await asyncio.wait_for(caller.task, 60)
    await settle()
    assert wire.closing
    assert front.outcomes[0].error == "client gone"


async def test_a_client_that_leaves_while_its_form_is_looked_at_ends_too(front: Front) -> None:
    caller = Caller(front, "POST", "/pay", FORM, (b"content-length", b"14"))
    caller.body(b"action", more=True)
    caller.leave()
    await asyncio.wait_for(caller.task, 60)
    assert caller.sent == []
    assert front.outcomes[0].error == "client gone"


async def test_an_answer_that_breaks_off_is_not_ended(front: Front) -> None:
    """An ASGI server cuts the connection where an application ends without a last body message."""
    caller = Caller(front)
    wire = await wired(front)
    wire.feed(answer(200, b"whole")[:-1])
    await settle()
    wire.lose()
    await caller.task
    assert caller.content == b"whol"
    assert all(each.get("more_body", True) for each in caller.sent)
    assert front.outcomes[0].error == "response cut short"


async def test_a_mirrored_request_goes_on_for_the_mirror_when_its_client_leaves(loop: ScriptedLoop) -> None:
    front = Front(loop, MIRRORED)
    front.open_handover()
    caller = Caller(front, "GET", "/pay")
    wire = await wired(front)
    caller.leave()
    await caller.task
    assert not wire.closing
    wire.feed(answer(200, b"for the mirror"))
    assert [exchange.primary_body for exchange in front.sender.offered] == [b"for the mirror"]
    writing = Caller(front, "GET", "/pay", (b"content-length", b"9"))
    writing.body(b"some", more=True)
    wire = await wired(front)
    writing.leave()
    await writing.task
    await settle()
    assert wire.closing, "what was not sent whole is not worth an answer"


async def test_a_mirrored_bodys_bytes_are_handed_over(loop: ScriptedLoop) -> None:
    front = Front(loop, MIRRORED)
    front.open_handover()
    caller = Caller(front, "GET", "/pay", (b"content-length", b"4"))
    caller.body(b"bo", more=True)
    caller.body(b"dy")
    (await wired(front)).feed(answer())
    await caller.task
    assert [exchange.request_body for exchange in front.sender.offered] == [b"body"]
    assert not front.handover.take_skipped()[("pay", SkipReason.CUT_SHORT)]


async def test_what_a_plain_server_leaves_in_is_taken_out(front: Front) -> None:
    """Such a server passes on what `Connection` nominates, and names that PHP confuses with others."""
    caller = Caller(
        front,
        "GET",
        "/",
        (b"connection", b"close, X-Hop, host"),
        (b"x-hop", b"1"),
        (b"x_forwarded_for", b"1"),
        (b"upgrade", b"h2c"),
    )
    wire = await wired(front)
    head = wire.sent.lower()
    assert b"\r\nhost: shop\r\n" in head
    assert b"x-hop" not in head
    assert b"x_forwarded_for" not in head
    assert b"upgrade" not in head
    wire.feed(answer(200, b"", b"Connection: X-Mine", b"X-Mine: 1"))
    await caller.task
    assert caller.header(b"x-mine") == []


async def test_an_http_1_0_client_is_recognised(front: Front) -> None:
    caller = Caller(front, http_version="1.0", client=None, scheme="https")
    wire = await wired(front)
    assert b"Via: 1.0 banyan\r\n" in wire.sent
    assert b"X-Forwarded-Proto: https\r\n" in wire.sent
    wire.feed(answer())
    await caller.task


async def test_a_response_carries_its_own_head_for_servers_that_know_it(front: Front) -> None:
    caller = Caller(front)
    (await wired(front)).feed(b"HTTP/1.1 200 All right\r\nContent-Length: 0\r\n\r\n")
    await caller.task
    assert caller.sent[0][RESPONSE].reason == b"All right"


async def test_other_scopes_are_starlettes(front: Front) -> None:
    told: list[str] = []
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None:
        told.append(message["type"])

    await front.app({"type": "lifespan", "app": front.app, "state": {}}, receive, send)
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# -- served by uvicorn's own HTTP

Ask = Callable[[bytes], Awaitable[bytes]]


@asynccontextmanager
async def served(front: Front) -> AsyncIterator[Ask]:
    """uvicorn with httptools in front of the application; ask it with bytes, get all that it says."""
    config = uvicorn.Config(
        front.app, port=0, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn announces it no other way
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]

    async def ask(data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()
            await writer.wait_closed()

    try:
        yield ask
    finally:
        server.should_exit = True
        await serving


async def backends_say(front: Front, said: bytes, seen: list[bytes]) -> None:
    """Answer the next request to any backend once it is there whole."""
    while not front.loop.wires or not front.loop.wires[-1].sent.endswith((b"\r\n\r\n", b"body")):  # noqa: ASYNC110  # scripted
        await asyncio.sleep(0.005)
    seen.append(front.loop.wires[-1].take())
    front.loop.wires[-1].feed(said)


@pytest.mark.parametrize(
    ("asked", "said", "status", "content"),
    [
        (b"GET /%7e?a[]=1 HTTP/1.1\r\n", answer(200, b"hello"), b"200", b"hello"),
        (b"POST / HTTP/1.1\r\nContent-Length: 4\r\n", answer(201, b"made"), b"201", b"made"),
        (b"HEAD / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"200", b""),
        (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 204 No\r\n\r\n", b"204", b""),
        (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", b"304", b""),
        (b"GET / HTTP/1.1\r\n", b"nonsense\r\n\r\n", b"502", None),
    ],
    ids=["get", "post", "head", "204", "304-with-length", "problem"],
)
async def test_uvicorn_serves_it(
    front: Front,
    caplog: pytest.LogCaptureFixture,
    asked: bytes,
    said: bytes,
    status: bytes,
    content: bytes | None,
) -> None:
    seen: list[bytes] = []
    body = b"body" if asked.startswith(b"POST") else b""
    async with served(front) as ask:
        scripting = asyncio.create_task(backends_say(front, said, seen))
        got = await ask(asked + b"Host: shop\r\nConnection: close\r\n\r\n" + body)
        await scripting
    head, _, rest = got.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert content is None or rest == content
    assert seen[0].startswith(asked.partition(b"\r\n")[0])
    assert seen[0].endswith(body)
    assert len(front.outcomes) == 1
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
