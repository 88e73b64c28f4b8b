"""Differences of two JSON values on their way to the findings: where they stand, what stands beside them."""

from shadow.compare.findings import Findings
from shadow.compare.model import ABSENT, Json, Kind
from shadow.compare.naming import VALUES, label_at
from shadow.compare.places import Place, Style, keys_of, written


class Reporter:
    """Adds differences to the findings, each with its path and with the name that stands beside it."""

    def __init__(self, findings: Findings, style: Style, documents: tuple[Json, Json]) -> None:
        self._findings = findings
        self._style = style
        self._documents = documents

    def add(
        self, kind: Kind, place: Place, one: Json, other: Json, money: bool = False, hint: str = ""
    ) -> None:
        """Both sides have something there."""
        path, named = written(place, self._style), self._label(place, 0)
        self._findings.body(path, kind, one, other, money=money, hint=hint, named=named)

    def alone(self, kind: Kind, place: Place, value: Json, money: bool = False) -> None:
        """One side has something there that the other has not."""
        path, named = written(place, self._style), self._label(place, kind is Kind.EXTRA)
        one, other = (value, ABSENT) if kind is Kind.MISSING else (ABSENT, value)
        self._findings.body(path, kind, one, other, money=money, named=named)

    def note(self, name: str) -> None:
        """A treatment made two forms equal."""
        self._findings.normalised[name] += 1

    def _label(self, place: Place, side: int) -> str:
        return label_at(self._documents[side], keys_of(place)) if _may_be_named(place) else ""


def _may_be_named(place: Place) -> bool:
    """Whether a name can stand beside this place: it is an element, or in what is called a value."""
    if place is not None and type(place[1]) is int:
        return True
    while place is not None:
        place, key = place
        if key in VALUES:
            return True
    return False
