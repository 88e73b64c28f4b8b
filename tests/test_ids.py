"""Request ids and traceparents: the client's own are kept, ours are valid, and spans become parents."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.forward.headers import valid_traceparent
from proxy.forward.ids import Ids
from tests.support.gateways import parsed

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PLAIN = b"GET / HTTP/1.1\n"


def test_a_request_without_ids_gets_new_valid_ones() -> None:
    ids = Ids()
    traces = [ids.of(parsed(PLAIN), 0)[0] for _ in range(200)]
    assert all(valid_traceparent(trace.traceparent) for trace in traces)
    assert all(trace.traceparent.endswith(b"-00") for trace in traces)
    assert len({trace.request_id for trace in traces}) == 200
    assert len({trace.traceparent[36:52] for trace in traces}) == 200


def test_the_clients_ids_are_kept() -> None:
    request = parsed(PLAIN + b"X-Request-Id: mine\ntraceparent: " + PARENT + b"\n")
    trace, sampled = Ids().of(request, 0)
    assert (trace.request_id, trace.traceparent, sampled) == (b"mine", PARENT, False)


def test_ids_that_are_not_valid_are_replaced() -> None:
    request = parsed(PLAIN + b"X-Request-Id: " + b"x" * 201 + b"\ntraceparent: 00-" + b"0" * 32 + b"-1-01\n")
    trace, _ = Ids().of(request, 0)
    assert len(trace.request_id) == 32
    assert valid_traceparent(trace.traceparent)


def test_a_sampled_request_carries_our_span_in_the_clients_trace() -> None:
    trace, sampled = Ids().of(parsed(PLAIN + b"traceparent: " + PARENT[:-2] + b"00\n"), 1.0)
    assert sampled
    assert trace.traceparent[:36] == PARENT[:36]
    assert trace.traceparent[36:52] != PARENT[36:52]
    assert trace.traceparent.endswith(b"-01")
    assert valid_traceparent(trace.traceparent)
    fresh, _ = Ids().of(parsed(PLAIN), 1.0)
    assert fresh.traceparent.endswith(b"-01")


def test_about_the_asked_share_is_sampled() -> None:
    ids, request = Ids(), parsed(PLAIN)
    assert not any(ids.of(request, 0)[1] for _ in range(100))
    assert all(ids.of(request, 1.0)[1] for _ in range(100))
    assert 300 < sum(ids.of(request, 0.5)[1] for _ in range(1000)) < 700


def test_a_child_is_of_the_same_trace_with_a_span_of_its_own() -> None:
    ids = Ids()
    children = {ids.child(PARENT) for _ in range(50)}
    assert len(children) == 50
    assert all(child[:36] == PARENT[:36] and child[-3:] == b"-01" for child in children)
    assert all(map(valid_traceparent, children))


@given(st.integers(0, 200))
def test_draws_are_buckets_and_new_ids_are_hexadecimal(_: int) -> None:
    ids = Ids()
    assert 0 <= ids.draw() <= 9999
    assert len(bytes.fromhex(ids.new().decode())) == 16
