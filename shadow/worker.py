"""The shadow worker: takes exchanges, asks the other side, compares, and hands on what it found.

Nothing that happens here reaches a client. Whatever is not compared is counted as a skip with its reason.
"""

import asyncio
import random
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from shadow.asking import Asking, is_over
from shadow.compare import Answer, Request, Result, Verdict
from shadow.comparing import Comparing
from shadow.entry import entry, is_grouped, is_logged, worst
from shadow.exchange import Exchange, SkipReason
from shadow.inbox import Inbox
from shadow.listening import listen
from shadow.noise import Noise
from shadow.plan import Plan, Rules
from shadow.receipts import Receipts
from shadow.recorder import Recorder
from shadow.replay import Call, Observation
from shadow.sessions import Sessions, Watch, session_of
from shadow.turns import Turns
from shadow.verdicts import Judgement, confirm, discount, judge, spot, unanswered, varied

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of one exchange on the socket, beyond any `max_body`."""
_SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the worker may use. `bytes` of exchanges that it holds; `concurrency` of replays under way.

    `pauses` in seconds before the third look at a state that moves, and each further one.

    `quiet` in seconds: the least silence of a client before its session is used. Longer than a data plane
    takes to connect again, so that none is left out that has requests of that session.
    """

    exchanges: int = 2000
    bytes: int = 64 * 1024 * 1024
    concurrency: int = 32
    quiet: float = 1.0
    pauses: tuple[float, ...] = (0.2, 1.0)


