"""Clients' PHP sessions: the worker uses one only while its client is silent, and gives way at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from shadow.inflight import BUSY, FORGET, IDLE, WATCH, InFlight, message, session_in
from shadow.sessions import Sessions, session_of
from shadow.worker import Bounds
from tests.support.shadow import Desk, answers, exchange, until

SESSION = [(b"Cookie", b"x=1; PHPSESSID=abc; PHPSESSID=def")]
OTHER = [(b"Cookie", b"PHPSESSID=def")]


class Clock:
    """Time goes by when somebody says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("cookies", "session"),
    [
        (b"PHPSESSID=abc", b"abc"),
        (b"a=1;PHPSESSID= abc ;b=2", b"abc"),
        (b"PHPSESSID=abc; PHPSESSID=def", b"abc"),
        (b"XPHPSESSID=abc", None),
        (b"PHPSESSID=", None),
        (b"a=PHPSESSID", None),
        (b"PHPSESSID=" + b"x" * 999, b"x" * 256),
    ],
)
def test_a_session_is_what_php_takes_for_one(cookies: bytes, session: bytes | None) -> None:
    assert session_in(cookies) == session
    assert session_of([(b"Host", b"a"), (b"cOOkie", b"a=1"), (b"Cookie", cookies)]) == session


# -- one session, watched


def test_a_session_is_quiet_once_every_data_plane_said_so_for_long_enough() -> None:
    clock, told = Clock(), list[tuple[str, bytes]]()
    sessions = Sessions(clock)
    planes = [lambda data: told.append(("a", data)), lambda data: told.append(("b", data))]
    for plane in planes:
        sessions.joined(plane)
    with sessions.watching(b"abc") as watch:
        assert sorted(told) == [("a", message(WATCH, b"abc")), ("b", message(WATCH, b"abc"))]
        sessions.heard(planes[0], IDLE + b"abc")
        clock.now += 5
        assert not watch.quiet(2, clock())
        sessions.heard(planes[1], IDLE + b"abc")
        assert not watch.quiet(2, clock())
        clock.now += 2
        assert watch.quiet(2, clock())
        sessions.heard(planes[0], BUSY + b"other")
        assert watch.quiet(2, clock())
        sessions.heard(planes[0], BUSY + b"abc")
        assert not watch.quiet(0, clock())
        sessions.left(planes[0])
        assert watch.quiet(0, clock()) and not watch.quiet(2, clock())
        sessions.joined(planes[0])
        assert not watch.quiet(0, clock())
        told.clear()
    assert sorted(told) == [("a", message(FORGET, b"abc")), ("b", message(FORGET, b"abc"))]


def test_a_session_is_watched_once_however_many_want_it() -> None:
    told = list[bytes]()
    sessions = Sessions(Clock())
    sessions.joined(told.append)
    with sessions.watching(b"abc") as one, sessions.watching(b"abc") as two:
        assert one is two
    assert told == [message(WATCH, b"abc"), message(FORGET, b"abc")]


# -- the worker, with no data plane


def tracked(desk: Desk, most: list[int]) -> None:
    """Have the modern backend answer slowly, and note how many it has under way."""
    now = [0]

    async def handle_async_request(request: httpx.Request) -> httpx.Response:
        now[0] += 1
        most.append(now[0])
        await asyncio.sleep(0.2)
        now[0] -= 1
        return httpx.Response(200, json={"a": 1})

    desk.worker.plan.upstreams["modern"].transport.handle_async_request = handle_async_request  # type: ignore[method-assign]  # the seam


async def test_of_one_session_one_call_is_under_way_at_php(tmp_path: Path) -> None:
    desk, most = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0)), list[int]()
    tracked(desk, most)
    await asyncio.gather(*(desk.worker.handle(exchange(request_fields=SESSION)) for _ in range(3)))
    assert most == [1, 1, 1]
    await asyncio.gather(*(desk.worker.handle(exchange(request_fields=of)) for of in (SESSION, OTHER)))
    assert max(most) == 2
    assert desk.worker.counts == {("verdict", "r", "match"): 5}


async def test_sessions_do_not_matter_where_no_backend_is_php(tmp_path: Path) -> None:
    desk, most = Desk(tmp_path, bounds=Bounds(quiet=1000)), list[int]()
    tracked(desk, most)
    await asyncio.gather(*(desk.worker.handle(exchange(request_fields=SESSION)) for _ in range(3)))
    assert max(most) == 3


async def test_a_call_that_takes_long_wants_a_longer_silence_than_there_can_be(tmp_path: Path) -> None:
    desk = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0))
    [line] = await desk.work(exchange(request_fields=SESSION, primary_ms=2000.0))
    assert (line["verdict"], line["reason"]) == ("skipped", "session_busy")
    assert desk.asked == []


# -- the worker and a data plane


@asynccontextmanager
async def together(desk: Desk, home: Path) -> AsyncIterator[InFlight]:
    """The worker at work, and a data plane that has told it of its sessions."""
    running = asyncio.create_task(desk.worker.run(home / "s"))
    await until((home / "s").exists)
    plane = InFlight(home / "s")
    await until(lambda: bool(desk.worker._sessions._planes))
    try:
        yield plane
    finally:
        plane.close()
        running.cancel()
        await asyncio.wait([running])


