"""What shadowing found: the three planted bugs as diff groups, and nothing else."""

import random
import time
from typing import Any

from . import control
from .control import Group
from .screen import Screen
from .stack import Stack
from .visits import reads
from .wire import ask

BUGS = {
    ("merchant-report", "$.totals.chargebacks", "missing"),
    ("pay-link", "status", "changed"),
    ("rate-fee", "$.fee", "changed"),
}
"""Route, what differs, and how: the README's "Three bugs to be found"."""

PATIENCE = 60.0
"""Seconds of traffic within which all of them must have shown."""

ROUNDS = 6
"""So many rounds of traffic go on after that, so that anything else can show as well."""

SETTLE = 1.0
"""Seconds from an answer until its difference, looked at twice, is in the ledger."""


def tell(stack: Stack, screen: Screen, chance: random.Random) -> str | None:
    """Sends traffic until the bugs are found, and says what was; a line if it is not exactly the bugs."""
    screen.title("What shadowing found: answers that PHP and Python do not give alike")
    _send_until_found(stack, chance)
    for _ in range(ROUNDS):
        _visit(stack, chance)
    time.sleep(SETTLE)
    found = control.groups(stack.at.control)
    for group in found:
        screen.say(f"  {sentence(group)}")
    problem = judge(found)
    if problem is None:
        screen.good(f"{len(found)} groups: the three planted bugs, and nothing else")
    screen.say(f"  QA looks at them at {stack.at.control.url}/differences")
    return problem


def judge(found: list[Group]) -> str | None:
    """None if the groups are the planted bugs, one for each; otherwise what is wrong, in one line."""
    if bugs_in(found) == BUGS and len(found) == len(BUGS):
        return None
    missing = sorted(" ".join(bug) for bug in BUGS - bugs_in(found))
    more = sorted(" ".join(bug) for bug in bugs_in(found) - BUGS)
    return f"{len(found)} diff groups, not {len(BUGS)}; not found: {missing}; not planted: {more}"


def bugs_in(found: list[Group]) -> set[tuple[str, str, str]]:
    """Route, what differs, and how, of all groups."""
    return {(group.route, one["path"], one["kind"]) for group in found for one in group.differences}


def sentence(group: Group) -> str:
    """The group in plain words."""
    times = "once" if group.count == 1 else f"{group.count} times"
    what = "; ".join(map(_difference, group.differences))
    return f"{group.route}, {group.severity}, {times}: {what}"


def _difference(one: dict[str, Any]) -> str:
    what = "the status" if one["where"] == "status" else one["path"]
    match one["kind"]:
        case "missing":
            return f"{what} is missing in Python's answer, PHP says {one['primary']}"
        case "extra":
            return f"{what} is in Python's answer only, {one['shadow']}"
        case _:
            return f"{what} is {one['primary']} from PHP and {one['shadow']} from Python"


def _send_until_found(stack: Stack, chance: random.Random) -> None:
    deadline = time.monotonic() + PATIENCE
    while not bugs_in(control.groups(stack.at.control)) >= BUGS and time.monotonic() < deadline:
        _visit(stack, chance)


def _visit(stack: Stack, chance: random.Random) -> None:
    for visit in reads(chance):
        ask(stack.at.clients, visit.request)
    time.sleep(0.1)
