"""The data plane's centre: from a request to its plan, from its ending to an outcome."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from proxy.config.snapshot import Snapshot
from proxy.decision.decide import NO_ROUTE, RoutePlan, Serve, decide
from proxy.decision.stages import Side
from proxy.forward.fallback import FallingBack
from proxy.forward.handover import Handover
from proxy.forward.headers import Network, Peer, client_address, is_trusted, upstream_head
from proxy.forward.ids import Ids
from proxy.forward.mirror import Mirror
from proxy.forward.plan import NEEDS_FORM, NeedsForm, Plan, Refused, Tally
from proxy.forward.problems import OVERLOADED, problem_for
from proxy.forward.targets import LiveRoute, live_route, target_of
from proxy.http1.errors import BadRequest
from proxy.http1.request import CHUNKED, HeadLimits, Request
from proxy.outcome import Lane, Outcome, Trace
from proxy.routing.entry import Match
from proxy.routing.head import Head
from proxy.routing.methods import SAFE_METHODS, effective_method
from proxy.routing.request import UNREAD, FormBody
from proxy.upstream.backend import Backend
from proxy.upstream.call import Call, Sink
from proxy.upstream.exchange import Exchange
from shadow.exchange import SkipReason

Record = Callable[[Outcome], None]
"""Takes each outcome. Must not raise and must not block: it runs on the event loop, on a client's path."""

NAMELESS: Final = "-"
"""The route's name in outcomes of requests that no route matches."""

CLIENT_GONE: Final = "client gone"
"""The error of outcomes whose client left before its answer was whole."""

_MODERN: Final = Side.MODERN
"""A constant costs compiled code nothing; an enum's attribute is looked up."""

REWRITE_INCOMPLETE: Final = "rewrite-incomplete"
"""The reason when legacy serves because the request lacks what the modern path is made of."""


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


