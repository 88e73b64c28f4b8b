"""An exchange on its way between two processes: everything arrives as it was, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.exchange import Exchange, label_of, lines_of, pack, unpack

HEAD = b"POST /v1/pay HTTP/1.1\r\nHost: a\r\nTraceParent: 00-%b-1234567890abcdef-01\r\n\r\n" % (b"ab" * 16)
LABEL = label_of("pay", "legacy", "php", "python")


def packed(
    *answer: bytes,
    target: bytes = b"/pay?x=\xff",
    asked: bytes = b"Host: a\r\nAccept:  b \r\nAccept: c",
    answered: bytes = b"X-A:1\r\nX-A: 2",
    sent: bytes = b"up",
) -> bytes:
    parts = (target, asked, HEAD, answered, b"/v1/pay", b"", sent)
    return pack(LABEL, 0xAB, 12.5, 1.5, True, 201, parts, list(answer))


def test_everything_arrives_as_it_was() -> None:
    assert unpack(packed(b"do", b"wn")) == Exchange(
        id="00000000000000ab",
        time=12.5,
        route="pay",
        trace_id="ab" * 16,
        method=b"POST",
        target=b"/pay?x=\xff",
        scheme="https",
        request_fields=[(b"Host", b"a"), (b"Accept", b"b"), (b"Accept", b"c")],
        request_body=b"up",
        primary_side="legacy",
        primary_backend="php",
        primary_head=HEAD,
        primary_status=201,
        primary_fields=[(b"X-A", b"1"), (b"X-A", b"2")],
        primary_body=b"down",
        primary_ms=1.5,
        shadow_backend="python",
        replay_head=b"",
        replay_target=b"/v1/pay",
    )  # fmt: skip


@given(st.binary(max_size=50), st.binary(max_size=50), st.lists(st.binary(max_size=50), max_size=3))
def test_bodies_and_targets_may_hold_any_bytes(target: bytes, sent: bytes, answer: list[bytes]) -> None:
    found = unpack(packed(*answer, target=target, asked=b"", answered=b"", sent=sent))
    assert (found.target, found.request_body, found.primary_body) == (target, sent, b"".join(answer))
    assert (found.request_fields, found.primary_fields) == ([], [])


def test_lines_are_put_together_as_they_were_sent() -> None:
    assert lines_of([b"A: 1", b"a:2"]) == b"A: 1\r\na:2"


@pytest.mark.parametrize(
    "data", [b"", b"x", b"x" * 200, packed()[:90], packed().replace(LABEL, b"x" * len(LABEL))]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a"):
        unpack(data)


def test_a_head_without_a_trace_has_none() -> None:
    bare = packed().replace(b"TraceParent", b"Tracebarent")
    assert unpack(bare).trace_id == ""


def test_what_it_occupies_grows_with_its_bodies() -> None:
    small, large = unpack(packed()), unpack(packed(b"y" * 2000, sent=b"x" * 1000))
    assert large.size - small.size == 1000 + 2000 - len(b"up")
