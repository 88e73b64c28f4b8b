"""The express lane: from the client's parser straight into the exchange and back, no task, no future."""

from typing import TYPE_CHECKING, Final

from proxy.forward.cycle import Cycle
from proxy.forward.gateway import Gateway
from proxy.forward.plan import Plan, Tally
from proxy.forward.problems import problem_response
from proxy.http1.request import Request
from proxy.http1.response import (
    Framing,
    Response,
    block_of,
    chunk,
    framing_for,
    interim_head,
    last_chunk,
    response_head,
    switching_head,
)
from proxy.outcome import Lane
from proxy.routing.head import Field
from proxy.upstream.failures import Failure, Problem, problem_of

if TYPE_CHECKING:
    from proxy.forward.client import ClientConnection

# Compiled code looks an enum's attribute up each time, and a constant never.
_NONE: Final = Framing.NONE
_CHUNKED: Final = Framing.CHUNKED
_CLOSE: Final = Framing.CLOSE
_EXPRESS: Final = Lane.EXPRESS


class ExpressCycle(Cycle):
    """A sink of the exchange that writes to the client. Pieces of one batch leave as one write."""

    __slots__ = (
        "_carrier", "_exchange", "_framing", "_gateway", "_head", "_keep_alive", "_out", "_plan", "_request",
        "_tally", "_tee", "_uploaded", "started",
    )  # fmt: skip

    def __init__(self, carrier: "ClientConnection", request: Request, plan: Plan, gateway: Gateway) -> None:
        self._carrier = carrier
        self._request = request
        self._plan = plan
        self._gateway = gateway
        self._tally = Tally()
        self._tee = None if plan.mirror is None else gateway.handover.tee(plan, plan.mirror, self)
        self._exchange = gateway.ask(plan, self if self._tee is None else self._tee)
        self._framing = _NONE
        self._keep_alive = False
        self._head = b""
        self._out: list[bytes] = []
        self._uploaded = not plan.call.has_body
        self.started = False

    # -- told by the client's connection

    def begin(self) -> None:
        if not self.started:
            self._exchange.start()

    def body(self, data: bytes) -> None:
        self._tally.bytes_in += len(data)
        if self._tee is not None:
            self._tee.sent(data)
        self._exchange.send(data)

    def body_done(self, trailers: list[Field]) -> None:
        self._uploaded = True
        self._exchange.finish(trailers)

    def abandon(self, why: str) -> None:
        self._tally.error = why
        if self._tee is not None and self._uploaded and self._tee.detach():
            self._exchange.resume()  # for the mirror alone: the client's leaving does not stop it
        else:
            self._exchange.cancel()
        self._end()

    def refuse(self, problem: Problem) -> None:
        self._exchange.cancel()
        self._answer(problem)

    def hold(self, full: bool) -> None:
        if full:
            self._exchange.pause()
        else:
            self._exchange.resume()

    # -- pushed by the exchange

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        if self._request.head.minor == 1:  # RFC 9110 §15.2: never to an HTTP/1.0 client
            self._out.append(interim_head(status, reason, fields))

    def responded(self, response: Response) -> None:
        self.started = True
        self._tally.status = response.status
        if response.status == 101:
            self._out.append(switching_head(response, self._request.upgrade or b""))
            self._framing = _CLOSE
            self._carrier.become_tunnel()
            return
        framing = self._framing = framing_for(response, self._request)
        self._keep_alive = (
            framing is not _CLOSE and self._uploaded and self._carrier.may_keep_alive(self._request)
        )
        if self._plan.debug:
            response.lines += block_of(self._plan.debug)
        self._head = response_head(response, self._request, framing, self._keep_alive)
        self._out.append(self._head)

    def received(self, data: bytes) -> None:
        self._tally.bytes_out += len(data)
        self._out.append(chunk(data) if self._framing is _CHUNKED else data)

    def completed(self, trailers: list[Field]) -> None:
        if self._framing is _CHUNKED:
            self._out.append(last_chunk(trailers))
        self.flush()
        self._end()
        self._carrier.done(self._keep_alive)

    def failed(self, failure: Failure) -> None:
        if not self.started or self._only_head_waits():
            self._out.clear()
            self._answer(problem_of(failure, self._plan.call.safe))
            return
        self._tally.error = failure.value
        self.flush()
        self._end()
        self._carrier.cut(reset=self._framing is _CLOSE)  # nobody may take what came for the whole

    def flush(self) -> None:
        out = self._out
        if len(out) == 1:
            self._carrier.write(out[0])
            out.clear()
        elif out:
            self._carrier.write_pieces(out)
            out.clear()

    def upload_blocked(self) -> None:
        self._carrier.pause_upload()

    def upload_unblocked(self) -> None:
        self._carrier.resume_upload()

    # -- the end

    def _only_head_waits(self) -> bool:
        """Whether the answer is still unsaid: of what it began with, not even its head was written."""
        return len(self._out) > 0 and self._out[-1] is self._head

    def _answer(self, problem: Problem) -> None:
        """Answer with a problem of the proxy's own, where nothing of a response was written yet."""
        plan, request = self._plan, self._request
        is_head = plan.call.is_head
        response, body = problem_response(problem, plan.trace.request_id, is_head, plan.debug)
        self.started = True
        self._tally.status, self._tally.error = problem.status, problem.slug
        self._tally.bytes_out = len(body)
        keep_alive = self._uploaded and self._carrier.may_keep_alive(request)
        framing = framing_for(response, request)
        self._carrier.write(response_head(response, request, framing, keep_alive) + body)
        self._end()
        self._carrier.done(keep_alive)

    def _end(self) -> None:
        self._gateway.finish(self._plan, self._tally, self._exchange, _EXPRESS)
