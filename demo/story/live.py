"""The endless version: traffic as on any weekday, and an endpoint that moves between the sides."""

import random
import time
from collections import Counter
from collections.abc import Callable
from itertools import cycle

from . import findings, ramps
from .browser import Browser, Unexpected
from .journeys import JOURNEYS
from .parts import StartFailed
from .screen import Screen
from .stack import Stack
from .stages import save, side_of, stages, with_stages
from .visits import Visit, any_read, reads
from .wire import ask, wait_for

CHAPTER = 12.0
"""Seconds of traffic between two events."""

PAUSE = 0.05
"""Seconds between two requests."""


def play(stack: Stack, screen: Screen, seed: int) -> None:
    """Runs until Ctrl-C; StartFailed when a part ends by itself."""
    chance = random.Random(seed)
    moving, draw = reads(chance)[0], any_read(chance)
    screen.title("Traffic begins. Ctrl-C ends everything.")
    _let_run(stack, screen, draw)
    _find_and_ramp(stack, screen, chance)
    screen.title("Traffic goes on, and an endpoint moves to and fro")
    side = side_of(stages(stack.routes.read_text())[moving.route])
    moves = ("legacy", "modern") if side == "modern" else ("modern", "legacy")
    for journey, stage in zip(cycle(JOURNEYS), cycle(moves), strict=False):
        _let_run(stack, screen, draw)
        try:
            journey.make(Browser(stack.at.clients), chance)
            screen.good(f"Meanwhile {journey.what}.")
        except Unexpected as problem:
            screen.bad(f"{journey.what}: {problem}")
        _move(stack, screen, moving, stage)


def _find_and_ramp(stack: Stack, screen: Screen, chance: random.Random) -> None:
    """What Banyan is for: differences found, one endpoint brought over, one taken back."""
    try:
        problems = [findings.tell(stack, screen, chance), *ramps.tell(stack, screen, chance)]
    except Unexpected as unexpected:
        problems = [str(unexpected)]
    for problem in filter(None, problems):
        screen.bad(problem)


def _let_run(stack: Stack, screen: Screen, draw: Callable[[], Visit]) -> None:
    """A chapter of single requests, summed up in a sentence."""
    count: Counter[str] = Counter()
    end = time.monotonic() + CHAPTER
    while time.monotonic() < end:
        answer = ask(stack.at.clients, draw().request)
        count[answer.side if answer.status < 500 else "failed"] += 1
        time.sleep(PAUSE)
        if dead := stack.dead():
            raise StartFailed(f"{dead} ended by itself")
    shares = f"PHP answered {count['legacy']}, Python {count['modern']}, {count['failed']} failed"
    screen.say(f"{count.total()} requests: {shares}.")


def _move(stack: Stack, screen: Screen, visit: Visit, stage: str) -> None:
    """What an engineer does: edits one word of routes.yaml and saves."""
    screen.say(f"routes.yaml is edited: {visit.route} to stage {stage}.")
    save(stack.routes, with_stages(stack.routes.read_text(), {visit.route: stage}))
    side = side_of(stage)
    began = time.monotonic()
    if wait_for(stack.at.clients, visit.request, side, timeout=10.0):
        name = {"legacy": "PHP", "modern": "Python"}[side]
        screen.good(f"{time.monotonic() - began:.1f} s later every answer comes from {name}.")
    else:
        screen.bad("Banyan did not take the change.")
