"""Which overrides a data plane has in force, and why one may not go back. Pure."""

from collections.abc import Iterable, Mapping

from proxy.config.snapshot import Override
from proxy.decision.stages import Stage
from proxy.ledger.overrides import Override as Row
from proxy.ledger.positions import Intent


class Book:
    """What was learned of the ledger, up to a version."""

    def __init__(self) -> None:
        self.version = 0
        self._rows: dict[str, Row] = {}

    def learn(self, version: int, rows: Iterable[Row]) -> None:
        """Take in what changed. What is older than what is known of a route is left out."""
        for row in rows:
            known = self._rows.get(row.route)
            if known is None or known.version < row.version:
                self._rows[row.route] = row
        self.version = max(self.version, version)

    def follow_file(self, intents: Mapping[str, Intent]) -> None:
        """Forget the overrides of routes that changed in the file. The ledger drops them too, when it can;
        until then nobody here must go by them."""
        self._rows = {
            route: row
            for route, row in self._rows.items()
            if route in intents and row.intent == intents[route].mark
        }

    def in_force(self) -> dict[str, Override]:
        """What a snapshot takes."""
        return {
            route: Override(Stage(row.position.stage), row.position.weight)
            for route, row in self._rows.items()
            if row.position is not None
        }
