"""A line of the access log is JSON whatever a client sends, and never holds what may not be stored."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.outcome import Lane
from proxy.telemetry import log_line
from proxy.telemetry.log_line import line_of
from tests.support.outcomes import outcome


def test_a_line_says_what_happened() -> None:
    assert json.loads(line_of(outcome())) == {
        "time": "2026-01-01T00:00:00.250000Z",
        "client": "192.0.2.1",
        "method": "GET",
        "target": "/a?b=c",
        "status": 200,
        "ms": 12.5,
        "bytes_in": 1,
        "bytes_out": 2,
        "route": "pay",
        "side": "modern",
        "backend": "payments",
        "reason": "weight",
        "tries": 1,
        "error": "",
        "lane": "express",
        "request_id": "id-1",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_a_line_is_one_line_of_json_whatever_a_client_sent(target: bytes, request_id: bytes) -> None:
    line = line_of(outcome(b"/" + target, request_id))
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert json.loads(line)["request_id"] == request_id.decode("latin-1")


@pytest.mark.parametrize(
    "target",
    [
        b"/pay?card_number=4111111111111111",
        b"/pay?n=4111+1111+1111+1111",
        b"/pay?n=4111%201111%201111%201111",
        b"/pay?n=%34111111111111111",
        b"/cards/4111111111111111",
        b"/cards/4111-1111-1111-1111/show",
        b"/pay?CVV=123",
        b"/login?password=hunter2",
        b"/return?cres=eyJhIjoxfQ",
        b"/x?access_token=abc123",
    ],
)
def test_what_may_not_be_stored_is_not_in_it(target: bytes) -> None:
    line = line_of(outcome(target))
    for secret in (b"1111", b"123", b"hunter2", b"eyJhIjoxfQ", b"abc123"):
        assert secret not in line.replace(b'"client":"192.0.2.1"', b"")


def test_an_ordinary_target_is_logged_as_it_came() -> None:
    for target in ("/payment.php?id=17&action=show", "/api/payments/pay_000123/refunds"):
        assert json.loads(line_of(outcome(target.encode())))["target"] == target


@pytest.mark.parametrize(
    "other",
    [
        {"route": "refund"},
        {"side": "legacy"},
        {"backend": "shop"},
        {"reason": "override"},
        {"tries": 2},
        {"error": "timeout"},
        {"time": "2026-01-01T00:00:01.250000Z"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_lines_have_in_common_is_said_of_no_other(other: dict[str, Any]) -> None:
    before = json.loads(line_of(outcome()))
    changes = {"started": 1767225601.25} if "time" in other else other
    assert json.loads(line_of(replace(outcome(), **changes))) == before | other


def test_the_lane_is_said_of_each() -> None:
    lanes = [json.loads(line_of(replace(outcome(), lane=lane)))["lane"] for lane in Lane]
    assert lanes == ["express", "asgi"]


def test_what_lines_have_in_common_is_not_remembered_without_end() -> None:
    for number in range(log_line._REMEMBERED + 10):
        line_of(replace(outcome(), route=f"r{number}", started=float(number)))
    assert len(log_line._ANSWERED) <= log_line._REMEMBERED and len(log_line._SECONDS) == 1


@pytest.mark.parametrize(
    ("target", "written"),
    [
        (b"/cards/cvv/73946", "/cards/cvv/[redacted]"),
        (b"/token/tok9ZqLmN8rT/x?a=1", "/token/[redacted]/x?a=1"),
        (b"/reset-password/aVeryLongWordOfLettersAlone", "/reset-password/[redacted]"),
        (b"/token/refresh", "/token/refresh"),
        (b"/incid/5/spin/6", "/incid/5/spin/6"),
        (b"/x/NDExMTExMTExMTExMTExMQ==", "/x/[redacted]"),
        (b"/x/eyJjdnYiOiAiNzM5NDYifQ", "/x/[redacted]"),
        (b"/x?p=eyJjdnYiOiAiNzM5NDYifQ", "/x?[redacted]"),
        (b"/x?p=NDExMTExMTExMTExMTExMQ", "/x?[redacted]"),
        (b"/x?a=%2563vv%253D73946", "/x?[redacted]"),
    ],
)
def test_secrets_named_by_a_segment_or_in_base64_are_not_written(target: bytes, written: str) -> None:
    assert json.loads(line_of(outcome(target)))["target"] == written


@pytest.mark.parametrize(
    ("request_id", "written"),
    [
        (b"4111111111111111", "[digits]"),
        (b"r-4111-1111-1111-1111", "r-[digits]"),
        (b"%34%31%31%31%31%31%31%31%31%31%31%31%31", "[digits]"),
        (b"12345678901234567890123456789abc", "12345678901234567890123456789abc"),
        (b"4bf92f35-77b3-4da6-a3ce-929d0e0e4736", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"),
    ],
)
def test_a_request_id_is_no_card_number(request_id: bytes, written: str) -> None:
    assert json.loads(line_of(outcome(request_id=request_id)))["request_id"] == written
