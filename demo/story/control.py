"""What the demo asks Banyan's control API, as any script may."""

import json
from dataclasses import dataclass
from typing import Any

from .browser import Unexpected
from .parts import Address
from .wire import Request, ask


@dataclass(frozen=True, slots=True)
class Group:
    """A diff group: its route, how often it was seen, and what differs in it."""

    route: str
    count: int
    severity: str
    differences: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RampSeen:
    """Where a ramp is: its state, its step (-1 before the first), and the sentence that says why."""

    state: str
    step: int
    reason: str

    @property
    def over(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state in {"done", "rolled_back", "aborted"}


def groups(control: Address) -> list[Group]:
    """All diff groups, the most urgent first."""
    found = _ask(control, Request("GET", "/api/v1/diff-groups"))["groups"]
    return [
        Group(one["route"], one["count"], one["severity"], tuple(one["differences"]))
        for one in sorted(found, key=lambda one: one["urgency"], reverse=True)
    ]


def position(control: Address, route: str) -> tuple[str, float]:
    """The stage and the weight, in percent, that are in force."""
    seen = _ask(control, Request("GET", f"/api/v1/routes/{route}"))
    return seen["stage"], seen["weight"]


def start_ramp(control: Address, route: str) -> None:
    """Starts the ramp that routes.yaml plans for the route."""
    body = json.dumps({"action": "start", "reason": "the demo's story"}).encode()
    fields = (("Content-Type", "application/json"),)
    _ask(control, Request("POST", f"/api/v1/routes/{route}/ramp", fields, body))


def ramp(control: Address, route: str) -> RampSeen:
    """The route's ramp, which was started."""
    seen = _ask(control, Request("GET", f"/api/v1/routes/{route}"))["ramp"]
    return RampSeen(seen["state"], seen["step"], seen["reason"])


def _ask(control: Address, request: Request) -> Any:
    answer = ask(control, request)
    if answer.status != 200:
        words = answer.body.decode(errors="replace")[:300]
        raise Unexpected(f"{request.method} {request.target} answered {answer.status}: {words}")
    return json.loads(answer.body)
