"""The socket between data plane and worker: bounded, lossy, and back by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shadow import channel
from shadow.channel import EXCHANGES, LENGTH, Sender
from shadow.exchange import Exchange, SkipReason, label_of, pack, unpack
from shadow.inbox import Inbox
from shadow.listening import listen
from shadow.receipts import Receipts
from shadow.sessions import Sessions
from tests.support.shadow import until

LABEL = label_of("r", "legacy", "php", "python")
MOST = 1_000_000


def exchange(number: int = 1, body: bytes = b"") -> bytes:
    return pack(
        LABEL,
        number,
        1.0,
        1.0,
        False,
        200,
        (b"/", b"", b"GET / HTTP/1.1\r\n\r\n", b"", b"", b"", b""),
        [body],
    )


async def always() -> None:
    """There is room."""


@asynccontextmanager
async def worker(
    path: Path,
    take: Callable[[Exchange], object],
    room=always,
    receipts: Callable[[Receipts], object] = lambda _: None,
) -> AsyncIterator[asyncio.Server]:
    def taken(one: Exchange, theirs: Receipts) -> None:
        take(one)
        receipts(theirs)

    server = await listen(path, taken, room, Sessions(lambda: 0.0), MOST)
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def sender(path: Path, exchanges: int = 100, size: int = MOST) -> AsyncIterator[Sender]:
    made = Sender(path, exchanges, size)
    try:
        yield made
    finally:
        made.close()


async def test_exchanges_arrive_in_order(tmp_path: Path) -> None:
    taken: list[Exchange] = []
    async with worker(tmp_path / "s", taken.append), sender(tmp_path / "s") as data_plane:
        for number in range(50):
            data_plane.offer("r", exchange(number))
        await until(lambda: len(taken) == 50)
    assert [int(one.id, 16) for one in taken] == list(range(50))
    assert not data_plane.dropped


async def test_what_is_offered_before_the_worker_is_there_waits_for_it(tmp_path: Path) -> None:
    taken: list[Exchange] = []
    async with sender(tmp_path / "s", exchanges=2) as data_plane:
        for _ in range(3):
            data_plane.offer("r", exchange())
        assert data_plane.refusal is SkipReason.QUEUE_FULL
        assert data_plane.dropped == {("r", SkipReason.QUEUE_FULL): 1}
        async with worker(tmp_path / "s", taken.append):
            await until(lambda: len(taken) == 2)
            assert data_plane.refusal is None


async def test_what_waits_too_long_is_dropped_and_nothing_more_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "PATIENCE", 0.05)
    taken: list[Exchange] = []
    async with sender(tmp_path / "s") as data_plane:
        data_plane.offer("r", exchange())
        await until(lambda: data_plane.refusal is SkipReason.WORKER_DOWN)
        data_plane.offer("r", exchange())
        assert data_plane.dropped == {("r", SkipReason.WORKER_DOWN): 2}
        async with worker(tmp_path / "s", taken.append):
            await until(lambda: data_plane.refusal is None)
            data_plane.offer("r", exchange(7))
            await until(lambda: bool(taken))
    assert [one.id for one in taken] == [f"{7:016x}"]


@pytest.mark.parametrize("bound", [{"exchanges": 5}, {"size": 5 * 1200}])
async def test_the_queue_is_bounded_in_count_and_bytes_and_says_so(
    tmp_path: Path, bound: dict[str, int]
) -> None:
    async with sender(tmp_path / "s", **bound) as data_plane:
        for _ in range(8):
            data_plane.offer("r", exchange(body=b"x" * 1000))
        assert data_plane.refusal is SkipReason.QUEUE_FULL
        assert data_plane.dropped == {("r", SkipReason.QUEUE_FULL): 3}


async def test_a_worker_that_does_not_read_fills_the_queue_and_costs_nothing_more(tmp_path: Path) -> None:
    taken: list[Exchange] = []
    reads = asyncio.Event()

    async def room() -> None:
        await reads.wait()

    async with worker(tmp_path / "s", taken.append, room), sender(tmp_path / "s", 20) as data_plane:
        sent = 0
        while data_plane.refusal is None:
            data_plane.offer("r", exchange(sent, b"x" * 100_000))
            sent += 1
            await asyncio.sleep(0.001)
        reads.set()
        await until(lambda: len(taken) + data_plane.dropped.total() == sent)
        await until(lambda: data_plane.refusal is None)


async def test_what_a_dying_worker_did_not_say_to_have_counted_is_skipped(tmp_path: Path) -> None:
    taken: list[Receipts] = []
    async with sender(tmp_path / "s") as data_plane:
        async with worker(tmp_path / "s", lambda _: None, receipts=taken.append):
            for route in ("r", "r", "r", "other"):
                data_plane.offer(route, exchange())
            await until(lambda: len(taken) == 4)
            [theirs] = set(taken)
            theirs.settled("r")
            theirs.tell()
            theirs.settled("r")
            theirs.settled("other")
            theirs.tell()
            await until(lambda: data_plane.unsettled == {"r": 1, "other": 0})
            theirs.settled("r")  # which it does not get to say
            data_plane.offer("other", b"no exchange: ends the connection")
            await until(lambda: not data_plane.unsettled and bool(data_plane.dropped))
        theirs.tell()
        down = SkipReason.WORKER_DOWN
        assert data_plane.dropped == {("r", down): 1, ("other", down): 1}


async def test_what_a_worker_says_may_come_in_pieces_and_half_a_line_ends_with_its_connection(
    tmp_path: Path,
) -> None:
    async with sender(tmp_path / "s") as data_plane:
        data_plane.unsettled["r"] = 12
        for piece in (b"r ", b"1", b"0\nr 1\n", b"r "):
            data_plane.data_received(piece)
        assert data_plane.unsettled == {"r": 1}
        data_plane.connection_lost(None)
        data_plane.unsettled["r"] = 5
        data_plane.data_received(b"r 4\n")
        assert data_plane.unsettled == {"r": 1}


async def test_what_is_left_at_the_end_is_counted(tmp_path: Path) -> None:
    async with sender(tmp_path / "s") as data_plane:
        data_plane.offer("r", exchange())
    assert data_plane.dropped == {("r", SkipReason.WORKER_DOWN): 1}


async def test_the_last_that_came_is_the_next_but_for_what_is_over() -> None:
    first, *later, last = exchanges = [unpack(exchange(number)) for number in range(5)]
    over = {first.id}
    inbox = Inbox(5, MOST, lambda one: one.id in over)
    assert all(map(inbox.put, exchanges))
    assert await inbox.get() is first
    assert await inbox.get() is last
    over.add(later[0].id)
    assert [await inbox.get() for _ in later] == [later[0], later[2], later[1]]


async def test_an_inbox_has_room_again_when_what_it_held_is_dealt_with() -> None:
    inbox = Inbox(1, MOST, lambda _: False)
    one = unpack(exchange())
    assert inbox.put(one)
    waiting = asyncio.ensure_future(inbox.room())
    assert await inbox.get() is one
    await asyncio.sleep(0)
    assert not waiting.done() and not inbox.put(one)
    inbox.done(one)
    await waiting
    assert inbox.put(one)


@pytest.mark.parametrize(
    "garbage",
    [
        b"X",
        EXCHANGES + (MOST + 1).to_bytes(LENGTH),
        EXCHANGES + (3).to_bytes(LENGTH) + b"abc",
        EXCHANGES + b"\0",
    ],
)
async def test_garbage_ends_its_connection_alone(tmp_path: Path, garbage: bytes) -> None:
    taken: list[Exchange] = []
    async with worker(tmp_path / "s", taken.append), sender(tmp_path / "s") as data_plane:
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(garbage)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        data_plane.offer("r", exchange())
        await until(lambda: len(taken) == 1)


async def test_the_socket_is_for_this_user_alone(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("left by a dead worker")
    async with worker(tmp_path / "s", lambda _: None):
        assert (tmp_path / "s").stat().st_mode & 0o777 == 0o600
