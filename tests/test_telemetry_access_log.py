"""The access log is JSON whatever a client sends, never blocks, and never holds what may not be stored."""

import fcntl
import io
import json
import os
import select
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.outcome import Lane, Outcome, Trace
from proxy.telemetry import access_log
from proxy.telemetry.access_log import BACKLOG, AccessLog, line_of
from proxy.telemetry.metrics import Totals
from proxy.telemetry.recorder import Telemetry
from tests.support.rollout import eventually

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def outcome(target: bytes = b"/a?b=c", request_id: bytes = b"id-1") -> Outcome:
    return Outcome(
        route="pay",
        side="modern",
        backend="payments",
        reason="weight",
        method=b"GET",
        target=target,
        client="192.0.2.1",
        status=200,
        started=1767225600.25,
        duration=0.0125,
        bytes_in=1,
        bytes_out=2,
        tries=1,
        error="",
        lane=Lane.EXPRESS,
        trace=Trace(request_id, PARENT),
        sampled=False,
    )


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


def test_lines_reach_the_descriptor_in_order(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(os.open(path, os.O_WRONLY | os.O_CREAT))
    for number in range(500):
        log.write(outcome(f"/{number}".encode()))
    log.close()
    targets = [json.loads(line)["target"] for line in path.read_text().splitlines()]
    assert targets == [f"/{number}" for number in range(500)]
    assert log.dropped == 0


def test_a_reader_that_hangs_or_is_gone_costs_lines_and_nothing_else() -> None:
    reading, writing = os.pipe()
    log = AccessLog(writing)
    for _ in range(BACKLOG * 2 + 1000):
        log.write(outcome())
    assert log.dropped > 0
    os.close(reading)
    log.close()
    os.close(writing)


def test_a_disk_that_is_full_for_a_while_costs_the_lines_of_that_time_and_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A pipe of one page that nobody reads takes part of what is written, and then nothing."""
    reading, writing = os.pipe2(os.O_NONBLOCK)
    room = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1)
    log = AccessLog(writing)
    for number in range(99):
        log.write(outcome(f"/{number}".encode()))
    eventually(lambda: log.dropped)
    lost = log.dropped
    log.write(outcome(b"/99"))
    eventually(lambda: log.dropped == lost + 1)
    written = os.read(reading, room)
    assert (len(written), written.count(b"\n") + log.dropped) == (room, 100)
    log.write(outcome(b"/after"))
    eventually(lambda: select.select([reading], [], [], 0)[0])
    log.write(outcome(b"/last"))
    log.close()
    end_of_line, *lines, nothing = os.read(reading, room).split(b"\n")
    assert (end_of_line, nothing) == (b"", b"")
    assert [json.loads(line)["target"] for line in lines] == ["/after", "/last"]
    os.close(reading)
    os.close(writing)
    assert capsys.readouterr().err.splitlines() == [
        "access log: Resource temporarily unavailable; lines are lost until it can be written again",
        f"access log: it is written again; {log.dropped} lines were lost since the start",
    ]


def test_a_disk_that_takes_neither_lines_nor_words_about_it_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError

    monkeypatch.setattr("sys.stderr", Full())
    log = AccessLog(os.open("/dev/full", os.O_WRONLY))
    for lost in (1, 2):
        log.write(outcome())
        eventually(lambda lost=lost: log.dropped == lost)
    log.close()


def test_lines_that_were_lost_are_counted_once() -> None:
    telemetry = Telemetry("/dev/full")
    counted = Totals()
    for _ in range(2):
        telemetry.record(outcome())
        counted.merge(telemetry.take())
    telemetry.close()
    counted.merge(telemetry.take())
    counted.merge(telemetry.take())
    assert counted.counters == {("access_log_lost", ""): 2}


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
    for number in range(access_log._REMEMBERED + 10):
        line_of(replace(outcome(), route=f"r{number}", started=float(number)))
    assert len(access_log._ANSWERED) <= access_log._REMEMBERED and len(access_log._SECONDS) == 1


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
