"""How a data plane stands with the ledger, for whoever answers health checks. Loads neither SQL nor Redis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Took:
    """What the last flip's way through a data plane took, in seconds, stage by stage."""

    read: float
    """From the hint until the ledger had said what changed; 0 where no hint came and a poll found it."""
    apply: float
    """From then until every worker served by it."""
    report: float
    """From then until the ledger knew that."""


@dataclass(frozen=True, slots=True)
class LedgerView:
    """As of the last look."""

    version: int = 0
    """Of the overrides in force."""
    trouble: str | None = "it was not asked yet"
    """Why the ledger cannot be asked; what it said last stays in force."""
    redis: str | None = None
    """Why hints do not come; flips then take as long as a slow poll."""
    took: Took | None = None
    """None before the first flip."""
