"""The soak itself: clients, faults and changes of routes.yaml, and a look at the worker now and then."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.children import BenchError
from bench.rounds import note
from bench.soak.faults import Backend, Fault, Misfortune
from bench.soak.plan import Plan
from bench.soak.traffic import Client, End, Ended, asks
from bench.soak.vitals import Vitals, look
from bench.target import Target

CLIENTS = 24
SEED = 20_240  # the same shapes, sizes and faults in every soak; only their timing differs
LOOKS = 30  # looks at the worker, and rows of the table
QUIET = 8.0  # seconds without load before the last look: everything idle is closed by then
FLIP_EVERY = 15.0  # seconds between two changes of routes.yaml


@dataclass(slots=True)
class Tally:
    """What came of all exchanges so far; `complaints` tells of those that must not be."""

    ends: Counter[End] = field(default_factory=Counter)
    bytes_checked: int = 0
    unexplained: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, ended: Ended, what: str, size: int, excused: bool) -> None:
        """`excused`: a fault of the last seconds may have made the proxy refuse or cut."""
        self.ends[ended.end] += 1
        match ended.end:
            case End.RIGHT:
                self.bytes_checked += size
            case End.LEFT:
                pass
            case End.REFUSED | End.CUT if excused:
                pass
            case End.REFUSED | End.CUT:
                self.unexplained += 1
                self.complaints.append(f"{ended.end.value}: {what}: {ended.why}")
            case End.WRONG | End.HUNG:
                self.complaints.append(f"{ended.end.value}: {what}: {ended.why}")


@dataclass(frozen=True, slots=True)
class Look:
    """The worker and the tally at one moment."""

    vitals: Vitals
    ends: Counter[End]


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished soak: the worker before all load, the looks under load, and the one after."""

    tally: Tally
    faults: dict[Fault, int]
    before: Vitals
    series: list[Look]
    after: Look


async def soak(proxy: Target, plan: Plan, backends: Sequence[Backend], seconds: float) -> Ran:
    """Runs clients, faults and flips together for so long, then waits for quiet."""
    watch = Watch(proxy, plan)
    tally, misfortune = Tally(), Misfortune(backends, random.Random(SEED))
    before = await watch.look()
    deadline = time.monotonic() + seconds
    customers = [customer(proxy.port, number, deadline, tally, misfortune) for number in range(CLIENTS)]
    tasks = [asyncio.create_task(each) for each in (misfortune.strike(), flips(plan), *customers)]
    series: list[Look] = []
    try:
        for _ in range(LOOKS):
            await asyncio.sleep(seconds / LOOKS)
            series.append(Look(await watch.look(), Counter(tally.ends)))
            note(f"minute {series[-1].vitals.at / 60:.1f}: {tally.ends.total():,} exchanges")
            raise_failures(tasks)
        await asyncio.gather(*tasks[2:])
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        note("")
    await asyncio.sleep(QUIET)
    return Ran(tally, misfortune.counts, before, series, Look(await watch.look(), Counter(tally.ends)))


def raise_failures(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Passes on what ended a task; a soak without its clients or its faults proves nothing."""
    for task in tasks:
        if task.done():
            task.result()


class Watch:
    """Looks at the one worker, and complains when it is not the same any more."""

    def __init__(self, proxy: Target, plan: Plan) -> None:
        self._pid = proxy.worker()
        self._control = plan.control
        self._began = time.monotonic()

    async def look(self) -> Vitals:
        seen = await asyncio.to_thread(look, self._pid, self._control, time.monotonic() - self._began)
        if not seen.rss:
            raise BenchError(f"the worker (pid {self._pid}) ended during the soak")
        return seen


async def customer(port: int, number: int, deadline: float, tally: Tally, misfortune: Misfortune) -> None:
    """One client, one exchange after the other until the deadline."""
    client = Client(port, f"m_{number}")
    try:
        for ask in asks(random.Random(SEED + number)):
            if time.monotonic() > deadline:
                return
            ended = await client.exchange(ask)
            tally.add(ended, f"{ask.method} {ask.target}", len(ask.expected), misfortune.recent())
    finally:
        await client.close()


async def flips(plan: Plan) -> None:
    """Changes the weights in routes.yaml until cancelled."""
    dice = random.Random(SEED)
    while True:
        await asyncio.sleep(FLIP_EVERY)
        plan.flip(dice.randrange(101))
