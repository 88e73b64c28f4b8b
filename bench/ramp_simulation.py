"""`python -m bench.ramp_simulation`: a thousand ramps of a sound side and of a failing one, by two rules.

Banyan's gates and steps run as they are, on made-up traffic that drifts as real traffic does, and are looked
at every ten seconds. Beside them runs Flagger's rule on the same traffic: once a minute the success rate of
the last minute is held against a threshold; a check that holds takes the next step, a check that fails is
counted, and with five on the count the next tick rolls back. The count never goes down (advanceCanary in
pkg/controller/scheduler.go of fluxcd/flagger).
"""

import argparse
import math
import os
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from bench.report import Report, at_least, below, render
from proxy.config.ramp import Ramp as Plan
from proxy.config.units import PERCENT
from proxy.ramp.evidence import Evidence, Sample, SideSample
from proxy.ramp.gates import evaluate
from proxy.ramp.increase import IncreaseTest
from proxy.ramp.states import ACTIVE, State
from proxy.ramp.steps import advance, begin
from proxy.ramp.verdict import Trial

SLOT = 10
"""Seconds of a time slot; the gates look at every one."""

LIMIT = 0.5
PLAN = Plan.model_validate(
    {
        "steps": [1, 5, 25, 50, 100],
        "bake": "10m",
        "min_requests": 500,
        "gates": {"errors": {"max_increase": LIMIT}, "latency": None, "mismatches": None, "triage": None},
        "confidence": 0.95,
    }
)
STEPS = PLAN.steps
BASE = 0.01
"""The share of requests that legacy fails, on average."""

GIVE_UP = timedelta(hours=8)
"""A ramp that neither ended nor was taken back by then is left waiting."""

