"""Where modern cannot answer, legacy does: once, on the named conditions, within the same deadline."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from proxy.forward.fallback import FallingBack, condition_of
from proxy.upstream.backend import Backend
from proxy.upstream.breaker import BreakerPolicy
from proxy.upstream.call import Call
from proxy.upstream.failures import Failure
from proxy.upstream.retry import RetryPolicy
from proxy.upstream.settings import Address, BackendSettings
from tests.support.scripted import ScriptedLoop, settle
from tests.support.sinks import GET, Recorder, answer

MODERN, LEGACY = 1, 2
ALL = frozenset({"connect", "open_breaker", "502", "503", "504"})
LEGACYS = replace(GET, head=b"GET /legacy HTTP/1.1\r\nHost: a\r\n\r\n")


class Pair:
    """Two backends on one scripted loop, and the conditions that were fallen on."""

    def __init__(self, loop: ScriptedLoop, conditions: frozenset[str] = ALL, attempts: int = 1) -> None:
        self.loop = loop
        self.modern, self.legacy = (_backend(loop, port, attempts) for port in (MODERN, LEGACY))
        self.fell: list[str] = []
        self.sink = Recorder()
        self.asked = FallingBack(self.modern, GET, self.sink, conditions, self.turn)

    def turn(self, condition: str) -> tuple[Backend, Call]:
        self.fell.append(condition)
        return self.legacy, LEGACYS

    async def sent(self) -> None:
        self.asked.start()
        await settle()

    async def later(self, seconds: float) -> None:
        self.loop.advance(seconds)
        for backend in (self.modern, self.legacy):
            backend.sweep(self.loop.now)
        await settle()


def _backend(loop: ScriptedLoop, port: int, attempts: int) -> Backend:
    settings = BackendSettings(
        f"at-{port}",
        (Address("origin", port),),
        retry=RetryPolicy(attempts=attempts),
        breaker=BreakerPolicy(consecutive_failures=1),
        response_timeout=30.0,
    )
    return Backend(settings, loop.as_loop)


@pytest.fixture
def loop() -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop()
    yield loop
    loop.release()


@pytest.mark.parametrize(
    ("failure", "condition"),
    [
        (Failure.CONNECT, "connect"),
        (Failure.CONNECT_TIMEOUT, "connect"),
        (Failure.EXHAUSTED, "connect"),
        (Failure.BREAKER_OPEN, "open_breaker"),
        (Failure.BULKHEAD, "503"),
        (Failure.POOL_TIMEOUT, "503"),
        (Failure.RESET, "502"),
        (Failure.PROTOCOL, "502"),
        (Failure.TRUNCATED, "502"),
        (Failure.RESPONSE_TIMEOUT, "504"),
        (Failure.IDLE_TIMEOUT, "504"),
    ],
)
def test_a_failure_is_named_as_the_route_names_it(failure: Failure, condition: str) -> None:
    assert condition_of(failure) == condition


async def test_an_answer_of_moderns_is_passed_on_and_legacy_hears_nothing(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(b"HTTP/1.1 103 Early\r\n\r\n" + answer(200, b"modern"))
    assert (pair.sink.status, pair.sink.body, pair.fell) == (200, b"modern", [])
    assert pair.sink.told[0] == "interim 103"
    assert pair.sink.told.count("flush") == 0  # `completed` ends the batch as well
    assert loop.dialled == [MODERN]


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_on_a_gateway_error_legacy_answers_and_modern_is_not_seen(
    loop: ScriptedLoop, status: int
) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(answer(status, b"modern"))
    await settle()
    assert pair.sink.response is None
    assert loop.wires[1].sent == LEGACYS.head
    loop.wires[1].feed(answer(200, b"legacy"))
    assert (pair.sink.status, pair.sink.body, pair.sink.ended) == (200, b"legacy", 1)
    assert pair.fell == [str(status)]
    assert not pair.modern.active
    assert not pair.legacy.active


@pytest.mark.parametrize(("asked", "then"), [(b"Retry-After: 7", LEGACY), (b"Retry-After: 0", MODERN)])
async def test_a_modern_that_wants_to_be_left_alone_is_not_waited_for(
    loop: ScriptedLoop, asked: bytes, then: int
) -> None:
    pair = Pair(loop, attempts=2)
    await pair.sent()
    loop.wires[0].feed(answer(503, b"modern", asked))
    await pair.later(0.3)
    assert loop.dialled == [MODERN, then]


async def test_legacys_wish_to_be_left_alone_is_respected(loop: ScriptedLoop) -> None:
    pair = Pair(loop, attempts=2)
    await pair.sent()
    loop.wires[0].feed(answer(503, b"modern", b"Retry-After: 7"))
    await settle()
    loop.wires[1].feed(answer(503, b"legacy", b"Retry-After: 7"))
    await pair.later(6)
    assert loop.dialled == [MODERN, LEGACY]
    await pair.later(1)
    assert loop.dialled == [MODERN, LEGACY, LEGACY]


async def test_without_a_connection_legacy_answers_then_because_of_the_breaker(loop: ScriptedLoop) -> None:
    loop.failing[MODERN] = ConnectionRefusedError()
    pair = Pair(loop)
    await pair.sent()
    await settle()
    loop.wires[0].feed(answer(200, b"legacy"))
    assert (pair.sink.body, pair.fell) == (b"legacy", ["connect"])
    second = FallingBack(pair.modern, GET, Recorder(), ALL, pair.turn)
    second.start()
    assert pair.fell == ["connect", "open_breaker"]
    assert loop.dialled.count(MODERN) == 1


@pytest.mark.parametrize("status", [500, 404, 429])
async def test_other_statuses_are_answers(loop: ScriptedLoop, status: int) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(answer(status))
    assert (pair.sink.status, pair.fell) == (status, [])


async def test_conditions_that_are_not_named_do_not_count(loop: ScriptedLoop) -> None:
    pair = Pair(loop, frozenset({"connect"}))
    await pair.sent()
    loop.wires[0].feed(answer(503))
    assert (pair.sink.status, pair.fell) == (503, [])
    lost = Pair(loop, frozenset({"connect"}))
    await lost.sent()
    loop.wires[-1].lose()
    assert (lost.sink.failure, lost.fell) == (Failure.RESET, [])


async def test_it_falls_once(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(answer(503, b"modern"))
    await settle()
    loop.wires[1].feed(answer(503, b"legacy"))
    assert (pair.sink.status, pair.sink.body, pair.fell) == (503, b"legacy", ["503"])
    failing = Pair(loop)
    await failing.sent()
    loop.wires[-1].lose()
    await settle()
    loop.wires[-1].lose()
    assert (failing.sink.failure, failing.sink.ended, failing.fell) == (Failure.RESET, 1, ["502"])


async def test_once_a_response_has_begun_there_is_no_way_back(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(answer(200, b"whole")[:-1])
    loop.wires[0].lose()
    await settle()
    assert (pair.sink.failure, pair.fell) == (Failure.TRUNCATED, [])


async def test_legacy_has_what_is_left_of_the_deadline(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    await pair.later(25)
    loop.wires[0].feed(answer(503))
    await settle()
    await pair.later(4.9)
    assert pair.sink.failure is None
    await pair.later(0.2)
    assert pair.sink.failure is Failure.RESPONSE_TIMEOUT


async def test_after_the_fall_the_asker_speaks_with_legacy(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    loop.wires[0].feed(answer(503))
    await settle()
    wire = loop.wires[1]
    wire.feed(answer(200, b"12345")[:-1])
    pair.asked.pause()
    assert not wire.reading
    pair.asked.resume()
    assert wire.reading
    assert pair.asked.tries == 1
    pair.asked.cancel()
    await settle()
    assert wire.closing
    assert not pair.legacy.active
    assert pair.sink.ended == 0


async def test_the_pace_and_the_end_of_an_upload_reach_whoever_serves(loop: ScriptedLoop) -> None:
    pair = Pair(loop)
    await pair.sent()
    connection = loop.wires[0].protocol
    connection.pause_writing()
    connection.resume_writing()
    assert pair.sink.told == ["blocked", "unblocked"]
    pair.asked.send(b"body")
    pair.asked.finish([])
    assert loop.wires[0].sent == GET.head + b"body"
