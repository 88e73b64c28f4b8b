"""What a running comparison collects."""

from collections import Counter

from shadow.compare.model import Difference, Kind, Limits, OverLimit, Result, Side, Value, Where
from shadow.compare.severity import of_body, severity_of


class Findings:
    """Differences, counts of what was normalised, and the reason if something went unread."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.differences: list[Difference] = []
        self.normalised: Counter[str] = Counter()
        self.unread = ""
        self.failed: set[Side] = set()

    def add(
        self,
        where: Where,
        path: str,
        kind: Kind,
        primary: Value,
        shadow: Value,
        *,
        money: bool = False,
        hint: str = "",
        named: str = "",
    ) -> None:
        """Add one difference with the severity that the table gives it; OverLimit when there are too many."""
        severity = severity_of(where, path, kind, primary, shadow, money)
        self._add(Difference(where, path, kind, primary, shadow, severity, hint, False, money, named))

    def body(
        self,
        path: str,
        kind: Kind,
        primary: Value,
        shadow: Value,
        *,
        money: bool = False,
        hint: str = "",
        named: str = "",
    ) -> None:
        """`add`, for what there can be thousands of."""
        severity = of_body(kind, money)
        self._add(Difference(Where.BODY, path, kind, primary, shadow, severity, hint, False, money, named))

    def _add(self, found: Difference) -> None:
        if len(self.differences) >= self.limits.differences:
            raise OverLimit(f"more than {self.limits.differences} differences")
        self.differences.append(found)

    def result(self) -> Result:
        normalised = {str(name): count for name, count in self.normalised.items()}
        return Result(tuple(self.differences), normalised, self.unread, frozenset(self.failed))
