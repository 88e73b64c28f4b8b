"""From what a tee kept to an exchange in the shadow worker's queue; whatever is left out is counted."""

import asyncio
import random
import time
from collections import Counter
from functools import partial

from proxy.decision.decide import MirrorSkip
from proxy.forward.mirror import Kept, Mirror, Tee
from proxy.forward.plan import Plan
from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.exchange import Sink
from shadow.channel import Sender
from shadow.exchange import Exchange, Fields, SkipReason

_LEFT_OUT = {
    MirrorSkip.SAMPLE: SkipReason.SAMPLED_OUT,
    MirrorSkip.WRITE: SkipReason.UNSAFE_METHOD,
    MirrorSkip.METHOD: SkipReason.UNCOMPARED_METHOD,
    MirrorSkip.UPGRADE: SkipReason.STREAMED,
}
"""Of the requests of a mirrored route. Where nobody asks for mirroring, nothing is skipped."""


class Handover:
    """Gives mirrored requests their tee. Without a sender nothing is mirrored, and plans make no mirrors."""

    def __init__(self, sender: Sender | None, loop: asyncio.AbstractEventLoop) -> None:
        self._sender = sender
        self._loop = loop
        self._draw = random.Random().getrandbits
        self._epoch = time.time() - loop.time()
        self.skipped: Counter[tuple[str, SkipReason]] = Counter()
        self.strained = False
        """Set while the event loop is late: handing over is what is shed first."""

    @property
    def open(self) -> bool:
        return self._sender is not None

    def attach(self, sender: Sender) -> None:
        """From now on exchanges go to this sender."""
        self._sender = sender

    def close(self) -> None:
        """Hand over what the worker takes now, no more."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def left_out(self, route: str, why: MirrorSkip | None) -> None:
        """A request is not mirrored, by decision."""
        reason = _LEFT_OUT.get(why) if why is not None else None
        if reason is not None:
            self.skipped[route, reason] += 1

    def take_skipped(self) -> Counter[tuple[str, SkipReason]]:
        """By route and reason, what was not handed over, or did not reach the worker, since the last call."""
        taken, self.skipped = self.skipped, Counter()
        if self._sender is not None:
            taken += self._sender.dropped
            self._sender.dropped.clear()
        return taken

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
        self._sender.offer(self._exchange(plan, mirror, kept, kept.response))

    def _exchange(self, plan: Plan, mirror: Mirror, kept: Kept, response: Response) -> Exchange:
        head = plan.request.head
        return Exchange(
            id=f"{self._draw(64):016x}",
            time=self._epoch + plan.started,
            route=plan.route,
            trace_id=plan.trace.traceparent[3:35].decode("ascii"),
            method=head.method,
            target=head.target,
            scheme="https" if head.secure else "http",
            request_fields=_pairs(head.fields),
            request_body=b"".join(kept.request_body),
            primary_side=plan.side,
            primary_backend=plan.backend.name,
            primary_head=plan.call.head,
            primary_status=response.status,
            primary_fields=_pairs(response.fields),
            primary_body=b"".join(kept.response_body),
            primary_ms=(self._loop.time() - plan.started) * 1000,
            shadow_backend=mirror.backend,
            replay_head=mirror.head,
        )


def _pairs(fields: list[Field]) -> Fields:
    return [(line.partition(b":")[0], value) for _, line, value in fields]
