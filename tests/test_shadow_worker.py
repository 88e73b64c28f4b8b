"""One exchange through the worker: which verdict it gets, who is asked, what is kept."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import cast

import httpx
import orjson
import pytest

from shadow.compare import Policy
from shadow.comparing import Comparing
from shadow.plan import Rules
from shadow.receipts import Receipts
from shadow.replay import Resting
from shadow.worker import Bounds
from tests.support.shadow import Bare, Broken, Desk, answers, exchange, in_turn, until

SOON = Bounds(pauses=(0.001, 0.001))
PLAIN = Policy.compile(php=False)


def fail(error: Exception):
    def script(_: httpx.Request) -> httpx.Response:
        raise error

    return script


async def test_equal_answers_match(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    [line] = await desk.work(exchange())
    assert line["verdict"] == "match" and line["signature"] is None and line["differences"] == []
    assert desk.worker.counts == {("verdict", "r", "match"): 1}
    assert desk.store.recorded == []


class Line:
    """The way to a data plane: `waiting` bytes that it has not read yet, and all that it was told."""

    waiting, closing, told = 1, False, b""

    @property
    def transport(self) -> "Line":
        return self

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.told += data


async def test_a_data_plane_that_does_not_read_is_told_later_what_is_counted(tmp_path: Path) -> None:
    desk, line = Desk(tmp_path), Line()
    receipts = Receipts(cast(asyncio.StreamWriter, line))
    desk.worker.take(exchange(), receipts)
    await desk.worker.handle(exchange())
    desk.worker.tell()
    assert line.told == b""
    line.waiting = 0
    desk.worker.tell()
    desk.worker.tell()
    assert line.told == b"r 1\n"
    line.closing = True
    assert receipts.tell(), "nobody is there to be told"


async def test_a_line_has_what_the_contract_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}, 200))
    [line] = await desk.work(exchange(id="e2"))
    assert abs(datetime.fromisoformat(line["time"]).timestamp() - time.time()) < 60
    assert {key: line[key] for key in ("id", "route", "method", "target", "verdict", "reason")} == {
        "id": "e2", "route": "r", "method": "GET", "target": "/a", "verdict": "mismatch", "reason": None,
    }  # fmt: skip
    assert line["primary"] == {"backend": "legacy", "status": 200, "ms": 1.5, "bytes": 8, "error": None}
    assert line["shadow"]["backend"] == "modern" and line["shadow"]["status"] == 200
    assert line["differences"] == [
        {"where": "body", "path": "$.a", "kind": "changed", "primary": "1", "shadow": "2",
         "severity": "major", "noise": False}
    ]  # fmt: skip
    assert len(line["signature"]) == 16


async def test_a_mismatch_is_looked_at_twice_on_both_sides(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}))
    [line] = await desk.work(exchange())
    assert line["verdict"] == "mismatch"
    assert [name for name, _ in desk.asked] == ["modern", "legacy", "modern"]
    marked = [request for name, request in desk.asked if name == "legacy"]
    assert [request.headers["x-banyan-shadow"] for request in marked] == ["1"]


async def test_what_vanishes_at_the_second_look_is_inconclusive(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=in_turn({"a": 2}, {"a": 1}))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("inconclusive", "vanished")
    assert desk.store.recorded == []


async def test_a_state_that_moves_between_all_the_calls_is_no_finding(tmp_path: Path) -> None:
    """Rows are added all the time: each call sees one more than that before it, and none is ever lost."""
    rows = [{"rows": list(range(count))} for count in range(5)]
    desk = Desk(tmp_path, modern=in_turn(rows[2], rows[3]), legacy=answers(rows[2]))
    [line] = await desk.work(exchange(primary_body=orjson.dumps(rows[1])))
    assert (line["verdict"], line["reason"]) == ("inconclusive", "vanished")


async def test_a_list_that_slides_faster_than_it_is_asked_for_is_no_finding(tmp_path: Path) -> None:
    """A page of the newest three: no two answers are of the same moment."""
    pages = [{"rows": list(range(first, first + 3))} for first in range(4)]
    desk = Desk(tmp_path, modern=in_turn(pages[1], pages[3]), legacy=answers(pages[2]))
    [line] = await desk.work(exchange(primary_body=orjson.dumps(pages[0])))
    assert (line["verdict"], line["reason"]) == ("inconclusive", "vanished")


async def test_a_state_that_moves_is_looked_at_until_it_rests(tmp_path: Path) -> None:
    """Lists without a row in common: which of them is of when cannot be told."""
    news, other = [{"rows": [{"id": n, "of": f"{n}"}]} for n in range(9)], {"rows": []}
    desk = Desk(
        tmp_path, modern=in_turn(other, other, news[5]), legacy=in_turn(news[2], news[5]), bounds=SOON
    )
    [line] = await desk.work(exchange(primary_body=orjson.dumps(news[0])))
    assert (line["verdict"], line["reason"]) == ("inconclusive", "vanished")
    assert [name for name, _ in desk.asked] == ["modern", "legacy", "modern", "legacy", "modern"]


async def test_a_bug_is_found_although_the_state_moves(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        modern=in_turn({"n": 2, "fee": 7}, {"n": 3, "fee": 7}),
        legacy=answers({"n": 2, "fee": 8}),
        bounds=SOON,
    )
    [line] = await desk.work(exchange(primary_body=orjson.dumps({"n": 1, "fee": 8})))
    assert (line["verdict"], [one["path"] for one in line["differences"]]) == ("mismatch", ["$.fee"])


async def test_only_what_shows_twice_counts(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=in_turn({"a": 2, "b": 1}, {"a": 2}))
    [line] = await desk.work(exchange())
    assert line["verdict"] == "mismatch" and [one["path"] for one in line["differences"]] == ["$.a"]


async def test_a_second_look_without_answers_confirms_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}), legacy=fail(httpx.ConnectError("down")))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("inconclusive", "unconfirmed")


async def test_what_the_primary_has_against_itself_is_noise(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=in_turn({"a": 2}, {"a": 3}), legacy=answers({"a": 9}))
    [line] = await desk.work(exchange())
    assert line["verdict"] == "noise" and line["signature"] is None
    assert [one["noise"] for one in line["differences"]] == [True]
    assert desk.store.recorded == []


@pytest.mark.parametrize("shadow", [1, 2])
async def test_what_fits_no_pattern_is_never_noise(tmp_path: Path, shadow: int) -> None:
    policy = Policy.compile({"rules": [{"path": "$.a", "pattern": "^9"}]}, php=False)
    rules = Rules(policy, Bare(), noise_sample=1.0)
    desk = Desk(tmp_path, modern=answers({"a": shadow}), legacy=answers({"a": 1}), rules=rules)
    [line] = await desk.work(exchange())
    assert line["verdict"] == "mismatch" and [one["noise"] for one in line["differences"]] == [False]
    assert desk.store.learned["r"].differed == {}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_by_the_shadow_alone_says_something_of_sessions(tmp_path: Path, status: int) -> None:
    desk = Desk(tmp_path, modern=answers({}, status))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("inconclusive", "unauthorized")
    assert "sessions" in next(one["hint"] for one in line["differences"] if one["where"] == "status")


async def test_comparing_that_takes_too_long_is_inconclusive(tmp_path: Path) -> None:
    body = "<r>" + "<i><j>1</j></i>" * 300 + "</r>"
    cubic = Policy.compile({"ignore": ["//*[//*[//*]=//*]"]})
    desk = Desk(
        tmp_path,
        modern=lambda _: httpx.Response(
            200, content=body.replace("1", "2"), headers={"Content-Type": "text/xml"}
        ),
        rules=Rules(cubic, Bare(), noise_sample=0.0),
        comparing=Comparing(seconds=0.05),
    )
    fields = [(b"Content-Type", b"text/xml")]
    [line] = await desk.work(exchange(primary_fields=fields, primary_body=body.encode()))
    assert line["verdict"] == "inconclusive" and line["reason"].startswith("unread: comparing takes over")
    await desk.close()


async def test_refusals_by_both_sides_are_compared(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 1}, 401))
    [line] = await desk.work(exchange(primary_status=401))
    assert line["verdict"] == "match"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError("refused"), "connect"),
        (httpx.ConnectTimeout("slow"), "connect"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (TimeoutError(), "timeout"),
        (httpx.ReadError("gone"), "reset"),
        (httpx.RemoteProtocolError("what"), "protocol"),
    ],
)
async def test_no_answer_is_a_failure_with_its_reason(tmp_path: Path, error: Exception, reason: str) -> None:
    desk = Desk(tmp_path, modern=fail(error))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("failed", reason)
    assert line["shadow"]["error"] == reason and line["shadow"]["status"] is None
    assert desk.worker.counts == {("verdict", "r", "failed"): 1, ("failure", "r", reason): 1}


async def test_no_answer_where_the_primary_had_one_is_a_finding_by_its_reason(tmp_path: Path) -> None:
    errors = [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.ReadTimeout("slow")]

    def script(_: httpx.Request) -> httpx.Response:
        raise errors.pop(0)

    desk = Desk(tmp_path, modern=script)
    lines = await desk.work(*[exchange()] * 3)
    assert [(group.severity, group.count) for group in desk.store.recorded] == [
        ("critical", 1),
        ("critical", 2),
    ]
    paths = [one["path"] for line in lines for one in line["differences"]]
    assert paths == ["status:connect", "status:timeout", "status:timeout"]


async def test_no_answer_where_the_primary_failed_too_is_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=fail(httpx.ConnectError("refused")))
    [line] = await desk.work(exchange(primary_status=503))
    assert (line["verdict"], line["signature"], line["differences"]) == ("failed", None, [])
    assert desk.store.recorded == []


async def test_a_resting_backend_is_not_asked_and_nothing_matched(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=fail(Resting()))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("skipped", "breaker_open")
    assert desk.worker.counts == {("skipped", "r", "breaker_open"): 1}


async def test_an_answer_that_is_too_large_is_skipped(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers("x" * 100), rules=Rules(PLAIN, Bare(), max_body=99, noise_sample=0))
    [line] = await desk.work(exchange())
    assert (line["verdict"], line["reason"]) == ("skipped", "too_large")


async def test_old_exchanges_and_those_of_routes_that_went_are_not_replayed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert await desk.work(exchange(time=time.time() - 60), exchange(route="gone")) == []
    assert desk.asked == []
    assert desk.worker.counts == {("skipped", "r", "expired"): 1, ("skipped", "gone", "expired"): 1}


async def test_where_redaction_fails_nothing_is_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}), rules=Rules(PLAIN, Broken(), noise_sample=0))
    assert await desk.work(exchange()) == []
    assert desk.store.recorded == []
    assert desk.worker.counts == {("verdict", "r", "mismatch"): 1, ("lost", "r", "redaction"): 1}


async def test_a_share_of_requests_goes_to_the_primary_twice(tmp_path: Path) -> None:
    rules = Rules(PLAIN, Bare(), noise_sample=1.0)
    desk = Desk(tmp_path, legacy=answers({"a": 7}), rules=rules)
    await desk.work(exchange())
    assert [name for name, _ in desk.asked] == ["modern", "legacy"]
    assert desk.store.learned["r"].pairs == 1 and desk.store.learned["r"].differed == {"$.a": 1}


async def test_a_write_is_never_sent_to_the_primary_again(tmp_path: Path) -> None:
    rules = Rules(PLAIN, Bare(), noise_sample=1.0)
    desk = Desk(tmp_path, modern=answers({"a": 2}), rules=rules)
    [line] = await desk.work(exchange(method=b"POST"))
    assert line["verdict"] == "mismatch"
    assert [name for name, _ in desk.asked] == ["modern"]


async def test_a_full_queue_drops_counts_and_tells(tmp_path: Path) -> None:
    desk, line = Desk(tmp_path, bounds=Bounds(exchanges=2, concurrency=1)), Line()
    line.waiting, receipts = 0, Receipts(cast(asyncio.StreamWriter, line))
    for number in range(5):
        desk.worker.take(exchange(id=f"e{number}"), receipts)
    assert desk.worker.counts == {("skipped", "r", "queue_full"): 3}
    desk.worker.tell()
    assert line.told == b"r 3\n"


async def test_a_queue_is_bounded_in_bytes_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bounds=Bounds(bytes=100_000))
    for _ in range(5):
        desk.worker.take(exchange(primary_body=b"x" * 40_000))
    assert desk.worker.counts == {("skipped", "r", "queue_full"): 3}


async def test_a_backend_that_slows_down_is_spared(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bounds=Bounds(concurrency=4))
    await desk.work(exchange())
    pace = desk.worker.asking.pace_of("modern")
    for _ in range(50):
        pace.observed(5000.0)
    assert pace.limit == 1
    for _ in range(3000):
        pace.observed(1.0)
    assert pace.limit == 4


async def test_one_exchange_that_nobody_foresaw_ends_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=fail(ZeroDivisionError()))
    running = asyncio.create_task(desk.worker.run(tmp_path / "s"))
    desk.worker.take(exchange())
    desk.worker.take(exchange())
    await until(lambda: desk.worker.counts["failure", "r", "internal"] == 2)
    assert not running.done()
    running.cancel()