BEGIN = datetime(2025, 3, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class World:
    """What modern does: so many points more errors, from some weight on."""

    name: str
    points: float = 0.0
    from_weight: int = 0
    """In hundredths of a percent, as all weights."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What both sides did in one slot."""

    legacy: SideSample
    modern: SideSample
    harmed: int
    """Requests that failed on modern and would not have failed on legacy."""


@dataclass(frozen=True, slots=True)
class End:
    """How one ramp went."""

    taken_back: bool
    finished: bool
    exposed: int
    """Requests that modern served."""
    harmed: int
    minutes: float


class Traffic:
    """The requests of one ramp. Volume and error rate swing over hours, and slots jitter."""

    def __init__(self, seed: int, world: World, rate: float) -> None:
        self._draw, self._world, self._rate = random.Random(seed), world, rate
        self._phase, self._seconds = self._draw.random() * math.tau, 0

    def next(self, weight: int) -> Slot:
        """The next slot, with modern at a weight."""
        self._seconds += SLOT
        volume = 1 + 0.4 * math.sin(self._phase + self._seconds / 2_300)
        requests = round(self._rate * SLOT * volume * self._draw.uniform(0.8, 1.2))
        modern = min(requests, math.floor(requests * weight / (100 * PERCENT) + self._draw.random()))
        failing = BASE * (1 + 0.4 * math.sin(2.3 * self._phase + self._seconds / 1_900))
        extra = self._world.points / 100 if weight >= self._world.from_weight else 0.0
        harmed = self._errors(modern, extra)
        return Slot(
            SideSample(requests - modern, self._errors(requests - modern, failing)),
            SideSample(modern, harmed + self._errors(modern - harmed, failing)),
            harmed,
        )

    def _errors(self, requests: int, rate: float) -> int:
        """How many of so many fail, by the gaps between failures: few draws where the rate is small."""
        if rate == 0:
            return 0
        failed, at, missed = 0, -1, math.log1p(-rate)
        while (at := at + 1 + int(math.log(1 - self._draw.random()) / missed)) < requests:
            failed += 1
        return failed


def banyan(traffic: Traffic) -> End:
    """A ramp by Banyan's error gate, looked at after every slot."""
    ramp, now, exposed, harmed = advance(begin("route", BEGIN), BEGIN, (), PLAN).ramp, BEGIN, 0, 0
    evidence, before, step = _evidence(), None, 0
    while ramp.state in ACTIVE and now - BEGIN < GIVE_UP:
        slot, second = traffic.next(STEPS[step]), int((now - BEGIN).total_seconds())
        now += timedelta(seconds=SLOT)
        exposed, harmed = exposed + slot.modern.requests, harmed + slot.harmed
        evidence.add([Sample(second, "worker", slot.legacy, slot.modern)], before=second + SLOT)
        verdicts = evaluate(Trial(PLAN, ramp.trial, STEPS[step], evidence, before))
        ramp = advance(ramp, now, verdicts, PLAN).ramp
        if ramp.step != step:
            evidence, before, step = _evidence(), evidence, ramp.step
    minutes = (now - BEGIN).total_seconds() / 60
    return End(ramp.state is State.ROLLED_BACK, ramp.state is State.DONE, exposed, harmed, minutes)


def _evidence() -> Evidence:
    return Evidence(0, IncreaseTest(LIMIT / 100))


def flagger(least_success: float, traffic: Traffic) -> End:
    """A ramp by Flagger's rule, given the threshold of its success rate in percent."""
    failed, step, exposed, harmed, minutes = 0, 0, 0, 0, 0
    while True:
        slots = [traffic.next(STEPS[step]) for _ in range(60 // SLOT)]
        requests = sum(slot.modern.requests for slot in slots)
        errors = sum(slot.modern.errors for slot in slots)
        exposed, harmed = exposed + requests, harmed + sum(slot.harmed for slot in slots)
        minutes += 1
        if failed >= 5:
            return End(True, False, exposed, harmed, minutes)
        if requests == 0 or 100 * (1 - errors / requests) < least_success:
            failed += 1
        elif step == len(STEPS) - 1:
            return End(False, True, exposed, harmed, minutes)
        else:
            step += 1


WORLDS = (World("equal"), World("+2 points", 2.0), World("+2 points from 25 %", 2.0, 25 * PERCENT))
RULES: dict[str, Callable[[Traffic], End]] = {
    "Banyan": banyan,
    "Flagger, 99 %": partial(flagger, 99.0),
    "Flagger, 98.5 %": partial(flagger, 98.5),
}
COLUMNS = ("<modern side", "<rule", "taken back", "to 100 %", "exposed", "harmed", "harmed p90", "minutes")


def simulate(ramps: int, rate: float) -> Report:
    """Every rule in every world, each on traffic from the same seeds."""
    pairs = [(world, rule) for world in WORLDS for rule in RULES]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        futures = [pool.submit(_ends, world, rule, ramps, rate) for world, rule in pairs]
        ends = {pair: future.result() for pair, future in zip(pairs, futures, strict=True)}
    sound, failing = ends[WORLDS[0], "Banyan"], ends[WORLDS[1], "Banyan"]
    steps = ", ".join(f"{weight / PERCENT:g}" for weight in STEPS)
    return Report(
        "ramp",
        f"{ramps:,} ramps each, steps {steps} %; {rate:g} requests/s, of which legacy fails {BASE:.0%}",
        COLUMNS,
        [_row(world, rule, ends[world, rule]) for world, rule in pairs],
        [
            below("equal side taken back", 100 * _taken_back(sound), 5, " %"),
            at_least("+2 points taken back", 100 * _taken_back(failing), 95, " %"),
        ],
        [
            f"Banyan's gate: {LIMIT} points over legacy, 95 % confidence, looked at every {SLOT} s.",
            "Flagger's check: the success rate of the last minute; 99 % is the example of its documentation,",
            "98.5 % is what legacy does on average less Banyan's limit.",
            "Exposed: requests that modern served. Harmed: those that failed and would not have on legacy.",
            "Exposed, harmed and minutes are medians over all ramps.",
        ],
    )


def _ends(world: World, rule: str, ramps: int, rate: float) -> list[End]:
    return [RULES[rule](Traffic(seed, world, rate)) for seed in range(ramps)]


def _taken_back(ends: Sequence[End]) -> float:
    return sum(end.taken_back for end in ends) / len(ends)


def _row(world: World, rule: str, ends: Sequence[End]) -> tuple[str, ...]:
    harmed = sorted(end.harmed for end in ends)
    return (
        world.name,
        rule,
        f"{_taken_back(ends):.1%}",
        f"{sum(end.finished for end in ends) / len(ends):.1%}",
        f"{median(end.exposed for end in ends):,.0f}",
        f"{median(harmed):,.0f}",
        f"{harmed[len(harmed) * 9 // 10]:,}",
        f"{median(end.minutes for end in ends):,.0f}",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table. Returns 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.ramp_simulation")
    parser.add_argument("--ramps", type=int, default=1000, help="of each kind (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=300, help="requests a second (default: %(default)s)")
    arguments = parser.parse_args(argv)
    report = simulate(arguments.ramps, arguments.rate)
    print(render(report))
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
