"""Diff groups for people: what to look at first. Pure."""

import json
import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from proxy.ledger.diffs import Group, Triage

_WEIGHTS = {"critical": 100.0, "major": 10.0, "minor": 1.0}
_HALF_LIFE = 24 * 3600.0
"""Seconds after which a group that is not seen again counts half."""


def urgency(group: Group, now: datetime) -> float:
    """Severity × count × recency.

    The count enters by its logarithm: a bug on a busy route must not hide a worse one on a quiet route.
    """
    silent = max((now - group.last_seen).total_seconds(), 0.0)
    recency = math.pow(0.5, silent / _HALF_LIFE)
    return _WEIGHTS.get(group.severity, 1.0) * math.log2(1 + group.count) * recency


def is_open(group: Group, now: datetime) -> bool:
    """Whether nobody has said what it is, or what was said has lapsed."""
    return group.verdict is None or (group.until is not None and group.until <= now)


def by_urgency(groups: Iterable[Group], now: datetime) -> list[Group]:
    """Open groups first, then known bugs, then what needs nobody; of each the most urgent first."""

    def rank(group: Group) -> tuple[int, float]:
        place = 0 if is_open(group, now) else 1 if group.verdict is Triage.BUG else 2
        return place, -urgency(group, now)

    return sorted(groups, key=rank)


def group_view(group: Group, now: datetime) -> dict[str, Any]:
    """One group, as the API says it."""
    return {
        "signature": group.signature,
        "route": group.route,
        "severity": group.severity,
        "count": group.count,
        "urgency": round(urgency(group, now), 2),
        "first_seen": group.first_seen.isoformat(),
        "last_seen": group.last_seen.isoformat(),
        "open": is_open(group, now),
        "verdict": group.verdict.value if group.verdict else None,
        "note": group.note,
        "until": group.until.isoformat() if group.until else None,
        "triaged_by": group.triaged_by,
        "triaged_at": group.triaged_at.isoformat() if group.triaged_at else None,
        "differences": json.loads(group.differences),
    }
