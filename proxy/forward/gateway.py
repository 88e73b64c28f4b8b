"""The data plane's centre: from a request to its plan, from its ending to an outcome."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from proxy.config.snapshot import Route, Snapshot
from proxy.decision.decide import decide
from proxy.decision.stages import Side
from proxy.forward.headers import (
    NO_EDIT,
    HeadEdit,
    Network,
    Peer,
    client_address,
    is_trusted,
    upstream_head,
    valid_request_id,
    valid_traceparent,
)
from proxy.forward.plan import NEEDS_FORM, NeedsForm, Plan, Refused, Tally
from proxy.forward.problems import OVERLOADED, problem_for
from proxy.http1.errors import BadRequest
from proxy.http1.request import CHUNKED, HeadLimits, Request
from proxy.outcome import Lane, Outcome, Trace
from proxy.routing.entry import Match
from proxy.routing.head import Head
from proxy.routing.methods import SAFE_METHODS, effective_method
from proxy.routing.request import UNREAD, FormBody
from proxy.routing.rewrite import Rewrite
from proxy.upstream.backend import Backend
from proxy.upstream.exchange import Call, Exchange

Record = Callable[[Outcome], None]
"""Takes each outcome. Must not raise and must not block: it runs on the event loop, on a client's path."""

NO_ROUTE = "-"
"""The route's name in outcomes of requests that no route matches."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may use; times in seconds, sizes in bytes, 0 = no limit."""

    head: HeadLimits = field(default_factory=HeadLimits)
    body: int = 0
    connections: int = 10000
    header_timeout: float = 10.0
    keep_alive: float = 75.0
    body_idle: float = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What of `server` in routes.yaml concerns every request. `sample` is the share that gets a span, 0–1."""

    limits: Limits = field(default_factory=Limits)
    trusted: tuple[Network, ...] = ()
    sample: float = 0.0
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """One side of a route, ready to be sent to."""

    backend: Backend
    edit: HeadEdit
    rewrite: Rewrite | None = None
    authority: bytes = b""


class Gateway:
    """What all connections of one worker share. A snapshot is swapped by one call between two requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop, record: Record, asgi_only: bool = False) -> None:
        self.loop = loop
        self.asgi_only = asgi_only
        self.overloaded = False
        self.settings = Settings()
        self.limits = self.settings.limits
        self.backends: Mapping[str, Backend] = {}
        self.snapshot: Snapshot
        self._routes: dict[str, dict[Side, Target]] = {}
        self._default: Target
        self._record = record
        self._random = random.Random()
        self._clock = time.time() - loop.time()

    # -- what is in force

    def apply(self, snapshot: Snapshot, backends: Mapping[str, Backend], settings: Settings) -> None:
        """Put a snapshot in force. Requests under way keep the plan they have."""
        self._routes = {route.id: _targets(route, backends) for route in snapshot.routes.values()}
        self._default = _target(backends[snapshot.default_backend])
        self.snapshot, self.backends = snapshot, backends
        self.settings, self.limits = settings, settings.limits

    def peer(self, address: str, secure: bool) -> Peer:
        """Who a new connection comes from."""
        return Peer(address, secure, is_trusted(address, self.settings.trusted))

    # -- requests

    def plan(self, request: Request, peer: Peer, form: FormBody = UNREAD) -> Plan | Refused | NeedsForm:
        """Match and decide. `form` is the form body, given when NEEDS_FORM was the first answer."""
        head, limits = request.head, self.limits
        if self.overloaded:
            return Refused(OVERLOADED, self._trace(request)[0])
        if 0 < limits.body < request.length:
            error = BadRequest("body-too-large", f"{request.length} bytes, {limits.body} are allowed")
            return Refused(problem_for(error), self._trace(request)[0])
        if peer.trusted:
            head.client = client_address(head, peer, self.settings.trusted)
        match = self.snapshot.table.match(head, form)
        if match is None:
            return self._planned(request, peer, NO_ROUTE, "legacy", "no-route", self._default, {})
        if not isinstance(match, Match):
            return NEEDS_FORM
        route = match.route
        decision = decide(route.plan, head, match.params, int(self._random.random() * 10_000))
        target = self._routes[route.id][decision.side]
        return self._planned(
            request, peer, route.id, decision.side.value, decision.reason, target, match.params
        )

    def _planned(
        self,
        request: Request,
        peer: Peer,
        route: str,
        side: str,
        reason: str,
        target: Target,
        params: Mapping[str, bytes],
    ) -> Plan:
        head = request.head
        raw = head.target if target.rewrite is None else target.rewrite.render(head.target, params)
        if raw is None:  # the request lacks what the modern path is made of
            legacy = self._routes[route][Side.LEGACY]
            return self._planned(request, peer, route, "legacy", "rewrite-incomplete", legacy, params)
        trace, sampled = self._trace(request)
        call = Call(
            upstream_head(request, raw, target.edit, peer, trace, target.authority),
            safe=head.method in SAFE_METHODS and effective_method(head) in SAFE_METHODS,
            is_head=head.method == b"HEAD",
            has_body=request.length != 0,
            chunked=request.length == CHUNKED,
            wants_upgrade=request.upgrade is not None,
        )
        plan = Plan(request, route, side, reason, target.backend, call, trace, sampled, self.loop.time())
        if self.settings.debug or (peer.trusted and head.get(b"x-banyan-debug") == b"1"):
            plan.debug = _debug_lines(plan)
        return plan

    def _trace(self, request: Request) -> tuple[Trace, bool]:
        """The request's ids, the client's where it sent valid ones, and whether it gets a span."""
        draw = self._random.getrandbits(192)
        request_id, parent = request.named.get(b"x-request-id"), request.named.get(b"traceparent")
        sampled = self._random.random() < self.settings.sample
        if valid_traceparent(parent):
            assert parent is not None
            if sampled:
                parent = b"%b%016x-01" % (parent[:36], draw >> 128)
        else:
            parent = b"00-%032x-%016x-%02x" % (draw & _MASK_128, draw >> 128, sampled)
        if not valid_request_id(request_id):
            request_id = b"%032x" % (draw & _MASK_128)
        assert request_id is not None
        return Trace(request_id, parent), sampled

    def new_request_id(self) -> bytes:
        """An id for an answer to bytes that were no request."""
        return b"%032x" % self._random.getrandbits(128)

    # -- outcomes

    def finish(self, plan: Plan, tally: Tally, exchange: Exchange, lane: Lane) -> None:
        """A request has ended, one way or another."""
        head = plan.request.head
        self._record(
            Outcome(
                route=plan.route,
                side=plan.side,
                backend=plan.backend.name,
                reason=plan.reason,
                method=head.method,
                target=head.target,
                client=head.client,
                status=tally.status,
                started=self._clock + plan.started,
                duration=self.loop.time() - plan.started,
                bytes_in=tally.bytes_in,
                bytes_out=tally.bytes_out,
                tries=exchange.tries,
                error=tally.error,
                lane=lane,
                trace=plan.trace,
                sampled=plan.sampled,
            )
        )

    def refused(self, head: Head, refused: Refused) -> None:
        """A request was answered by the proxy itself; nothing of it was sent anywhere."""
        problem = refused.problem
        self._record(
            Outcome(
                NO_ROUTE, "", "", problem.slug, head.method, head.target, head.client, problem.status,
                time.time(), 0.0, 0, 0, 0, problem.slug, Lane.EXPRESS, refused.trace, False,
            )
        )  # fmt: skip

    def malformed(self, error: BadRequest, peer: Peer) -> None:
        """Bytes that were no request were refused; there is no head to speak of."""
        nothing = Head(b"", b"", [], client=peer.address)
        self.refused(nothing, Refused(problem_for(error), Trace(self.new_request_id(), b"")))


_MASK_128 = (1 << 128) - 1


def _targets(route: Route, backends: Mapping[str, Backend]) -> dict[Side, Target]:
    targets = {Side.LEGACY: _target(backends[route.legacy])}
    if route.modern is not None:
        targets[Side.MODERN] = _target(backends[route.modern], route.modern_edit, route.rewrite)
    return targets


def _target(backend: Backend, edit: HeadEdit = NO_EDIT, rewrite: Rewrite | None = None) -> Target:
    authority = backend.settings.addresses[0].authority
    if not backend.settings.preserve_host:
        edit = replace(edit, host=authority)
    return Target(backend, edit, rewrite, authority)


def _debug_lines(plan: Plan) -> tuple[bytes, ...]:
    """What a response says of the decision where debugging is asked for."""
    said = (("Route", plan.route), ("Backend", plan.backend.name), ("Reason", plan.reason))
    return tuple(f"X-Banyan-{name}: {value}".encode() for name, value in said)
