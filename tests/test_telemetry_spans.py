"""Spans carry the ids that the backend was sent, and the times at which things happened."""

import pickle
from dataclasses import replace

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from proxy.forward.ids import Ids
from proxy.outcome import Outcome
from proxy.telemetry.spans import OtlpSpans
from tests.support.gateways import parsed
from tests.support.outcomes import outcome

OUTCOME = replace(outcome(b"/pay/4111111111111111"), duration=0.5, tries=2, sampled=True)


def exported(*outcomes: Outcome) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    spans = OtlpSpans(exporter)
    for one in outcomes:
        spans.add(one)
    spans.close()
    return list(exporter.get_finished_spans())


def test_a_span_is_the_parent_that_the_backend_was_told() -> None:
    traces = [Ids().of(parsed(b"GET / HTTP/1.1\n"), 1.0)[0] for _ in range(20)]
    spans = exported(*(replace(OUTCOME, trace=trace) for trace in traces))
    said = [b"00-%032x-%016x-01" % (span.context.trace_id, span.context.span_id) for span in spans]
    assert said == [trace.traceparent for trace in traces]


def test_a_span_stands_below_the_client_s_where_it_named_one() -> None:
    named = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = parsed(b"GET / HTTP/1.1\ntraceparent: " + named + b"\n")
    reported = pickle.loads(pickle.dumps(Ids().of(request, 1.0)[0]))  # as it comes to the supervisor
    spans = exported(replace(OUTCOME, trace=reported), OUTCOME)
    below, alone = sorted(spans, key=lambda span: span.parent is None)
    assert below.parent is not None
    assert (below.parent.span_id, below.parent.is_remote) == (0xB7AD6B7169203331, True)
    assert below.context.trace_id == below.parent.trace_id == 0x0AF7651916CD43DD8448EB211C80319C
    assert below.context.span_id != below.parent.span_id
    assert alone.parent is None


def test_a_span_says_what_happened_and_when() -> None:
    (span,) = exported(OUTCOME)
    assert (span.name, span.kind) == ("GET pay", SpanKind.SERVER)
    assert span.start_time == pytest.approx(1767225600_250_000_000, abs=1000)
    assert span.end_time == pytest.approx(1767225600_750_000_000, abs=1000)
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "pay",
        "client.address": "192.0.2.1",
        "banyan.side": "modern",
        "banyan.backend": "payments",
        "banyan.reason": "weight",
        "banyan.tries": 2,
    }
    assert span.resource.attributes["service.name"] == "banyan"
    assert span.status.status_code is StatusCode.UNSET


def test_what_went_wrong_is_an_error() -> None:
    (span,) = exported(replace(OUTCOME, status=504, error="outcome-unknown"))
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "outcome-unknown")


def test_the_target_is_in_no_span() -> None:
    """It can hold a card number."""
    (span,) = exported(OUTCOME)
    assert "4111" not in span.to_json()


def test_spans_go_to_the_endpoint_that_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    monkeypatch.setattr(
        OTLPSpanExporter, "export", lambda self, spans: sent.append((self._endpoint, len(spans)))
    )
    spans = OtlpSpans.to_endpoint("http://127.0.0.1:4318/v1/traces")
    spans.add(OUTCOME)
    spans.close()
    assert sent == [("http://127.0.0.1:4318/v1/traces", 1)]
