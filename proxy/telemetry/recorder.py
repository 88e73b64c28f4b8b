"""What every outcome goes through: counters, the access log, and what is kept of those that get a span."""

from typing import Final

from proxy.outcome import Outcome
from proxy.telemetry.access_log import AccessLog, open_access_log
from proxy.telemetry.metrics import Totals

MOST_SAMPLED: Final = 2000
"""Outcomes that wait for the next report to the supervisor, which exports them; more get no span."""


class Telemetry:
    """Everything that reads outcomes in this process."""

    def __init__(self, access_log: str) -> None:
        self.totals = Totals()
        log = open_access_log(access_log)
        self._log = None if log is None else AccessLog(log, "" if access_log == "-" else access_log)
        self._lost = 0
        self._sampled: list[Outcome] = []

    def record(self, outcome: Outcome) -> None:
        """Called for every request, on the event loop."""
        self.totals.observe(
            (outcome.route, outcome.side, outcome.backend, outcome.status),
            outcome.duration,
            outcome.bytes_in,
            outcome.bytes_out,
            outcome.error,
            outcome.reason.startswith("fallback-"),
        )
        if self._log is not None:
            self._log.write(outcome)
        if outcome.sampled and len(self._sampled) < MOST_SAMPLED:
            self._sampled.append(outcome)

    def take(self) -> Totals:
        """What was counted since the last call."""
        totals, self.totals = self.totals, Totals()
        if self._log is not None and (lost := self._log.dropped) != self._lost:
            totals.count("access_log_lost", "", lost - self._lost)
            self._lost = lost
        return totals

    def take_sampled(self) -> tuple[Outcome, ...]:
        """The outcomes since the last call that are to get a span."""
        sampled, self._sampled = tuple(self._sampled), []
        return sampled

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
