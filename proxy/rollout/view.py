"""How a data plane stands with the ledger, for whoever answers health checks. Loads neither SQL nor Redis."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerView:
    """As of the last look."""

    version: int = 0
    """Of the overrides in force."""
    trouble: str | None = "it was not asked yet"
    """Why the ledger cannot be asked; what it said last stays in force."""
    redis: str | None = None
    """Why hints do not come; flips then take as long as a slow poll."""
