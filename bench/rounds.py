"""Fair rounds: every target takes every load in turn, again and again, and the order rotates.

A machine drifts: it warms up, neighbours come and go. What is measured minutes apart can't be compared; what
is measured within seconds, several times over, can. Medians of the rounds are what counts.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench import load, procfs
from bench.load import Load, Ran
from bench.machine import Cores
from bench.stats import Spread, spread
from bench.target import Target

IDLE_IS_SUSPECT = 0.05  # more idle time of the proxy's core than this, and something else was the limit
PAUSE = 0.06  # seconds between two looks at whether a target has come to rest
PATIENCE = 60  # looks
STRANGERS_ARE_SUSPECT = 0.10  # so much of the proxy's core in the hands of others, and the figure is too low


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one load against one target.

    `cpu` is the target's CPU time in seconds, `idle` the share of the proxy's core in which nothing ran,
    `rss` the bytes resident in all the target's processes, `worker_rss` those of its worker.
    """

    ran: Ran
    cpu: float
    idle: float
    rss: int
    worker_rss: int

    @property
    def strangers(self) -> float:
        """The share of the proxy's core that went to processes other than the target."""
        return max(1 - self.idle - self.cpu / self.ran.seconds, 0.0)


@dataclass(frozen=True, slots=True)
class Summary:
    """All rounds of one load against one target: medians, and the spread of the rate in requests/s."""

    rate: Spread
    p50: float
    p99: float
    cpu_micros: float
    idle: float
    strangers: float
    rss: int
    worker_rss: int
    failed: int

    def doubts(self) -> list[str]:
        """Why the rate may say less than it seems to; empty when there is nothing to doubt."""
        found = []
        if self.idle > IDLE_IS_SUSPECT:
            found.append(f"core {self.idle:.0%} idle: the load was the limit")
        if self.strangers > STRANGERS_ARE_SUSPECT:
            found.append(f"others used {self.strangers:.0%} of the core")
        if self.failed:
            found.append(f"{self.failed} requests failed")
        return found


Results = dict[tuple[str, str], Summary]  # by target key and load key


def summarize(samples: Sequence[Sample]) -> Summary:
    def middle(value: Callable[[Sample], float]) -> float:
        return spread(map(value, samples)).median

    return Summary(
        rate=spread(sample.ran.rate for sample in samples),
        p50=middle(lambda s: s.ran.p50),
        p99=middle(lambda s: s.ran.p99),
        cpu_micros=middle(lambda s: s.cpu / max(s.ran.requests, 1) * 1e6),
        idle=middle(lambda s: s.idle),
        strangers=middle(lambda s: s.strangers),
        rss=max(sample.rss for sample in samples),
        worker_rss=max(sample.worker_rss for sample in samples),
        failed=sum(sample.ran.failed for sample in samples),
    )


def measure(target: Target, kind: Load, seconds: int, cores: Cores) -> Sample:
    """Runs one load against one target and accounts for the proxy's core meanwhile."""
    core, cpu = procfs.read_core(cores.proxy), target.cpu_seconds()
    ran = load.run(kind, target.port, seconds, cores.load)
    idle = procfs.idle_share(core, procfs.read_core(cores.proxy))
    sample = Sample(ran, target.cpu_seconds() - cpu, idle, *target.rss())
    settle(target)
    return sample


def settle(target: Target) -> None:
    """Waits until the target is done with what the load left behind, so that the next one has the core."""
    for _ in range(PATIENCE):
        before = target.cpu_seconds()
        time.sleep(PAUSE)
        if target.cpu_seconds() - before <= PAUSE / 4:
            return


def interleave(
    targets: Sequence[Target], loads: Sequence[Load], rounds: int, seconds: int, cores: Cores
) -> Results:
    """Measures every target under every load, `rounds` times in turn. One round before them only warms up."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number, target, kind in progress(list(turns(targets, loads, rounds))):
        sample = measure(target, kind, seconds if number else 1, cores)
        if number:
            samples.setdefault((target.key, kind.key), []).append(sample)
    return {key: summarize(found) for key, found in samples.items()}


def turns(
    targets: Sequence[Target], loads: Sequence[Load], rounds: int
) -> Iterator[tuple[int, Target, Load]]:
    """Who is measured when. Round 0 is the warm-up; each round begins with the next target."""
    for number in range(rounds + 1):
        first = number % len(targets)
        for kind in loads[:1] if number == 0 else loads:
            for target in (*targets[first:], *targets[:first]):
                yield number, target, kind


def progress(plan: Sequence[tuple[int, Target, Load]]) -> Iterator[tuple[int, Target, Load]]:
    """Passes the plan on, and says on a terminal how far it is."""
    began = time.monotonic()
    for done, (number, target, kind) in enumerate(plan):
        left = (time.monotonic() - began) / done * (len(plan) - done) if done else 0
        note(f"round {number}, {target.title}, {kind.key}; {len(plan) - done} runs left, about {left:.0f} s")
        yield number, target, kind
    note("")


def note(text: str) -> None:
    """A line on the terminal that the next one replaces; nothing where no one watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
