"""Compare two answers to one request. Pure: no clock, no randomness, no I/O."""

from shadow.compare.engine import compare
from shadow.compare.hints import explained
from shadow.compare.model import (
    ABSENT,
    Absent,
    Answer,
    Difference,
    Kind,
    Limits,
    Request,
    Result,
    Severity,
    Side,
    Value,
    Verdict,
    Where,
)
from shadow.compare.policy import Policy
from shadow.compare.show import shown

__all__ = [
    "ABSENT",
    "Absent",
    "Answer",
    "Difference",
    "Kind",
    "Limits",
    "Policy",
    "Request",
    "Result",
    "Severity",
    "Side",
    "Value",
    "Verdict",
    "Where",
    "compare",
    "explained",
    "shown",
]
