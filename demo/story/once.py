"""One round, every answer checked: what `banyan demo --once` does."""

import random
import statistics

from . import control, findings, ramps
from .browser import Browser, Unexpected
from .checks import Tally, check_all
from .flips import Flip, Load, flip
from .journeys import JOURNEYS
from .screen import Screen
from .stack import Stack
from .stages import save, side_of, stages, with_stages
from .visits import Visit, reads, writes
from .wire import Side, wait_for

ROUNDS = 3
"""How often every kind of read is drawn anew."""

RELOAD = 10.0
"""Seconds that a whole new routes.yaml may take to reach every worker before the demo gives up."""


class Round:
    """Plays the round on a running stack and keeps count."""

    def __init__(self, stack: Stack, screen: Screen, seed: int) -> None:
        self._stack, self._screen, self._chance = stack, screen, random.Random(seed)
        self._shipped = stack.routes.read_text()
        self._tally = Tally()

    def play(self) -> bool:
        """The whole round; True if everything was right."""
        self._compare_with("legacy")
        self._travel()
        self._compare_with("modern")
        self._flip_under_load()
        self._compare_as_shipped()
        self._find_and_ramp()
        self._sum_up()
        return not self._tally.wrong

    def _compare_with(self, side: Side) -> None:
        name = {"legacy": "PHP", "modern": "Python"}[side]
        self._screen.title(f"Every endpoint that both sides know, answered by {name}")
        visits = self._visits()
        self._edit(with_stages(self._shipped, dict.fromkeys(stages(self._shipped), side)), visits)
        self._check(visits, side, f"answers through Banyan are {name}'s own, byte for byte")

    def _compare_as_shipped(self) -> None:
        self._screen.title("routes.yaml as it is shipped")
        shipped, visits = stages(self._shipped), self._visits()
        self._edit(self._shipped, visits)
        for side in ("legacy", "modern"):
            own = [visit for visit in visits if side_of(shipped[visit.route]) == side]
            self._check(own, side, f"answers came from {side}, where routes.yaml sends them")

    def _edit(self, text: str, visits: list[Visit]) -> None:
        """Saves the text as routes.yaml, and waits until a visit that changes sides by it has done so."""
        before, after = stages(self._stack.routes.read_text()), stages(text)
        save(self._stack.routes, text)
        for visit in visits:
            side = side_of(after[visit.route])
            if visit.request.method == "GET" and side != side_of(before[visit.route]):
                taken = wait_for(self._stack.at.clients, visit.request, side, RELOAD)
                self._count(None if taken else "routes.yaml was edited, but Banyan did not take the change")
                return

    def _visits(self) -> list[Visit]:
        drawn = [visit for _ in range(ROUNDS) for visit in reads(self._chance)] + writes(self._chance)
        known = stages(self._shipped)
        missing = {visit.route for visit in drawn} - known.keys()
        self._count(f"routes.yaml has no route {', '.join(sorted(missing))}" if missing else None)
        return [visit for visit in drawn if visit.route in known]

    def _check(self, visits: list[Visit], side: Side, words: str) -> None:
        found = check_all(visits, side, self._stack.at)
        self._tally.right += found.right
        self._screen.good(f"{found.right} {words}")
        for problem in found.wrong:
            self._count(problem)

    def _travel(self) -> None:
        self._screen.title("People and programs at work, all of it through Banyan")
        for journey in JOURNEYS:
            browser = Browser(self._stack.at.clients, witness=self._stack.at.legacy)
            try:
                journey.make(browser, self._chance)
            except Unexpected as problem:
                self._count(f"{journey.what}: {problem}")
                continue
            self._tally.right += browser.asked + browser.compared
            self._screen.good(f"{journey.what} ({browser.asked} requests, {browser.compared} pages compared)")

    def _flip_under_load(self) -> None:
        visit = reads(self._chance)[0]
        self._screen.title(f"Flipping {visit.route} by editing routes.yaml, while clients keep asking")
        with Load(self._stack.at.clients, lambda: visit.request) as load:
            flips = [flip(self._stack.routes, visit, stage, load) for stage in ("legacy", "modern") * 3]
        for one in flips:
            self._judge(one)
        # One slow flip may be the machine's doing, most of them would be Banyan's.
        usual = statistics.median(one.seconds for one in flips)
        self._count(f"a flip takes {usual:.2f} s, not under one" if usual >= 1.0 else None)

    def _find_and_ramp(self) -> None:
        try:
            self._count(findings.tell(self._stack, self._screen, self._chance))
            for problem in ramps.tell(self._stack, self._screen, self._chance):
                self._count(problem)
            self._count(findings.judge(control.groups(self._stack.at.control)))
        except Unexpected as problem:
            self._count(str(problem))

    def _judge(self, one: Flip) -> None:
        when = f"{one.seconds * 1000:.0f} ms after the file was saved" if one.done else "never"
        words = f"to {one.stage}: {one.requests} requests, {one.failed} failed, in force {when}"
        if one.done and not one.failed:
            self._tally.right += one.requests
            self._screen.good(words)
        else:
            self._count(words)

    def _count(self, problem: str | None) -> None:
        if problem is not None:
            self._screen.bad(problem)
            self._tally.add(problem)

    def _sum_up(self) -> None:
        self._screen.title("Summary")
        if self._tally.wrong:
            self._screen.bad(f"{len(self._tally.wrong)} problems; {self._tally.right} answers were right")
        else:
            self._screen.good(f"all {self._tally.right} answers were right, and no request failed")