def verdicts(desk: Desk) -> dict[str, str]:
    return {line["id"]: line["reason"] or line["verdict"] for line in desk.lines()}


async def test_while_its_client_has_a_request_under_way_a_session_is_left_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0))
    async with together(desk, tmp_path) as plane:
        plane.began(b"abc")
        plane.began(b"abc")
        desk.worker.take(exchange(id="waits", request_fields=SESSION))
        desk.worker.take(exchange(id="other", request_fields=OTHER))
        await until(lambda: verdicts(desk) == {"other": "match"})
        plane.ended(b"abc")
        desk.worker.take(exchange(id="later", request_fields=OTHER))
        await until(lambda: verdicts(desk) == {"other": "match", "later": "match"})
        plane.ended(b"abc")
        await until(lambda: verdicts(desk).get("waits") == "match")


async def test_a_client_that_comes_back_ends_the_call_in_its_session(tmp_path: Path) -> None:
    desk = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0))
    asked, gave_up = asyncio.Event(), asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            gave_up.set()
        raise AssertionError

    desk.worker.plan.upstreams["modern"].transport.handle_async_request = hang  # type: ignore[method-assign]  # the seam
    async with together(desk, tmp_path) as plane:
        desk.worker.take(exchange(request_fields=SESSION))
        await asked.wait()
        plane.began(b"def")
        plane.began(b"abc")
        await gave_up.wait()
        await until(lambda: verdicts(desk) == {"e1": "session_busy"})
    assert desk.worker.counts == {("skipped", "r", "session_busy"): 1}


async def test_waiting_for_a_session_keeps_nobody_else_from_work(tmp_path: Path) -> None:
    desk = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0, concurrency=1))
    async with together(desk, tmp_path) as plane:
        plane.began(b"abc")
        for number in range(5):
            desk.worker.take(exchange(id=f"waits{number}", request_fields=SESSION))
        desk.worker.take(exchange(id="other"))
        await until(lambda: verdicts(desk) == {"other": "match"})
        plane.ended(b"abc")
        await until(lambda: len(verdicts(desk)) == 6)


async def test_a_data_plane_that_dies_sets_its_sessions_free(tmp_path: Path) -> None:
    desk = Desk(tmp_path, php=["modern"], bounds=Bounds(quiet=0))
    async with together(desk, tmp_path) as plane:
        plane.began(b"abc")
        desk.worker.take(exchange(request_fields=SESSION))
        await until(lambda: bool(desk.worker._sessions._watches))
        plane.close()
        await until(lambda: verdicts(desk) == {"e1": "match"})


async def test_a_second_look_needs_the_session_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, modern=answers({"a": 2}), php=["legacy"], bounds=Bounds(quiet=0))
    async with together(desk, tmp_path) as plane:
        plane.began(b"abc")
        desk.worker.take(exchange(request_fields=SESSION))
        await until(lambda: [name for name, _ in desk.asked] == ["modern"])
        plane.ended(b"abc")
        await until(lambda: verdicts(desk) == {"e1": "mismatch"})
    assert [name for name, _ in desk.asked] == ["modern", "legacy", "modern"]


# -- the data plane's end


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[tuple[InFlight, list[bytes]]]:
    """A data plane over a transport that keeps what is written."""
    written: list[bytes] = []
    transport = SimpleNamespace(
        write=written.append, set_write_buffer_limits=lambda high: None, close=lambda: None
    )
    made = InFlight(tmp_path / "nobody")
    made.connection_made(transport)  # type: ignore[arg-type]  # all of a transport that it uses
    written.clear()
    yield made, written
    made.close()


async def test_the_worker_hears_of_what_it_asked_about_alone(plane: tuple[InFlight, list[bytes]]) -> None:
    link, written = plane
    link.began(b"x")
    link.data_received(message(WATCH, b"x") + message(WATCH, b"y")[:3])
    link.data_received(message(WATCH, b"y")[3:])
    assert written == [message(BUSY, b"x"), message(IDLE, b"y")]
    written.clear()
    link.began(b"x")
    link.ended(b"x")
    link.began(b"z")
    assert written == []
    link.ended(b"x")
    link.began(b"y")
    assert written == [message(IDLE, b"x"), message(BUSY, b"y")]
    written.clear()
    link.data_received(message(FORGET, b"y") + message(b"?", b"y"))
    link.ended(b"y")
    assert written == []


async def test_a_worker_that_did_not_read_is_told_how_things_stand(
    plane: tuple[InFlight, list[bytes]],
) -> None:
    link, written = plane
    link.data_received(message(WATCH, b"x"))
    written.clear()
    link.pause_writing()
    for _ in range(1000):
        link.began(b"x")
        link.ended(b"x")
    link.began(b"x")
    assert written == []
    link.resume_writing()
    assert written == [message(BUSY, b"x")]
    link.connection_lost(None)
    link.ended(b"x")
    assert written == [message(BUSY, b"x")]
