"""The evidence of ramps under way: read from the ledger as it comes in, and judged."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from proxy.config.ramp import Ramp as Plan
from proxy.config.units import PERCENT
from proxy.ledger import diffs, samples
from proxy.ramp.evidence import Evidence
from proxy.ramp.gates import before_first_step, evaluate, unreadable
from proxy.ramp.increase import IncreaseTest
from proxy.ramp.steps import Ramp
from proxy.ramp.verdict import Trial, Verdict

TRAVEL = 2
"""Seconds from a flip until what is sampled is after it everywhere: workers report once a second."""
SETTLED = 2
"""Seconds after which a slot is taken as complete; what comes later counts too, in a round of its own."""

_WHOLE = 100 * PERCENT
_NO_LIMIT = PERCENT / 2 / _WHOLE
"""The limit of a test that no gate asks for; its counts are used all the same."""


@dataclass(slots=True)
class _Known:
    ramp: tuple[datetime, int]
    evidence: Evidence
    before: Evidence | None


class Trials:
    """One evidence for each step of a ramp. What is lost with the process is in the ledger."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def keep(self, routes: Iterable[str]) -> None:
        """Forget the ramps of all other routes."""
        wanted = set(routes)
        self._known = {route: known for route, known in self._known.items() if route in wanted}

    def verdicts(self, connection: Connection, ramp: Ramp, plan: Plan, now: datetime) -> tuple[Verdict, ...]:
        """What every gate says now. A gate that cannot read its samples waits, and calls for help."""
        open_groups = diffs.count_open(connection, ramp.route, ramp.started)
        if ramp.step < 0:
            return before_first_step(plan.gates, open_groups)
        try:
            known = self._read(connection, ramp, plan, now)
        except samples.Unreadable as error:
            return (unreadable(str(error)),)
        weight = plan.steps[ramp.step]
        return evaluate(Trial(plan, ramp.trial, weight, known.evidence, known.before, open_groups))

    def _read(self, connection: Connection, ramp: Ramp, plan: Plan, now: datetime) -> _Known:
        known = self._known.get(ramp.route)
        if known is None or known.ramp != (ramp.started, ramp.trial):
            before = ramp.before and _between(connection, ramp.route, plan, *ramp.before)
            known = _Known((ramp.started, ramp.trial), _evidence(plan, ramp.step_started), before)
        evidence, settled = known.evidence, int(now.timestamp()) - SETTLED
        evidence.add(samples.read(connection, ramp.route, evidence.read_from, settled), settled)
        self._known[ramp.route] = known
        return known


def _between(connection: Connection, route: str, plan: Plan, start: datetime, end: datetime) -> Evidence:
    """The evidence of the step before, which is over."""
    evidence, until = _evidence(plan, start), int(end.timestamp())
    evidence.add(samples.read(connection, route, evidence.since, until), until)
    return evidence


def _evidence(plan: Plan, since: datetime) -> Evidence:
    errors = plan.gates.errors
    limit = _NO_LIMIT if errors is None else errors.max_increase / _WHOLE
    return Evidence(math.ceil(since.timestamp()) + TRAVEL, IncreaseTest(limit))
