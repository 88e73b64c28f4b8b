"""Two endpoints on the ramp: the clean one arrives, the one with a planted bug is taken back by its gate."""

import random
import time

from . import control
from .control import RampSeen
from .flips import Load
from .plans import BROKEN, CLEAN, PLANS, STEPS
from .screen import Screen
from .stack import Stack
from .visits import AMOUNTS, KEYS
from .wire import Request

PATIENCE = 240.0
"""Seconds after which a ramp that has not ended has failed. A machine that is busy with other things sheds
shadowing, and a gate waits for what it has to see."""

PAUSE = 0.02
"""Seconds between two requests of a client, at least. Shadowing sees all of what comes at this pace."""

SHOPS = 400


def tell(stack: Stack, screen: Screen, chance: random.Random) -> list[str]:
    """Starts both ramps under traffic and tells how they go; a line for each thing that went wrong."""
    screen.title(f"Two endpoints leave PHP step by step: {CLEAN} is sound, {BROKEN} has a planted bug")
    screen.say(
        f"  Python gets {', '.join(map(str, STEPS))} % of the shops, each step only if the gates pass:"
    )
    screen.say(
        "  with confidence 0.95 not 5 points more errors than PHP, and not 5 % of compared answers different."
    )
    for route in PLANS:
        control.start_ramp(stack.at.control, route)
    with Load(stack.at.clients, lambda: any_shop(chance), pause=PAUSE) as load:
        seen = _follow(stack, screen)
    failed = sum(one.side is None for one in load.seen)
    positions = {route: control.position(stack.at.control, route) for route in PLANS}
    problems = judge(seen, positions)
    if failed:
        problems.append(f"{failed} of {len(load.seen)} requests failed during the ramps")
    else:
        screen.good(f"{len(load.seen)} requests meanwhile, none failed")
    return problems


def any_shop(chance: random.Random) -> Request:
    """One of many shops asks one of the two endpoints. Shops are what the ramp counts in percent."""
    fields = (
        ("X-Merchant-Id", f"shop-{chance.randrange(SHOPS)}"),
        ("Authorization", f"Bearer {KEYS['m_1']}"),
    )
    if chance.random() < 0.75:
        return Request("GET", f"/api/payments?limit=5&page={chance.randint(1, 3)}", fields)
    return Request("GET", f"/api/rates/EUR/fee?amount={chance.choice(AMOUNTS)}", fields)


def judge(seen: dict[str, RampSeen], positions: dict[str, tuple[str, float]]) -> list[str]:
    """What is not as the story has it: the clean endpoint at 100 %, the broken one back where it was."""
    problems = []
    if (seen[CLEAN].state, positions[CLEAN]) != ("done", ("canary", 100.0)):
        problems.append(_otherwise(CLEAN, seen[CLEAN], positions[CLEAN], "done at 100 %"))
    by_gate = seen[BROKEN].reason.startswith("mismatches: ")
    if (seen[BROKEN].state, positions[BROKEN][0], by_gate) != ("rolled_back", "shadow", True):
        problems.append(
            _otherwise(BROKEN, seen[BROKEN], positions[BROKEN], "rolled back to shadow by its gate")
        )
    return problems


def _otherwise(route: str, seen: RampSeen, position: tuple[str, float], wanted: str) -> str:
    stage, weight = position
    return f"the ramp of {route} is {seen.state} at {stage} {weight:g} %, not {wanted}: {seen.reason}"


def _follow(stack: Stack, screen: Screen) -> dict[str, RampSeen]:
    """Tells every step of both, until both are over or patience is."""
    began = time.monotonic()
    seen = {route: RampSeen("running", -1, "") for route in PLANS}
    while not all(one.over for one in seen.values()) and time.monotonic() < began + PATIENCE:
        time.sleep(0.2)
        for route, before in seen.items():
            seen[route] = control.ramp(stack.at.control, route)
            if (seen[route].step, seen[route].over) != (before.step, before.over):
                _say(screen, route, seen[route], time.monotonic() - began)
    return seen


def _say(screen: Screen, route: str, seen: RampSeen, seconds: float) -> None:
    when = f"{seconds:4.0f} s"
    match seen.state:
        case "done":
            screen.good(f"{when}  {route} has arrived, Python answers all of it: {seen.reason}.")
        case "rolled_back":
            screen.good(f"{when}  {route} was stopped and is back at PHP, only mirrored: {seen.reason}.")
        case _:
            screen.say(f"    {when}  {route}: Python answers {STEPS[seen.step]} % of the shops.")
