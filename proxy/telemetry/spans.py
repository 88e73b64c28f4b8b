"""Spans for the share of requests that was drawn before anything of a span existed."""

import threading
from typing import Protocol

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from proxy.outcome import Outcome

NANOSECONDS = 1_000_000_000
PATIENCE = 3.0
"""Seconds that a collector has at the end."""


class Spans(Protocol):
    """Takes the outcomes of sampled requests."""

    def add(self, outcome: Outcome) -> None: ...
    def close(self) -> None: ...


class _GivenIds(IdGenerator):
    """Hands out the ids that were already sent to the backend as its parent."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class OtlpSpans:
    """Exports spans by OTLP/HTTP in batches, from the SDK's own thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._ids = _GivenIds()
        resource = Resource.create({"service.name": "banyan"})
        self._provider = TracerProvider(sampler=ALWAYS_ON, id_generator=self._ids, resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("banyan")

    @classmethod
    def to_endpoint(cls, endpoint: str) -> "OtlpSpans":
        return cls(OTLPSpanExporter(endpoint=endpoint))

    def add(self, outcome: Outcome) -> None:
        """One server span, begun and ended in hindsight, with the ids of the request's traceparent."""
        _, trace_id, span_id, _ = outcome.trace.traceparent.split(b"-")
        self._ids.trace_id, self._ids.span_id = int(trace_id, 16), int(span_id, 16)
        span = self._tracer.start_span(
            f"{outcome.method.decode('latin-1')} {outcome.route}",
            context=trace.set_span_in_context(_above(outcome.trace.parent, self._ids.trace_id)),
            kind=SpanKind.SERVER,
            start_time=int(outcome.started * NANOSECONDS),
            attributes={
                "http.request.method": outcome.method.decode("latin-1"),
                "http.response.status_code": outcome.status,
                "http.route": outcome.route,
                "client.address": outcome.client,
                "banyan.side": outcome.side,
                "banyan.backend": outcome.backend,
                "banyan.reason": outcome.reason,
                "banyan.tries": outcome.tries,
            },
        )
        if outcome.error:
            span.set_status(Status(StatusCode.ERROR, outcome.error))
        span.end(int((outcome.started + outcome.duration) * NANOSECONDS))

    def close(self) -> None:
        """Export what is left, unless the collector takes too long for that."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(PATIENCE)


def _above(parent: bytes, trace_id: int) -> trace.Span:
    """The client's span, where it named one."""
    if not parent:
        return trace.INVALID_SPAN
    return trace.NonRecordingSpan(trace.SpanContext(trace_id, int(parent, 16), is_remote=True))
