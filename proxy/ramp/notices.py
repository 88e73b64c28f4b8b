"""What a webhook is told of a ramp's move. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from proxy.config.ramp import Ramp as Plan
from proxy.config.units import PERCENT
from proxy.ramp.steps import Move, Ramp, Tell
from proxy.ramp.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell: `type` as in `ramp.breached`, `data` as JSON takes it."""

    type: str
    data: Mapping[str, Any]


def notices(move: Move, plan: Plan, verdicts: tuple[Verdict, ...]) -> Iterator[Notice]:
    """What is to be told of a move, with the figures of every gate."""
    for action in move.told:
        what = action.what.value if isinstance(action, Tell) else "alert"
        data = {
            "route": move.ramp.route,
            "state": move.ramp.state.value,
            "weight": _weight(move.ramp, plan),
            "reason": action.reason,
            "gates": [asdict(verdict) for verdict in verdicts],
        }
        yield Notice(f"ramp.{what}", data)


def _weight(ramp: Ramp, plan: Plan) -> float:
    """The step's weight in percent; 0 before the first, and where the plan has fewer steps by now."""
    return plan.steps[ramp.step] / PERCENT if 0 <= ramp.step < len(plan.steps) else 0
