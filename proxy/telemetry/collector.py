"""From the outcomes of sampled requests to spans at a collector, in the one process that exports them.

That is the supervisor: exporting takes processor time in bursts, and a thread that does it would share the
interpreter with a worker's event loop, whose clients would feel it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from proxy.outcome import Outcome

if TYPE_CHECKING:
    from proxy.telemetry.spans import OtlpSpans


class Collector:
    """Takes what the workers report. Without an endpoint there is nothing to take."""

    def __init__(self, endpoint: str | None) -> None:
        self._spans = None if endpoint is None else _spans_to(endpoint)

    def export(self, sampled: Iterable[Outcome]) -> None:
        if self._spans is not None:
            for outcome in sampled:
                self._spans.add(outcome)

    def close(self) -> None:
        if self._spans is not None:
            self._spans.close()


def _spans_to(endpoint: str) -> "OtlpSpans":
    from proxy.telemetry.spans import OtlpSpans  # the SDK takes 15 MB, and few have a collector

    return OtlpSpans.to_endpoint(endpoint)
