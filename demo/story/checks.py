"""Is an answer through Banyan the answer of the side that it should come from, byte for byte?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .parts import Address
from .visits import Visit
from .wire import Answer, Side, ask

# What a side draws by chance or reads from the clock whenever it makes something new.
_NEW = re.compile(rb"(pay|ref|tok|evi)_[0-9a-f]{12}|20\d\d-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(slots=True)
class Tally:
    """How many answers were right, and a line for each that was not."""

    right: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, problem: str | None) -> None:
        """Counts one answer: `problem` is None if it was right."""
        if problem is None:
            self.right += 1
        else:
            self.wrong.append(problem)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens."""

    clients: Address
    control: Address
    legacy: Address
    modern: Address


def check_all(visits: Iterable[Visit], side: Side, at: Addresses) -> Tally:
    """Asks every visit through Banyan and at this side directly."""
    tally = Tally()
    for visit in visits:
        tally.add(check(visit, side, at))
    return tally


def check(visit: Visit, side: Side, at: Addresses) -> str | None:
    """None if the answer through Banyan is this side's own; otherwise what is wrong, in one line."""
    through = ask(at.clients, visit.request)
    host = str(at.clients)
    if side == "modern":
        direct = ask(at.modern, visit.for_modern(), host)
    else:
        direct = ask(at.legacy, visit.request, host)
    request = f"{visit.request.method} {visit.request.target} (route {visit.route})"
    if through.side != side:
        return f"{request} was answered by {through.side}, not by {side}"
    made = visit.request.method != "GET"
    return next((f"{request}: {what}" for what in _differing(through, direct, made)), None)


def _differing(through: Answer, direct: Answer, made: bool) -> Iterable[str]:
    """What is not the same; ids and times of things just made may differ."""
    for name, one, other in zip(("status", "headers", "body"), _parts(through), _parts(direct), strict=True):
        if made:
            one, other = _NEW.sub(b"*", one), _NEW.sub(b"*", other)
        if one != other:
            yield f"the {name} through Banyan is {one[:300]!r}, directly {other[:300]!r}"


def _parts(answer: Answer) -> tuple[bytes, bytes, bytes]:
    status, fields, body = answer.comparable()
    lines = "\n".join(f"{name}: {value}" for name, value in fields)
    return str(status).encode(), lines.encode(), body
