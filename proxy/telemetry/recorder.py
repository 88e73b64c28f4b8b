"""What every outcome goes through: counters, the access log, and a span where one was drawn."""

from typing import TYPE_CHECKING

from proxy.outcome import Outcome
from proxy.telemetry.access_log import AccessLog, open_access_log
from proxy.telemetry.metrics import Totals

if TYPE_CHECKING:
    from proxy.telemetry.spans import OtlpSpans


class Telemetry:
    """Everything that reads outcomes in this process."""

    def __init__(self, access_log: str, collector: str | None) -> None:
        self.totals = Totals()
        log = open_access_log(access_log)
        self._log = None if log is None else AccessLog(log)
        self._spans = _spans_to(collector) if collector else None

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
        if self._spans is not None and outcome.sampled:
            self._spans.add(outcome)

    def take(self) -> Totals:
        """What was counted since the last call."""
        totals, self.totals = self.totals, Totals()
        return totals

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
        if self._spans is not None:
            self._spans.close()


def _spans_to(endpoint: str) -> "OtlpSpans":
    from proxy.telemetry.spans import OtlpSpans  # costs every worker 15 MB, and few have a collector

    return OtlpSpans.to_endpoint(endpoint)