class Worker:
    """Runs until cancelled. `counts` holds (what, route, reason or verdict) → how often."""

    def __init__(
        self,
        plan: Plan,
        bounds: Bounds,
        recorder: Recorder,
        noise: Noise,
        verdicts: frozenset[str],
        comparing: Comparing,
    ) -> None:
        self.plan = plan
        self.verdicts = verdicts
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._bounds = bounds
        self._recorder = recorder
        self._noise = noise
        self._inbox = Inbox(bounds.exchanges, bounds.bytes, is_over)
        self._owed: dict[str, Receipts] = {}  # by the ids of exchanges that are not counted yet
        self._untold: set[Receipts] = set()
        self._slots = asyncio.Semaphore(bounds.concurrency)
        self._turns = Turns()
        self._comparing = comparing
        self._sessions = Sessions(time.monotonic)
        self.asking = Asking(bounds.concurrency, bounds.quiet, self._slots)
        self._draw = random.random

    async def run(self, socket: Path) -> None:
        """Listen and work."""
        server = await listen(socket, self.take, self._inbox.room, self._sessions, MAX_MESSAGE)
        async with server, self._comparing, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            tasks.create_task(self._turns.watch())
            while True:
                exchange = await self._inbox.get()
                if not is_over(exchange):
                    await self._turns.next()
                await self._slots.acquire()
                tasks.create_task(self._work(exchange))

    def take(self, exchange: Exchange, receipts: Receipts | None = None) -> None:
        """Queue an exchange, or drop and count it; `receipts` of whoever handed it over."""
        if receipts is not None:
            self._owed[exchange.id] = receipts
        if not self._inbox.put(exchange):
            self._skip(exchange, SkipReason.QUEUE_FULL)

    def tell(self) -> None:
        """Let the data planes know what was counted, now that somebody has taken `counts`."""
        self._untold = {receipts for receipts in self._untold if not receipts.tell()}

    async def _work(self, exchange: Exchange) -> None:
        try:
            await self.handle(exchange)
        except Exception:  # one exchange that nobody foresaw must not end the worker
            self._count("verdict", exchange, Verdict.FAILED)
            self.counts["failure", exchange.route, "internal"] += 1
        finally:
            self._inbox.done(exchange)
            self._slots.release()

    async def handle(self, exchange: Exchange) -> None:
        """All that is done with one exchange."""
        rules = self.plan.routes.get(exchange.route)
        if rules is None or is_over(exchange):
            self._skip(exchange, SkipReason.EXPIRED)
            return
        session = self._session_of(exchange)
        with nullcontext() if session is None else self._sessions.watching(session) as watch:
            shadow = await self.asking.ask(
                self.plan.upstreams, Call.to_shadow(exchange), rules, exchange, watch
            )
            judgement = await self._judged(exchange, shadow, rules, watch)
            self._conclude(exchange, shadow, judgement, rules)
            if exchange.method in _SAFE and self._draw() < rules.noise_sample:
                await self._learn(exchange, rules, watch)

    def _session_of(self, exchange: Exchange) -> bytes | None:
        """The client's session, if one of the backends would lock it."""
        names = (exchange.primary_backend, exchange.shadow_backend)
        found = (self.plan.upstreams.get(name) for name in names)
        return session_of(exchange.request_fields) if any(one and one.sessions for one in found) else None

    # -- asking

    async def _both(
        self, exchange: Exchange, rules: Rules, watch: Watch | None
    ) -> tuple[Answer, Answer] | None:
        """Both sides' answers to the same request now; None if one has none.

        At the same time, so that little can change between them; those of a session one after the other.
        """
        calls = [
            self.asking.ask(self.plan.upstreams, to(exchange), rules, exchange, watch)
            for to in (Call.to_primary, Call.to_shadow)
        ]
        if watch is None:
            primary, shadow = await asyncio.gather(*calls)
        else:
            primary, shadow = [await call for call in calls]
        return None if primary.answer is None or shadow.answer is None else (primary.answer, shadow.answer)

    async def _learn(self, exchange: Exchange, rules: Rules, watch: Watch | None) -> None:
        """What does the primary's own side answer, asked twice?"""
        again = (
            await self.asking.ask(self.plan.upstreams, Call.to_primary(exchange), rules, exchange, watch)
        ).answer
        if again is not None:
            result = await self._compare(exchange, _primary(exchange), again, rules)
            self._noise.learn(exchange.route, varied(result))

    # -- judging

    async def _judged(
        self, exchange: Exchange, shadow: Observation, rules: Rules, watch: Watch | None
    ) -> Judgement:
        if shadow.skip is not None:
            return Judgement(Verdict.SKIPPED, shadow.skip)
        if shadow.answer is None:
            return unanswered(exchange.primary_status, str(shadow.failure))
        primary = _primary(exchange)
        result = await self._compare(exchange, primary, shadow.answer, rules)
        self._noise.compared(exchange.route, result.differences)
        judgement = judge(primary, shadow.answer, result)
        judgement = discount(judgement, self._noise.among(exchange.route, judgement.differences))
        if judgement.verdict is Verdict.MISMATCH and exchange.method in _SAFE:
            return await self._confirmed(exchange, judgement, shadow.answer, rules, watch)
        return judgement

    async def _confirmed(
        self, exchange: Exchange, judgement: Judgement, shadow: Answer, rules: Rules, watch: Watch | None
    ) -> Judgement:
        """Look again: at once, and while the primary's own answer keeps changing a little later, too."""
        judgement, moves = await self._second_look(exchange, judgement, shadow, rules, watch)
        for pause in self._bounds.pauses:
            if judgement.verdict is not Verdict.MISMATCH or not moves:
                break
            await self.asking.aside(asyncio.sleep(pause))
            judgement, moves = await self._second_look(exchange, judgement, shadow, rules, watch)
        return judgement

    async def _second_look(
        self, exchange: Exchange, first: Judgement, shadow: Answer, rules: Rules, watch: Watch | None
    ) -> tuple[Judgement, bool]:
        """Call both sides again: what vanishes does not count, what varies on the primary's side is noise.

        Where the primary's answer has changed, the state is moving, unless that is known noise: then a
        difference counts only if no answer of the one side agrees with any of the other, and if it is not
        what has changed. Gives the judgement, and whether the state moves.
        """
        answers = await self._both(exchange, rules, watch)
        if answers is None:
            return confirm(first, ()), False
        primary = _primary(exchange)
        same_side = varied(await self._compare(exchange, primary, answers[0], rules))
        pairs = [answers]
        if same_side:
            pairs += [(primary, answers[1]), (answers[0], shadow)]
        looks = [await self._compare(exchange, *pair, rules) for pair in pairs]
        moved = {spot(difference) for difference in same_side}
        moves = moved > self._noise.among(exchange.route, same_side)
        return discount(confirm(first, looks, moved), moved), moves

    async def _compare(self, exchange: Exchange, one: Answer, other: Answer, rules: Rules) -> Result:
        """Compare within the limits."""
        host = next((value for name, value in exchange.request_fields if name.lower() == b"host"), b"")
        request = Request(exchange.method.decode("ascii"), exchange.target, exchange.scheme, host)
        return await self._comparing.compare(request, one, other, rules.policy)

    # -- concluding

    def _conclude(self, exchange: Exchange, shadow: Observation, judgement: Judgement, rules: Rules) -> None:
        if judgement.verdict is Verdict.SKIPPED:
            self._count("skipped", exchange, judgement.reason)
        else:
            self._count("verdict", exchange, judgement.verdict)
        if judgement.verdict is Verdict.FAILED:
            self.counts["failure", exchange.route, judgement.reason] += 1
        if not (is_grouped(judgement.verdict) or is_logged(judgement.verdict, self.verdicts)):
            return  # most exchanges: redacting them would be the most expensive thing done with them
        try:
            line = entry(exchange, shadow, judgement, rules.redactor, exchange.method.decode("ascii"))
        except Exception:  # whatever went wrong in it: what was not redacted is not kept
            self.counts["lost", exchange.route, "redaction"] += 1
            return
        self._recorder.keep(line, worst(judgement.differences), self.verdicts)

    def _skip(self, exchange: Exchange, reason: SkipReason) -> None:
        self._count("skipped", exchange, reason)

    def _count(self, what: str, exchange: Exchange, label: str) -> None:
        """What became of an exchange."""
        self.counts[what, exchange.route, label] += 1
        receipts = self._owed.pop(exchange.id, None)
        if receipts is not None:
            receipts.settled(exchange.route)
            self._untold.add(receipts)


def _primary(exchange: Exchange) -> Answer:
    return Answer(exchange.primary_status, exchange.primary_fields, exchange.primary_body)