class Gateway:
    """What all connections of one worker share. A snapshot is swapped by one call between two requests."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, record: Record, handover: Handover, asgi_only: bool = False
    ) -> None:
        self.loop = loop
        self.asgi_only = asgi_only
        self.handover = handover
        self.ids = Ids()
        self.overloaded = False
        self.turned_away = 0
        """Connections beyond the limit, told so and open for a moment still: they take nobody's place."""
        self.settings = Settings()
        self.limits = self.settings.limits
        self._snapshot: Snapshot
        self._routes: Mapping[str, LiveRoute] = {}
        self._unmatched: LiveRoute
        self._record = record
        self._clock = time.time() - loop.time()

    # -- what is in force

    def apply(self, snapshot: Snapshot, backends: Mapping[str, Backend], settings: Settings) -> None:
        """Put a snapshot in force. Requests under way keep the plan they have."""
        self._routes = {route.id: live_route(route, backends) for route in snapshot.routes.values()}
        default = target_of(backends[snapshot.default_backend])
        self._unmatched = LiveRoute(NAMELESS, RoutePlan(NAMELESS), {Side.LEGACY: default})
        self._snapshot = snapshot
        self.settings, self.limits = settings, settings.limits

    def peer(self, address: str, secure: bool) -> Peer:
        """Who a new connection comes from."""
        return Peer(address, secure, is_trusted(address, self.settings.trusted))

    # -- requests

    def plan(self, request: Request, peer: Peer, form: FormBody = UNREAD) -> Plan | Refused | NeedsForm:
        """Match and decide. `form` is the form body, given when NEEDS_FORM was the first answer."""
        head, limits = request.head, self.limits
        if self.overloaded:
            return Refused(OVERLOADED, self.ids.of(request, 0)[0])
        if 0 < limits.body < request.length:
            error = BadRequest("body-too-large", f"{request.length} bytes, {limits.body} are allowed")
            return Refused(problem_for(error), self.ids.of(request, 0)[0])
        if peer.trusted:
            head.client = client_address(head, peer, self.settings.trusted)
        match = self._snapshot.table.match(head, form)
        if match is None:
            return self._planned(request, peer, self._unmatched, NO_ROUTE, {})
        if not isinstance(match, Match):
            return NEEDS_FORM
        route = self._routes[match.route]
        decision = decide(route.plan, head, match.params, self.ids.draw())
        return self._planned(request, peer, route, decision, match.params)

    def _planned(
        self, request: Request, peer: Peer, route: LiveRoute, decision: Serve, params: Mapping[str, bytes]
    ) -> Plan:
        head, side, reason = request.head, decision.side, str(decision.reason)
        target = route.sides[side]
        raw = target.raw(head.target, params)
        if raw is None:
            side, reason, raw = Side.LEGACY, REWRITE_INCOMPLETE, head.target
            target = route.sides[side]
        trace, sampled = self.ids.of(request, self.settings.sample)
        call = Call(
            upstream_head(request, raw, target.edit, peer, trace, target.authority),
            safe=head.method in SAFE_METHODS and effective_method(head) in SAFE_METHODS,
            is_head=head.method == b"HEAD",
            has_body=request.length != 0,
            chunked=request.length == CHUNKED,
            wants_upgrade=request.upgrade is not None,
        )
        now = self.loop.time()
        plan = Plan(request, peer, route.id, side, reason, target.backend, call, trace, sampled, now)
        if side is _MODERN and route.fallback and call.repeatable:
            plan.second = route
        if self.handover.open:
            if decision.mirror is None:
                self.handover.left_out(route.id, decision.mirror_skip)
            else:
                plan.mirror = self._mirror(plan, route, decision.mirror, params)
        if self.settings.debug or (peer.trusted and head.get(b"x-banyan-debug") == b"1"):
            plan.debug = _debug_lines(plan)
        return plan

    def _mirror(self, plan: Plan, route: LiveRoute, side: Side, params: Mapping[str, bytes]) -> Mirror | None:
        """The same request as the other side would have got it, if somebody is there to take it."""
        if not self.handover.has_room(route.id):
            return None
        other = route.sides[side]
        raw = other.raw(plan.request.head.target, params)
        if raw is None or side is plan.side:
            self.handover.skipped[route.id, SkipReason.REWRITE_INCOMPLETE] += 1
            return None
        if route.alike and b"host" in plan.request.named:
            return Mirror(other.backend.name, b"", route.max_body, raw)
        trace = Trace(plan.trace.request_id, self.ids.child(plan.trace.traceparent))
        head = upstream_head(plan.request, raw, other.shadow_edit, plan.peer, trace, other.authority)
        return Mirror(other.backend.name, head, route.max_body)

    def ask(self, plan: Plan, sink: Sink) -> Exchange:
        """The exchange that the plan wants; legacy is its second backend where the route falls back."""
        if self.handover.counts_sessions:
            self.handover.began(plan)
        if plan.second is None:
            return plan.backend.exchange(plan.call, sink)
        conditions, turn = plan.second.fallback, partial(self.fall_back, plan, plan.second)
        return FallingBack(plan.backend, plan.call, sink, conditions, turn)

    def fall_back(self, plan: Plan, route: LiveRoute, condition: str) -> tuple[Backend, Call]:
        """The same request for legacy, since modern failed; the outcome will say that legacy answered."""
        legacy, request = route.sides[Side.LEGACY], plan.request
        plan.side, plan.backend, plan.reason = Side.LEGACY, legacy.backend, f"fallback-{condition}"
        plan.mirror = None
        plan.debug = plan.debug and _debug_lines(plan)
        head = upstream_head(
            request, request.head.target, legacy.edit, plan.peer, plan.trace, legacy.authority
        )
        return legacy.backend, replace(plan.call, head=head)

    # -- outcomes

    def finish(self, plan: Plan, tally: Tally, asked: Exchange, lane: Lane) -> None:
        """A request has ended, one way or another."""
        if plan.session:
            self.handover.ended(plan.session)
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
                tries=asked.tries,
                error=tally.error,
                lane=lane,
                trace=plan.trace,
                sampled=plan.sampled,
            )
        )

    def refused(self, head: Head, refused: Refused) -> None:
        """A request was answered by the proxy itself; nothing of it was sent anywhere."""
        self._unsent(head, refused.problem.status, refused.problem.slug, refused.trace)

    def left(self, request: Request) -> None:
        """A client was gone before it was decided who should answer it."""
        self._unsent(request.head, 0, CLIENT_GONE, self.ids.of(request, 0)[0])

    def malformed(self, error: BadRequest, peer: Peer) -> None:
        """Bytes that were no request were refused; there is no head to speak of."""
        nothing = Head(b"", b"", [], client=peer.address)
        self.refused(nothing, Refused(problem_for(error), Trace(self.ids.new(), b"")))

    def _unsent(self, head: Head, status: int, error: str, trace: Trace) -> None:
        """The outcome of what never had a backend."""
        self._record(
            Outcome(
                NAMELESS, "", "", error, head.method, head.target, head.client, status,
                time.time(), 0.0, 0, 0, 0, error, Lane.EXPRESS, trace, False,
            )
        )  # fmt: skip


def _debug_lines(plan: Plan) -> tuple[bytes, ...]:
    """What a response says of the decision where debugging is asked for."""
    said = (("Route", plan.route), ("Backend", plan.backend.name), ("Reason", plan.reason))
    return tuple(f"X-Banyan-{name}: {value}".encode() for name, value in said)
