"""One request of the ASGI lane, forwarded: its body, the response, and whatever ends either."""

import asyncio
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from proxy.forward.asgi_cycle import CYCLE, INTERIM, RESPONSE, TRAILERS, AsgiCycle
from proxy.forward.gateway import CLIENT_GONE, Gateway
from proxy.forward.headers import Peer
from proxy.forward.mirror import Tee
from proxy.forward.plan import NeedsForm, Plan, Refused, Tally
from proxy.forward.problems import problem_response
from proxy.http1.fields import FRAMING, tokens
from proxy.http1.request import CHUNKED, Request
from proxy.http1.response import Response, block_of
from proxy.outcome import Lane, Trace
from proxy.routing.head import Field, Head
from proxy.routing.request import FORM_LIMIT, TOO_LARGE, FormBody
from proxy.upstream.call import Sink
from proxy.upstream.errors import StreamClosed, UpstreamError
from proxy.upstream.exchange import Exchange
from proxy.upstream.failures import Problem, problem_of
from proxy.upstream.stream import Interim, Stream


class Forwarding:
    """One request of the ASGI lane.

    Behind a connection of ours its cycle says what would have to be waited for elsewhere: the plan is made
    already, a body that has come whole is handed on at once, and that the client is gone is told unasked.
    """

    __slots__ = (
        "_asked", "_cycle", "_gateway", "_gone", "_peeked", "_peer", "_receive", "_request", "_send",
        "_started", "_takes_interims", "_takes_trailers", "_tally", "_tee", "_trailers", "_uploaded",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        extensions: Mapping[str, Any] = scope.get("extensions") or {}
        cycle: AsgiCycle | None = extensions.get(CYCLE)
        self._gateway = gateway
        self._cycle = cycle
        self._request = request_from(scope) if cycle is None else cycle.request
        self._peer = _peer_from(gateway, scope) if cycle is None else cycle.peer
        self._takes_interims = INTERIM in extensions
        self._takes_trailers = "http.response.trailers" in extensions
        self._receive = receive
        self._send = send
        self._tally = Tally()
        self._peeked: list[bytes] = []
        self._trailers: list[Field] = []
        self._uploaded = self._request.length == 0
        self._started = False
        self._gone = False
        self._tee: Tee | None = None
        self._asked: Exchange

    def run(self) -> Awaitable[None]:
        """What answers the request."""
        plan = self._gateway.plan(self._request, self._peer) if self._cycle is None else self._cycle.plan
        return self._forward(plan) if isinstance(plan, Plan) else self._settle(plan)

    async def _settle(self, plan: Refused | NeedsForm) -> None:
        """Answer what is refused; read the form that decides, and forward by what it says."""
        decided: Plan | Refused | NeedsForm = plan
        if isinstance(plan, NeedsForm):
            form = await self._peek_form()
            if self._gone:  # it left, or its body was broken: nothing of it may reach a backend
                self._gateway.left(self._request)
                return
            decided = self._gateway.plan(self._request, self._peer, form)
        if isinstance(decided, Plan):
            await self._forward(decided)
        elif isinstance(decided, Refused):
            self._gateway.refused(self._request.head, decided)
            await self._answer(decided.problem, decided.trace)

    async def _forward(self, plan: Plan) -> None:
        stream = Stream(self._gateway.loop, partial(self._ask, plan))
        upload: asyncio.Future[None] | None = None
        try:
            uploaded = self._upload_at_once(stream)
            if self._refused is None:  # else its body was broken before the application's turn came
                stream.exchange.start()
            if not uploaded:
                upload = asyncio.ensure_future(self._upload(stream))
            response = await stream.response(self._tell_interim)
            if plan.debug:
                response.lines += block_of(plan.debug)
            await self._respond(response, stream)
        except UpstreamError as error:
            self._tally.error = error.failure.value
            if not self._started:
                await self._answer(problem_of(error.failure, plan.call.safe), plan.trace, plan.debug)
        except StreamClosed:
            refused = self._refused
            self._tally.error = CLIENT_GONE if refused is None else refused.slug
            self._tally.status = self._tally.status if refused is None else refused.status
        finally:
            if upload is not None:
                upload.cancel()
            self._leave(stream)
            self._gateway.finish(plan, self._tally, self._asked, Lane.ASGI)

    @property
    def _refused(self) -> Problem | None:
        return None if self._cycle is None else self._cycle.refused

    def _leave(self, stream: Stream) -> None:
        """The exchange ends with its client, unless it goes on for the mirror alone."""
        if self._tee is not None and self._uploaded and self._tee.detach():
            stream.exchange.resume()
        else:
            stream.close()

    def _ask(self, plan: Plan, sink: Sink) -> Exchange:
        """The exchange, with the tee of a mirrored request between it and the stream."""
        if plan.mirror is not None:
            sink = self._tee = self._gateway.handover.tee(plan, plan.mirror, sink)
        self._asked = self._gateway.ask(plan, sink)
        return self._asked

    # -- the request's body

    def _upload_at_once(self, stream: Stream) -> bool:
        """Hand the body on if all of it has come; False if somebody has to wait for it, or for the client."""
        cycle = self._cycle
        if cycle is None:
            return False
        cycle.on_gone(stream.abandon)
        if not self._uploaded:
            if not cycle.complete:
                return False
            self._peeked.append(self._note(cycle.take_body()))
        if self._request.length:
            for piece in self._peeked:
                self._hand_on(stream, piece)
            stream.exchange.finish(self._trailers)
        return True

    async def _upload(self, stream: Stream) -> None:
        """Hand the body on as it comes, then watch for the client to leave: that ends the exchange."""
        if self._request.length:
            for piece in self._peeked:
                self._hand_on(stream, piece)
                await stream.room()
            while not self._uploaded and (data := await self._next_piece()) is not None:
                self._hand_on(stream, data)
                await stream.room()
            if self._uploaded:
                stream.exchange.finish(self._trailers)
        while not self._gone:
            await self._next()
        stream.abandon()

    def _hand_on(self, stream: Stream, data: bytes) -> None:
        if data:
            if self._tee is not None:
                self._tee.sent(data)
            stream.exchange.send(data)

    async def _next_piece(self) -> bytes | None:
        """The next bytes of the body; None when the client is gone."""
        message = await self._next()
        return None if self._gone else self._note(message)

    def _note(self, message: Message) -> bytes:
        """The bytes of the body in this message."""
        self._uploaded = not message.get("more_body", False)
        self._trailers = message.get(TRAILERS, [])
        data: bytes = message.get("body", b"")
        self._tally.bytes_in += len(data)
        return data

    async def _next(self) -> Message:
        """What the server says next; that the client is gone it may say but once."""
        message = {"type": "http.disconnect"} if self._gone else await self._receive()
        self._gone = message["type"] == "http.disconnect"
        return message

    async def _peek_form(self) -> FormBody:
        """The form body, as far as routing may wait for it. Nothing of it is lost."""
        if self._request.named.get(b"expect", b"").lower() == b"100-continue":
            await self._tell_interim((100, b"Continue", []))  # the client waits for it, we for its body
        size = 0
        while not self._uploaded and size <= FORM_LIMIT:
            data = await self._next_piece()
            if data is None:
                break
            self._peeked.append(data)
            size += len(data)
        return b"".join(self._peeked) if size <= FORM_LIMIT else TOO_LARGE

    # -- the response

    async def _tell_interim(self, interim: Interim) -> None:
        if self._takes_interims:
            status, reason, fields = interim
            await self._send({"type": INTERIM, "status": status, "reason": reason, "fields": fields})

    async def _respond(self, response: Response, stream: Stream) -> None:
        """Tell the response as it comes; one that is whole already takes two messages and no waiting."""
        trailers = self._takes_trailers and response.length is None and not response.bodiless
        stream.check()  # as long as nothing is told, a broken response can still become an error
        self._tally.status = response.status
        await self._send(self._start(response, trailers))
        if not stream.ready:
            await self._send(_body(b"", more=True))  # the head must not wait for the first byte
        while not stream.whole:
            data = await stream.read()
            self._tally.bytes_out += len(data)
            await self._send(_body(data, more=True))
        data = stream.take()
        self._tally.bytes_out += len(data)
        await self._send(_body(data, more=False))
        if trailers:
            headers = [(line.partition(b":")[0], value) for _, line, value in stream.trailers]
            await self._send({"type": "http.response.trailers", "headers": headers, "more_trailers": False})

    def _start(self, response: Response, trailers: bool) -> Message:
        """The message that begins the response."""
        self._started = True
        # A 304 may carry a length (RFC 9110 §8.6), but servers await such a body.
        left_out = b"content-length" if response.status == 304 else b""
        return {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(lower, value) for lower, _, value in response.fields if lower != left_out],
            "trailers": trailers,
            RESPONSE: response,
        }

    async def _answer(self, problem: Problem, trace: Trace, debug: tuple[bytes, ...] = ()) -> None:
        is_head = self._request.head.method == b"HEAD"
        response, body = problem_response(problem, trace.request_id, is_head, debug)
        self._tally.status, self._tally.error = problem.status, problem.slug
        await self._send(self._start(response, trailers=False))
        await self._send(_body(body, more=False))


def _body(data: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


def request_from(scope: Scope) -> Request:
    """The request as an ASGI server describes it; the target is put together from what ASGI keeps raw.

    Names with an underscore go, as in `parse_request`, and `Connection` is heeded.
    """
    target = scope.get("raw_path") or scope["path"].encode()
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    fields = [
        (name, b"%b: %b" % (name, value), value) for name, value in scope["headers"] if b"_" not in name
    ]
    client = scope.get("client") or ("", 0)
    minor = 0 if scope["http_version"] == "1.0" else 1
    head = Head(scope["method"].encode(), target, fields, minor, client[0], scope["scheme"] == "https")
    length = head.get(b"content-length")
    size = CHUNKED if head.get(b"transfer-encoding") else int(length or 0)
    nominated = frozenset(tokens(head.get_all(b"connection"))) - FRAMING
    return Request(head, size, True, None, nominated, {name: value for name, _, value in fields})


def _peer_from(gateway: Gateway, scope: Scope) -> Peer:
    client = scope.get("client") or ("", 0)
    return gateway.peer(client[0], scope["scheme"] == "https")
