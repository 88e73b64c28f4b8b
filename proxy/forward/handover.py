"""From what a tee kept to an exchange in the shadow worker's queue; whatever is left out is counted."""

import asyncio
import random
import time
from collections import Counter
from functools import partial
from typing import Final

from proxy.config.snapshot import Snapshot
from proxy.decision.decide import MirrorSkip
from proxy.forward.mirror import Kept, Mirror, Tee
from proxy.forward.plan import Plan
from proxy.http1.response import Response
from proxy.upstream.call import Sink
from shadow.channel import Sender
from shadow.exchange import SkipReason, label_of, lines_of, pack
from shadow.inflight import InFlight, session_in

_LEFT_OUT: Final = {
    MirrorSkip.SAMPLE: SkipReason.SAMPLED_OUT,
    MirrorSkip.WRITE: SkipReason.UNSAFE_METHOD,
    MirrorSkip.METHOD: SkipReason.UNCOMPARED_METHOD,
    MirrorSkip.UPGRADE: SkipReason.STREAMED,
}
"""Of the requests of a mirrored route. Where nobody asks for mirroring, nothing is skipped."""


def uses_sessions(snapshot: Snapshot) -> bool:
    """Whether the worker may call a backend that locks its clients' sessions."""
    backends = snapshot.config.backends
    return any(
        backends[name].dialect == "php"
        for route in snapshot.routes.values()
        if route.is_mirrored
        for name in (route.legacy, route.modern)
        if name is not None
    )


class Handover:
    """Gives mirrored requests their tee. Without a sender nothing is mirrored, and plans make no mirrors."""

    def __init__(self, sender: Sender | None, loop: asyncio.AbstractEventLoop) -> None:
        self._sender = sender
        self._loop = loop
        self._draw = random.Random().getrandbits
        self._epoch = time.time() - loop.time()
        self._in_flight: InFlight | None = None
        self._labels: dict[tuple[str, str, str, str], bytes] = {}
        self.skipped: Counter[tuple[str, SkipReason]] = Counter()
        self.strained = False
        """Set while the event loop is late: handing over is what is shed first."""
        self.counts_sessions = False
        """Whether the worker may use clients' sessions, and so has to know of their own requests."""

    @property
    def open(self) -> bool:
        return self._sender is not None

    def attach(self, sender: Sender, in_flight: InFlight) -> None:
        """From now on exchanges go to this sender, and the worker can ask for sessions."""
        self._sender = sender
        self._in_flight = in_flight

    def close(self) -> None:
        """Hand over what the worker takes now, no more."""
        if self._sender is not None:
            self._sender.close()
            self.skipped += self._sender.dropped
            self._sender = None
        if self._in_flight is not None:
            self._in_flight.close()

    def left_out(self, route: str, why: MirrorSkip | None) -> None:
        """A request is not mirrored, by decision."""
        reason = _LEFT_OUT.get(why) if why is not None else None
        if reason is not None:
            self.skipped[route, reason] += 1

    def has_room(self, route: str) -> bool:
        """Whether an exchange of this route would be taken now; if not, it is counted as skipped."""
        reason = SkipReason.OVERLOADED if self.strained else self._sender.refusal if self._sender else None
        if reason is None:
            return True
        self.skipped[route, reason] += 1
        return False

    def take_skipped(self) -> Counter[tuple[str, SkipReason]]:
        """By route and reason, what was not handed over, or did not reach the worker, since the last call."""
        taken, self.skipped = self.skipped, Counter()
        if self._sender is not None:
            taken += self._sender.dropped
            self._sender.dropped.clear()
        return taken

    # -- sessions

    def began(self, plan: Plan) -> None:
        """A request is about to be sent. Asked only where the worker may use clients' sessions."""
        if self._in_flight is None or plan.call.wants_upgrade:
            return
        for lower, _, value in plan.request.head.fields:
            if lower == b"cookie" and (session := session_in(value)) is not None:
                plan.session = session
                self._in_flight.began(session)
                return

    def ended(self, session: bytes) -> None:
        """The request that `began` found this session in has ended."""
        if self._in_flight is not None:
            self._in_flight.ended(session)

    # -- exchanges

    def tee(self, plan: Plan, mirror: Mirror, inner: Sink) -> Tee:
        """A sink around this one, which hands the exchange over once it has ended."""
        return Tee(inner, mirror.max_body, partial(self._ended, plan, mirror))

    def _ended(self, plan: Plan, mirror: Mirror, kept: Kept) -> None:
        if plan.mirror is None:
            kept.skip = SkipReason.FELL_BACK
        elif self.strained:
            kept.skip = SkipReason.OVERLOADED
        if kept.skip is not None or kept.response is None or self._sender is None:
            self.skipped[plan.route, kept.skip or SkipReason.CUT_SHORT] += 1
            return
        self._sender.offer(plan.route, self._packed(plan, mirror, kept, kept.response))

    def _packed(self, plan: Plan, mirror: Mirror, kept: Kept, response: Response) -> bytes:
        head, sent = plan.request.head, kept.request_body
        parts = (
            head.target,
            lines_of([line for _, line, _ in head.fields]),
            plan.call.head,
            response.lines,
            mirror.target,
            mirror.head,
            sent[0] if len(sent) == 1 else b"".join(sent),
        )
        names = (plan.route, plan.side, plan.backend.name, mirror.backend)
        label = self._labels.get(names)
        if label is None:
            label = self._labels[names] = label_of(*names)
        ms = (self._loop.time() - plan.started) * 1000
        return pack(
            label,
            self._draw(64),
            self._epoch + plan.started,
            ms,
            head.secure,
            response.status,
            parts,
            kept.response_body,
        )
