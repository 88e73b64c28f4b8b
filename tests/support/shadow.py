"""The shadow worker on a desk: exchanges by hand, scripted backends, a store in memory."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from shadow.compare import Difference, Policy, shown
from shadow.comparing import Comparing
from shadow.difflog import DiffLog
from shadow.exchange import Exchange, Fields
from shadow.groups import Sighting
from shadow.noise import Known, Noise, Seen
from shadow.plan import Plan, Rules, Upstream
from shadow.recorder import Recorder, StoreDown
from shadow.worker import Bounds, Worker

JSON = [(b"Content-Type", b"application/json")]
HEAD = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n"

Script = Callable[[httpx.Request], httpx.Response]


def exchange(body: object = None, **changes: Any) -> Exchange:
    """A GET of route `r` that the primary answered with this JSON."""
    made = Exchange(
        id="e1",
        time=time.time(),
        route="r",
        trace_id="0" * 31 + "1",
        method=b"GET",
        target=b"/a",
        scheme="http",
        request_fields=[(b"Host", b"shop")],
        request_body=b"",
        primary_side="legacy",
        primary_backend="legacy",
        primary_head=HEAD,
        primary_status=200,
        primary_fields=JSON,
        primary_body=json.dumps({"a": 1} if body is None else body).encode(),
        primary_ms=1.5,
        shadow_backend="modern",
        replay_head=HEAD,
    )
    return made._replace(**changes)


def answers(body: object, status: int = 200) -> Script:
    """A backend that always answers this JSON."""
    return lambda _: httpx.Response(status, json=body)


def in_turn(*bodies: object) -> Script:
    """A backend that answers these, one a call, the last one for ever."""
    left = list(bodies)
    return lambda _: httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])


class Bare:
    """Hides nothing: what redaction does is tested where it lives."""

    def target(self, target: bytes) -> str:
        return target.decode()

    def fields(self, fields: Fields) -> list[tuple[str, str]]:
        return [(name.decode(), value.decode()) for name, value in fields]

    def body(self, fields: Fields, body: bytes) -> str:
        return body.decode()

    def text(self, text: str) -> str:
        return text

    def difference(self, difference: Difference) -> tuple[str, str | None, str | None]:
        return difference.path, *shown(difference)


class Broken(Bare):
    """A redactor that fails."""

    def target(self, target: bytes) -> str:
        raise RuntimeError("no")


@dataclass
class MemoryStore:
    """A ledger in memory, which can be down."""

    recorded: list[Sighting] = field(default_factory=list)
    learned: dict[str, Seen] = field(default_factory=dict)
    rulings: dict[str, Known] = field(default_factory=dict)
    down: bool = False

    def record(self, sightings: Sequence[Sighting], learned: Mapping[str, Seen]) -> None:
        self._check()
        self.recorded += sightings
        for route, seen in learned.items():
            self.learned[route] = self.learned.get(route, Seen()).plus(seen)

    def known(self) -> Mapping[str, Known]:
        self._check()
        return {**{route: Known(seen) for route, seen in self.learned.items()}, **self.rulings}

    def tidy(self) -> None:
        self._check()

    def _check(self) -> None:
        if self.down:
            raise StoreDown("the ledger is down")


@dataclass
class Desk:
    """A worker with everything around it. The scripts answer for the backends of their name."""

    home: Path
    modern: Script = field(default_factory=lambda: answers({"a": 1}))
    legacy: Script = field(default_factory=lambda: answers({"a": 1}))
    rules: Rules = field(default_factory=lambda: Rules(Policy.compile(php=False), Bare(), noise_sample=0.0))
    store: MemoryStore = field(default_factory=MemoryStore)
    php: Iterable[str] = ()
    bounds: Bounds = field(default_factory=Bounds)
    verdicts: frozenset[str] = frozenset({"all"})
    comparing: Comparing = field(default_factory=Comparing)

    def __post_init__(self) -> None:
        self.log = DiffLog(self.home / "diffs.jsonl", 1 << 20, 3600.0)
        self.noise = Noise()
        self.recorder = Recorder(self.log, self.store, self.noise, 3, lambda: 1.0)
        self.asked: list[tuple[str, httpx.Request]] = []
        upstreams = {
            name: Upstream(httpx.MockTransport(self._answer(name)), name in self.php)
            for name in ("legacy", "modern")
        }
        plan = Plan({"r": self.rules}, upstreams)
        self.worker = Worker(plan, self.bounds, self.recorder, self.noise, self.verdicts, self.comparing)

    def _answer(self, name: str) -> Script:
        def answer(request: httpx.Request) -> httpx.Response:
            self.asked.append((name, request))
            return self.modern(request) if name == "modern" else self.legacy(request)

        return answer

    def lines(self) -> list[dict[str, Any]]:
        """The diff log."""
        return [json.loads(line) for line in (self.home / "diffs.jsonl").read_text().splitlines()]

    async def work(self, *exchanges: Exchange) -> list[dict[str, Any]]:
        """Have the worker handle these, one after the other; the lines it wrote, of this call and before."""
        for one in exchanges:
            await self.worker.handle(one)
        await self.recorder.flush()
        return self.lines()

    async def close(self) -> None:
        """End what the worker started to compare with."""
        await self.comparing.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    deadline = time.monotonic() + 60
    for _ in iter(condition, True):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
