"""What the gates judge and what they say."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from proxy.config.ramp import Ramp as Plan
from proxy.ramp.evidence import Evidence

ALL = 10_000
"""The weight, in hundredths of a percent, at which legacy serves nothing."""

Figures: TypeAlias = Mapping[str, float]


class Result(StrEnum):
    """What a gate says."""

    PASS = "pass"
    BREACH = "breach"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says, and why in one sentence."""

    gate: str
    result: Result
    sentence: str
    needs: int | None = None
    """Of a wait: about how many more requests decide it, where that can be told."""
    alert: bool = False
    """Whether somebody must look, because waiting alone will not help."""
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A step under judgement. Going on after a pause is a new trial with new evidence."""

    plan: Plan
    number: int
    """Which trial of its ramp this is, from 1."""
    weight: int
    """In hundredths of a percent."""
    evidence: Evidence
    before: Evidence | None = None
    """The evidence of the step before."""
    open_groups: int = 0

    def legacy(self) -> Evidence:
        """Where to read what legacy does: at 100 % it does nothing, and the step before has to do."""
        return self.evidence if self.weight < ALL or self.before is None else self.before

    def to_pass(self) -> float:
        """The wealth that refutes "modern is as bad as the limit"."""
        return -math.log(1 - self.plan.confidence)

    def to_breach(self) -> float:
        """The wealth that refutes "modern is within the limit".

        What the confidence leaves to chance is shared by the gates, and of a gate's share trial k spends
        1/k(k+1). These sum to at most 1, so the chance of taking back a sound ramp is one for all its steps.
        """
        gates = self.plan.gates
        sampled = sum(gate is not None for gate in (gates.errors, gates.latency, gates.mismatches))
        return self.to_pass() + math.log(max(sampled, 1) * self.number * (self.number + 1))
