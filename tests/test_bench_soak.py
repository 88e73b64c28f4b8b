"""What the soak calls right, wrong, cut and growing."""

import asyncio
import itertools
import random
from collections.abc import Sequence

import pytest

from bench.backend import body_of
from bench.soak.exercise import Tally
from bench.soak.traffic import Ask, Client, End, Ended, asks, judge
from bench.soak.vitals import Vitals, growth, per_hour

ASK = Ask("GET", "/bytes/1/4", b"abcd")
PROBLEM = {b"content-type": b"application/problem+json"}


def test_the_right_bytes_are_right() -> None:
    assert judge(ASK, 200, {}, b"abcd").end is End.RIGHT


@pytest.mark.parametrize("body", [b"abce", b"abc", b"abcde", b""])
def test_one_wrong_byte_is_wrong(body: bytes) -> None:
    assert judge(ASK, 200, {}, body).end is End.WRONG


@pytest.mark.parametrize("status", [502, 503, 504])
def test_the_proxys_own_answer_is_a_refusal_but_a_bare_one_is_wrong(status: int) -> None:
    assert judge(ASK, status, PROBLEM, b"{}").end is End.REFUSED
    assert judge(ASK, status, {}, b"abcd").end is End.WRONG


def test_any_other_status_is_wrong() -> None:
    assert judge(ASK, 404, PROBLEM, b"{}").end is End.WRONG


def test_bodies_of_different_seeds_differ() -> None:
    assert body_of(1, 100) == body_of(1, 100) != body_of(2, 100)


def test_the_mix_has_every_shape() -> None:
    mix = list(itertools.islice(asks(random.Random(1)), 300))
    assert {"GET", "POST"} == {ask.method for ask in mix}
    assert {True, False} == {ask.chunked for ask in mix} == {ask.slowly for ask in mix}
    assert any(ask.leave_after is not None for ask in mix)
    assert any("pieces" in ask.target for ask in mix)


async def talk(answer: bytes, ask: Ask = ASK, times: int = 1) -> list[Ended]:
    """What one client makes of a server that reads a request, says `answer`, and closes in the end."""
    connections = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        for _ in range(times):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    client = Client(server.sockets[0].getsockname()[1], "m_1")
    ended = [await client.exchange(ask) for _ in range(times)]
    await client.close()
    server.close()
    await server.wait_closed()
    return [*ended, *([] if len(connections) == 1 else [Ended(End.WRONG, "connected again")])]


async def test_a_client_keeps_its_connection() -> None:
    ended = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", times=3)
    assert [each.end for each in ended] == [End.RIGHT] * 3


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        b"HTTP/1.1 200",
        b"",
    ],
)
async def test_an_answer_that_ends_early_is_cut_even_with_all_its_bytes(answer: bytes) -> None:
    (ended,) = await talk(answer)
    assert ended.end is End.CUT


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcd\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nabc",
    ],
)
async def test_broken_framing_is_wrong(answer: bytes) -> None:
    (ended,) = await talk(answer)
    assert ended.end is End.WRONG


async def test_a_client_may_leave() -> None:
    ask = Ask("GET", "/", b"abcd", leave_after=1)
    (ended,) = await talk(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd", ask)
    assert ended.end is End.LEFT


async def test_nobody_there_is_cut() -> None:
    assert (await Client(1, "m_1").exchange(ASK)).end is End.CUT


@pytest.mark.parametrize(
    ("end", "excused", "complaints", "unexplained"),
    [
        (End.RIGHT, False, 0, 0),
        (End.LEFT, False, 0, 0),
        (End.CUT, True, 0, 0),
        (End.CUT, False, 1, 1),
        (End.REFUSED, True, 0, 0),
        (End.REFUSED, False, 1, 1),
        (End.WRONG, True, 1, 0),
        (End.HUNG, True, 1, 0),
    ],
)
def test_a_fault_excuses_refusals_and_cuts_and_nothing_else(
    end: End, excused: bool, complaints: int, unexplained: int
) -> None:
    tally = Tally()
    tally.add(Ended(end, "why"), "GET /", 10, excused)
    assert (len(tally.complaints), tally.unexplained) == (complaints, unexplained)
    assert tally.bytes_checked == (10 if end is End.RIGHT else 0)


def series(sizes: Sequence[float]) -> list[Vitals]:
    return [Vitals(at=60.0 * i, rss=size, files=0, sockets=0, tasks=None) for i, size in enumerate(sizes)]


def test_growth_leaves_out_the_warm_up() -> None:
    assert growth(series([1, 20, 40, 50, 50, 50, 50, 51, 50]), lambda v: v.rss) == 0


def test_growth_that_goes_on_is_seen() -> None:
    assert growth(series(range(0, 90, 10)), lambda v: v.rss) == 30


def test_a_trend_is_by_the_hour() -> None:
    assert per_hour(series([0, 0, 0, 10, 11, 12, 13, 14, 15]), lambda v: v.rss) == pytest.approx(60)


def test_too_short_a_soak_has_no_growth() -> None:
    assert growth(series([1, 2]), lambda v: v.rss) == per_hour(series([1]), lambda v: v.rss) == 0
