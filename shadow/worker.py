"""The shadow worker: takes exchanges, asks the other side, compares, and hands on what it found.

Nothing that happens here reaches a client. Whatever is not compared is counted as a skip with its reason.
"""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shadow.channel import listen
from shadow.compare import Answer, Request, Result, Verdict, compare
from shadow.entry import entry, worst
from shadow.exchange import Exchange, SkipReason
from shadow.inbox import Inbox
from shadow.noise import Noise
from shadow.pace import Pace
from shadow.plan import Plan, Rules
from shadow.recorder import Recorder
from shadow.replay import Call, Failure, Observation, observe
from shadow.sessions import Sessions, session_of
from shadow.verdicts import Judgement, confirm, discount, judge, spot

OLDEST = 30.0
"""Seconds after which an exchange is no longer replayed: the state that its answer came from is gone."""
MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of one exchange on the socket, beyond any `max_body`."""
SMALL = 16 * 1024
"""Bytes of both bodies up to which comparing takes less than handing it to a thread."""
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the worker may use. `bytes` of exchanges that wait; `concurrency` of replays under way."""

    exchanges: int = 2000
    bytes: int = 64 * 1024 * 1024
    concurrency: int = 32


class Worker:
    """Runs until cancelled. `counts` holds (what, route, reason or verdict) → how often."""

    def __init__(
        self, plan: Plan, bounds: Bounds, recorder: Recorder, noise: Noise, verdicts: frozenset[str]
    ) -> None:
        self.plan = plan
        self.verdicts = verdicts
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._bounds = bounds
        self._recorder = recorder
        self._noise = noise
        self._inbox = Inbox(bounds.exchanges, bounds.bytes)
        self._sessions = Sessions()
        self._paces: dict[str, Pace] = {}
        self._under_way: Counter[str] = Counter()
        self._draw = random.random

    async def run(self, socket: Path) -> None:
        """Listen and work."""
        async with await listen(socket, self.take, MAX_MESSAGE), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            for _ in range(self._bounds.concurrency):
                tasks.create_task(self._work())

    def take(self, exchange: Exchange) -> None:
        """Queue an exchange, or drop and count it."""
        if not self._inbox.put(exchange):
            self._skip(exchange.route, SkipReason.QUEUE_FULL)

    async def _work(self) -> None:
        while True:
            exchange = await self._inbox.get()
            try:
                await self.handle(exchange)
            except Exception:  # one exchange that nobody foresaw must not end the worker
                self.counts["verdict", exchange.route, Verdict.FAILED] += 1
                self.counts["failure", exchange.route, "internal"] += 1

    async def handle(self, exchange: Exchange) -> None:
        """All that is done with one exchange."""
        rules = self.plan.routes.get(exchange.route)
        if rules is None or time.time() - exchange.time > OLDEST:
            self._skip(exchange.route, SkipReason.EXPIRED)
            return
        shadow = await self._ask(Call.to_shadow(exchange), rules, exchange)
        judgement = await self._judged(exchange, shadow, rules)
        self._conclude(exchange, shadow, judgement, rules)
        if exchange.method in _SAFE and self._draw() < rules.noise_sample:
            await self._learn(exchange, rules)

    # -- asking

    async def _ask(self, call: Call, rules: Rules, exchange: Exchange) -> Observation:
        """Send a call to its backend, if that one has time for it."""
        upstream = self.plan.upstreams.get(call.backend)
        if upstream is None:
            return Observation(0.0, skip=SkipReason.EXPIRED)
        pace = self.pace_of(call.backend)
        if self._under_way[call.backend] >= pace.limit:
            return Observation(0.0, skip=SkipReason.OVERLOADED)
        session = session_of(exchange.request_fields) if upstream.sessions else None
        if not self._sessions.enter(session):
            return Observation(0.0, skip=SkipReason.SESSION_BUSY)
        self._under_way[call.backend] += 1
        try:
            seen = await observe(upstream.transport, call, rules.timeout, rules.max_body)
        finally:
            self._under_way[call.backend] -= 1
            self._sessions.leave(session)
        if seen.failure is Failure.TIMEOUT:
            pace.gave_up()
        elif seen.answer is not None:
            pace.observed(seen.ms)
        return seen

    def pace_of(self, backend: str) -> Pace:
        """How much this backend is asked at present."""
        if backend not in self._paces:
            self._paces[backend] = Pace(self._bounds.concurrency)
        return self._paces[backend]

    async def _both(self, exchange: Exchange, rules: Rules) -> tuple[Answer, Answer] | None:
        """Both sides' answers to the same request now; None if one has none.

        At the same time, so that little can change between them; those of a session one after the other.
        """
        calls = [self._ask(to(exchange), rules, exchange) for to in (Call.to_primary, Call.to_shadow)]
        if session_of(exchange.request_fields) is None:
            primary, shadow = await asyncio.gather(*calls)
        else:
            primary, shadow = [await call for call in calls]
        return None if primary.answer is None or shadow.answer is None else (primary.answer, shadow.answer)

    async def _learn(self, exchange: Exchange, rules: Rules) -> None:
        """What does the primary's own side answer, asked twice?"""
        again = (await self._ask(Call.to_primary(exchange), rules, exchange)).answer
        if again is not None:
            result = await self._compare(exchange, _primary(exchange), again, rules)
            self._noise.learn(exchange.route, result.differences)

    # -- judging

    async def _judged(self, exchange: Exchange, shadow: Observation, rules: Rules) -> Judgement:
        if shadow.skip is not None:
            return Judgement(Verdict.SKIPPED, shadow.skip)
        if shadow.answer is None:
            return Judgement(Verdict.FAILED, str(shadow.failure))
        primary = _primary(exchange)
        result = await self._compare(exchange, primary, shadow.answer, rules)
        self._noise.compared(exchange.route, result.differences)
        judgement = judge(primary, shadow.answer, result)
        judgement = discount(judgement, self._noise.among(exchange.route, judgement.differences))
        if judgement.verdict is Verdict.MISMATCH and exchange.method in _SAFE:
            return await self._second_look(exchange, judgement, rules)
        return judgement

    async def _second_look(self, exchange: Exchange, first: Judgement, rules: Rules) -> Judgement:
        """Call both sides again: what vanishes does not count, what varies on the primary's side is noise."""
        answers = await self._both(exchange, rules)
        if answers is None:
            return confirm(first, None)
        second = await self._compare(exchange, *answers, rules)
        same_side = await self._compare(exchange, _primary(exchange), answers[0], rules)
        varying = {spot(difference) for difference in same_side.differences}
        return discount(confirm(first, second), varying)

    async def _compare(self, exchange: Exchange, one: Answer, other: Answer, rules: Rules) -> Result:
        """Compare within the limits, off the event loop where it can take long."""
        host = next((value for name, value in exchange.request_fields if name.lower() == b"host"), b"")
        request = Request(exchange.method.decode("ascii"), exchange.target, exchange.scheme, host)
        if len(one.body) + len(other.body) <= SMALL:
            return compare(request, one, other, rules.policy)
        return await asyncio.to_thread(compare, request, one, other, rules.policy)

    # -- concluding

    def _conclude(self, exchange: Exchange, shadow: Observation, judgement: Judgement, rules: Rules) -> None:
        if judgement.verdict is Verdict.SKIPPED:
            self.counts["skipped", exchange.route, judgement.reason] += 1
        else:
            self.counts["verdict", exchange.route, judgement.verdict] += 1
        if judgement.verdict is Verdict.FAILED:
            self.counts["failure", exchange.route, judgement.reason] += 1
        try:
            line = entry(exchange, shadow, judgement, rules.redactor, exchange.method.decode("ascii"))
        except Exception:  # whatever went wrong in it: what was not redacted is not kept
            self.counts["lost", exchange.route, "redaction"] += 1
            return
        self._recorder.keep(line, worst(judgement.differences), self.verdicts)

    def _skip(self, route: str, reason: SkipReason) -> None:
        self.counts["skipped", route, reason] += 1


def _primary(exchange: Exchange) -> Answer:
    return Answer(exchange.primary_status, exchange.primary_fields, exchange.primary_body)
