"""What mirroring came to on this machine since its start, for people: a skip is no match. Pure."""

from collections import Counter

from proxy.telemetry.metrics import Totals

_COUNTERS = {"verdicts": "shadow_verdict", "skipped": "shadow_skipped"}
"""Counters of `Totals`, each labelled `ROUTE WORD`."""


def mirrored_view(totals: Totals, route: str | None) -> dict[str, dict[str, int]]:
    """How many exchanges of a route, or of all, got each verdict, and how many were left out, by reason.

    The most frequent first.
    """
    return {said: _counted(totals, counter, route) for said, counter in _COUNTERS.items()}


def _counted(totals: Totals, counter: str, route: str | None) -> dict[str, int]:
    words: Counter[str] = Counter()
    for (name, label), amount in totals.counters.items():
        of, _, word = label.partition(" ")
        if name == counter and route in (None, of):
            words[word] += amount
    return dict(words.most_common())
