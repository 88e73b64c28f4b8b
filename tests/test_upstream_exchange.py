"""One exchange over its tries: every row of the table of retries, deadlines, the budget, the endpoints.

The clock, the timers and the network are the test's.
"""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from proxy.upstream.backend import Backend
from proxy.upstream.breaker import BreakerPolicy
from proxy.upstream.call import Call
from proxy.upstream.exchange import QUEUE_LIMIT, Exchange
from proxy.upstream.failures import Failure
from proxy.upstream.retry import RetryPolicy
from proxy.upstream.settings import Address, BackendSettings
from tests.support.processes import descriptors
from tests.support.scripted import ScriptedLoop, ScriptedTransport, settle
from tests.support.sinks import GET, POST, Recorder, answer
from tests.support.tls_pair import Pair

SAFE_UPLOAD = replace(POST, safe=True)
NO_PAUSE = RetryPolicy(attempts=3, base=0.0)


@dataclass
class Rig:
    """A backend over a scripted loop."""

    loop: ScriptedLoop
    backend: Backend

    def ask(self, call: Call = GET) -> tuple[Exchange, Recorder]:
        sink = Recorder()
        exchange = self.backend.exchange(call, sink)
        exchange.start()
        return exchange, sink

    async def sent(self, call: Call = GET) -> tuple[Exchange, Recorder, ScriptedTransport]:
        """An exchange whose head was written to a new connection."""
        exchange, sink = self.ask(call)
        await settle()
        return exchange, sink, self.loop.wires[-1]

    async def later(self, seconds: float) -> None:
        """Time goes by: timers run, timeouts are swept, tasks go on."""
        self.loop.advance(seconds)
        self.backend.sweep(self.loop.now)
        await settle()

    async def rested(self) -> ScriptedTransport:
        """A connection that has answered once and waits in the pool."""
        _, sink, wire = await self.sent()
        wire.feed(answer())
        assert sink.status == 200
        wire.take()
        return wire


@pytest.fixture
def loop() -> Iterator[ScriptedLoop]:
    loop = ScriptedLoop()
    yield loop
    loop.release()


def rig(loop: ScriptedLoop, *ports: int, **settings: object) -> Rig:
    defaults = {"retry": NO_PAUSE, "breaker": BreakerPolicy(consecutive_failures=0)}
    addresses = tuple(Address("origin", port) for port in ports or (1,))
    chosen = BackendSettings("origin", addresses, **{**defaults, **settings})  # type: ignore[arg-type]  # per test
    return Rig(loop, Backend(chosen, loop.as_loop))


# -- no connection could be made


@pytest.mark.parametrize("call", [GET, POST], ids=["safe", "write"])
@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError()], ids=["refused", "in-vain"])
async def test_without_a_connection_another_endpoint_is_tried(
    loop: ScriptedLoop, call: Call, error: Exception
) -> None:
    at = rig(loop, 1, 2)
    loop.failing[2] = error
    exchange, sink = at.ask(call)
    exchange.send(b"body")
    exchange.finish([])
    await settle()
    await at.later(0)
    assert loop.dialled == [2, 1]
    assert loop.wires[0].sent == call.head + b"body"
    loop.wires[0].feed(answer())
    assert (sink.status, exchange.tries, sink.ended) == (200, 2, 1)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ConnectionRefusedError(), Failure.CONNECT),
        (TimeoutError(), Failure.CONNECT_TIMEOUT),
        (OSError(errno.EMFILE, "Too many open files"), Failure.EXHAUSTED),
    ],
)
async def test_after_the_last_attempt_the_asker_is_told(
    loop: ScriptedLoop, error: Exception, failure: Failure
) -> None:
    at = rig(loop)
    loop.failing[1] = error
    _, sink = at.ask()
    for _ in range(5):
        await settle()
        await at.later(0)
    assert loop.dialled == [1, 1, 1]
    assert (sink.failure, sink.ended, sink.told[-1]) == (failure, 1, "failed")
    assert not at.backend.active
    assert at.backend.take_retries() == 2
    assert at.backend.take_retries() == 0


# -- a pooled connection was closed while idle


async def test_a_stale_connection_is_replaced_at_once_and_unseen(loop: ScriptedLoop) -> None:
    at = rig(loop, retry=RetryPolicy(attempts=2, base=1000.0))
    wire = await at.rested()
    exchange, sink = at.ask()
    assert wire.sent == GET.head
    wire.lose()
    await settle()
    assert loop.wires[1].sent == GET.head
    loop.wires[1].feed(answer())
    assert (sink.status, exchange.tries, sink.ended) == (200, 2, 1)


def close(wire: ScriptedTransport) -> None:
    wire.theirs.close()


def speak(wire: ScriptedTransport) -> None:
    """Send a response that nobody has asked for; the kernel has it, the loop has not read it yet."""
    wire.theirs.send(answer(200, b"poison"))


@pytest.mark.parametrize("call", [GET, POST], ids=["safe", "write"])
@pytest.mark.parametrize("mischief", [close, speak])
async def test_a_connection_with_something_to_read_serves_nobody(
    loop: ScriptedLoop, mischief: Callable[[ScriptedTransport], None], call: Call
) -> None:
    at = rig(loop)
    wire = await at.rested()
    mischief(wire)
    exchange, _ = at.ask(call)
    await settle()
    assert wire.sent == b""
    assert wire.aborted
    assert loop.wires[1].sent == call.head
    assert exchange.tries == 1


@pytest.mark.parametrize("mischief", [close, speak])
async def test_nor_is_it_handed_to_who_waits_for_a_place(
    loop: ScriptedLoop, mischief: Callable[[ScriptedTransport], None]
) -> None:
    at = rig(loop, pool_connections=1)
    _, first, wire = await at.sent()
    _, second = at.ask()
    wire.take()
    mischief(wire)
    wire.feed(answer(200, b"first"))
    await settle()
    assert wire.sent == b""
    assert wire.aborted
    loop.wires[1].feed(answer(200, b"second"))
    assert (first.body, second.body) == (b"first", b"second")


async def test_a_write_on_a_connection_that_dies_all_the_same_is_never_sent_again(loop: ScriptedLoop) -> None:
    at = rig(loop)
    wire = await at.rested()
    _, sink = at.ask(POST)
    assert wire.sent == POST.head
    wire.lose()
    await at.later(10)
    assert sink.failure is Failure.RESET
    assert len(loop.wires) == 1


# -- no response in time, or the connection was lost


@pytest.mark.parametrize("call", [GET, POST], ids=["safe", "write"])
async def test_a_request_that_was_sent_on_a_new_connection_and_lost_is_not_repeated(
    loop: ScriptedLoop, call: Call
) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent(call)
    wire.lose()
    await at.later(1)
    assert (sink.failure, sink.ended, len(loop.wires)) == (Failure.RESET, 1, 1)


@pytest.mark.parametrize("call", [GET, POST], ids=["safe", "write"])
async def test_no_response_in_time_is_given_up_for_good(loop: ScriptedLoop, call: Call) -> None:
    at = rig(loop, response_timeout=30.0)
    exchange, sink, wire = await at.sent(call)
    if call.has_body:
        await at.later(100)
        assert sink.failure is None, "nobody waits for an answer while the body is still coming"
        exchange.send(b"body")
        exchange.finish([])
    await at.later(29.9)
    assert sink.failure is None
    await at.later(0.2)
    assert (sink.failure, sink.ended, len(loop.wires)) == (Failure.RESPONSE_TIMEOUT, 1, 1)
    assert wire.closing


async def test_a_response_that_stalls_in_its_body_is_cut(loop: ScriptedLoop) -> None:
    at = rig(loop, idle_timeout=5.0)
    _, sink, wire = await at.sent()
    wire.feed(answer(body=b"x" * 10)[:-5])
    await at.later(4)
    wire.feed(b"x")
    await at.later(4)
    assert sink.failure is None
    await at.later(1.1)
    assert (sink.failure, sink.status, wire.closing) == (Failure.IDLE_TIMEOUT, 200, True)


async def test_while_the_asker_holds_the_response_back_it_does_not_time_out(loop: ScriptedLoop) -> None:
    at = rig(loop, idle_timeout=5.0)
    exchange, sink, wire = await at.sent()
    wire.feed(answer(body=b"xx")[:-1])
    exchange.pause()
    exchange.pause()
    exchange.flush()  # of the bytes with which it had enough
    assert not wire.reading
    await at.later(60)
    exchange.resume()
    assert wire.reading
    await at.later(4)
    assert sink.failure is None
    await at.later(1.1)
    assert sink.failure is Failure.IDLE_TIMEOUT


# -- 502, 503, 504 from the backend


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_error_is_retried_on_a_new_connection_for_a_safe_request(
    loop: ScriptedLoop, status: int
) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent()
    wire.feed(answer(status))
    await at.later(0)
    assert sink.response is None
    loop.wires[1].feed(answer(200, b"well"))
    assert (sink.status, sink.body, exchange.tries, sink.ended) == (200, b"well", 2, 1)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_error_to_a_write_is_passed_on(loop: ScriptedLoop, status: int) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent(POST)
    exchange.send(b"body")
    exchange.finish([])
    wire.feed(answer(status, b"sorry"))
    await at.later(1)
    assert (sink.status, sink.body, len(loop.wires)) == (status, b"sorry", 1)


@pytest.mark.parametrize("status", [500, 501, 505, 404, 429])
async def test_other_errors_are_the_backends_answer(loop: ScriptedLoop, status: int) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(answer(status))
    assert sink.status == status
    assert len(loop.wires) == 1


async def test_the_last_attempts_gateway_error_is_passed_on(loop: ScriptedLoop) -> None:
    at = rig(loop, retry=RetryPolicy(attempts=2, base=0.0))
    exchange, sink, wire = await at.sent()
    wire.feed(answer(503))
    await at.later(0)
    loop.wires[1].feed(answer(503, b"still"))
    assert (sink.status, sink.body, exchange.tries) == (503, b"still", 2)


async def test_a_retry_waits_its_share_of_the_backoff(loop: ScriptedLoop) -> None:
    at = rig(loop, retry=RetryPolicy(attempts=2, base=8.0, cap=8.0))
    at.backend.draw = lambda: 0.5
    _, _, wire = await at.sent()
    wire.feed(answer(503))
    await at.later(3.9)
    assert len(loop.wires) == 1
    await at.later(0.2)
    assert len(loop.wires) == 2


async def test_retry_after_is_honoured(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(answer(503, b"", b"Retry-After: 2"))
    await at.later(1.9)
    assert len(loop.wires) == 1
    await at.later(0.2)
    assert len(loop.wires) == 2
    assert sink.response is None


async def test_a_retry_after_beyond_the_deadline_makes_the_error_the_answer(loop: ScriptedLoop) -> None:
    at = rig(loop, response_timeout=30.0)
    _, sink, wire = await at.sent()
    wire.feed(answer(503, b"busy", b"Retry-After: 30"))
    assert (sink.status, sink.body) == (503, b"busy")


async def test_all_tries_share_one_deadline(loop: ScriptedLoop) -> None:
    at = rig(loop, response_timeout=30.0)
    _, sink, wire = await at.sent()
    await at.later(20)
    wire.feed(answer(503))
    await at.later(0)
    await at.later(9.9)
    assert sink.failure is None
    await at.later(0.2)
    assert sink.failure is Failure.RESPONSE_TIMEOUT


async def test_a_pause_before_a_retry_ends_at_the_deadline_too(loop: ScriptedLoop) -> None:
    at = rig(loop, retry=RetryPolicy(attempts=2, base=1000.0, cap=1000.0), response_timeout=30.0)
    at.backend.draw = lambda: 1.0
    loop.failing[1] = ConnectionRefusedError()
    _, sink = at.ask()
    await settle()
    assert sink.ended == 0
    await at.later(30)
    assert (sink.failure, sink.ended) == (Failure.CONNECT_TIMEOUT, 1)


async def test_the_budget_bounds_how_many_retry_at_a_time(loop: ScriptedLoop) -> None:
    """Three may always retry; of six active ones a fifth is less than that."""
    at = rig(loop, retry=RetryPolicy(attempts=2, base=0.0, budget=0.2))
    asked = [at.ask() for _ in range(6)]
    await settle()
    for wire in list(loop.wires):
        wire.feed(answer(503))
    assert [sink.status for _, sink in asked] == [None, None, None, 503, 503, 503]
    await at.later(0)
    for wire in loop.wires[6:]:
        wire.feed(answer(200))
    assert [sink.status for _, sink in asked[:3]] == [200, 200, 200]
    assert at.backend.retrying == 0


async def test_a_safe_requests_body_is_sent_again_while_it_is_still_held(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent(SAFE_UPLOAD)
    exchange.send(b"bo")
    exchange.send(b"dy")
    exchange.finish([])
    wire.feed(answer(503))
    await at.later(0)
    assert loop.wires[1].sent == SAFE_UPLOAD.head + b"body"
    loop.wires[1].feed(answer())
    assert sink.status == 200


async def test_a_body_too_large_to_hold_is_not_sent_again(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent(SAFE_UPLOAD)
    exchange.send(b"x" * (QUEUE_LIMIT + 1))
    exchange.finish([])
    wire.feed(answer(503))
    await at.later(0)
    assert (sink.status, len(loop.wires)) == (503, 1)


async def test_an_upgrade_is_only_tried_again_while_no_byte_of_it_left(loop: ScriptedLoop) -> None:
    at = rig(loop, 1, 2)
    loop.failing[2] = ConnectionRefusedError()
    _, sink = at.ask(replace(GET, wants_upgrade=True))
    await settle()
    await at.later(0)
    loop.wires[0].feed(answer(503))
    assert (sink.status, len(loop.wires)) == (503, 1)


# -- bodies


async def test_chunks_are_framed_and_end_with_their_trailers(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, _, wire = await at.sent(replace(POST, chunked=True))
    wire.take()
    exchange.send(b"body")
    exchange.finish([(b"x-sum", b"X-Sum: 1", b"1")])
    assert wire.sent == b"4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n"


async def test_a_body_that_comes_before_its_connection_waits_within_bounds(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, sink = at.ask(replace(POST, chunked=True))
    exchange.send(b"x" * QUEUE_LIMIT)
    exchange.send(b"y")
    exchange.finish([])
    assert sink.told == ["blocked"]
    await settle()
    assert sink.told == ["blocked", "unblocked"]
    assert loop.wires[0].sent.endswith(b"1\r\ny\r\n0\r\n\r\n")


async def test_the_backends_own_pace_holds_an_upload_once(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent(POST)
    for told in (wire.protocol.pause_writing, wire.protocol.pause_writing, wire.protocol.resume_writing):
        told()
    assert sink.told == ["blocked", "unblocked"]


async def test_what_comes_after_the_end_of_an_exchange_goes_nowhere(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent(POST)
    exchange.cancel()
    exchange.cancel()
    exchange.send(b"late")
    exchange.finish([])
    exchange.resume()
    assert wire.sent == POST.head
    await settle()
    assert sink.told == []
    assert not at.backend.active
    assert at.backend.pools[0].open == 0


async def test_a_retry_that_was_given_up_while_it_waited_is_not_sent(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, _, wire = await at.sent()
    wire.feed(answer(503))
    exchange.cancel()
    await at.later(10)
    assert len(loop.wires) == 1
    assert at.backend.retrying == 0


async def test_an_unfinished_upload_costs_the_connection(loop: ScriptedLoop) -> None:
    """The backend answered early: what is left of the body would be read as the next request."""
    at = rig(loop)
    _, sink, wire = await at.sent(POST)
    wire.feed(answer(413))
    assert sink.ended == 1
    assert wire.aborted, "a polite close waits until all is taken that was written"


async def test_a_backend_that_takes_nothing_of_an_upload_is_not_waited_for_for_ever(
    loop: ScriptedLoop,
) -> None:
    at = rig(loop, idle_timeout=7.0)
    _, sink, wire = await at.sent(POST)
    await at.later(100)
    assert sink.ended == 0, "the asker takes its time"
    wire.protocol.pause_writing()
    await at.later(6)
    wire.protocol.resume_writing()
    await at.later(100)
    assert sink.ended == 0, "it has taken some"
    wire.protocol.pause_writing()
    await at.later(7.1)
    assert (sink.failure, wire.closing, len(loop.wires)) == (Failure.RESPONSE_TIMEOUT, True, 1)


async def test_a_connection_that_is_blocked_at_once_holds_an_upload_that_has_waited(
    loop: ScriptedLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(transport: ScriptedTransport, data: bytes) -> None:
        transport.protocol.pause_writing()

    monkeypatch.setattr(ScriptedTransport, "write", write)
    at = rig(loop)
    exchange, sink = at.ask(POST)
    exchange.send(b"x" * (QUEUE_LIMIT + 1))
    await settle()
    assert sink.told == ["blocked", "unblocked", "blocked"]


# -- endpoints, breakers, the bulkhead


async def test_endpoints_take_turns(loop: ScriptedLoop) -> None:
    at = rig(loop, 1, 2, 3)
    for _ in range(6):
        at.ask()
    await settle()
    assert loop.dialled == [2, 3, 1, 2, 3, 1]


async def test_a_retry_goes_to_another_endpoint_whosever_turn_it_is(loop: ScriptedLoop) -> None:
    at = rig(loop, 1, 2, retry=RetryPolicy(attempts=2, base=1.0, cap=1.0))
    loop.failing[2] = ConnectionRefusedError()
    at.ask()
    await settle()
    at.ask()
    await at.later(1)
    assert loop.dialled == [2, 1, 1]


async def test_an_unhealthy_endpoint_is_passed_over_and_if_all_are_they_are_tried(loop: ScriptedLoop) -> None:
    at = rig(loop, 1, 2, 3)
    at.backend.pools[1].healthy = False
    for _ in range(4):
        at.ask()
    await settle()
    assert 2 not in loop.dialled
    for pool in at.backend.pools:
        pool.healthy = False
    for _ in range(3):
        at.ask()
    await settle()
    assert sorted(loop.dialled[4:]) == [1, 2, 3]


async def test_an_open_breaker_refuses_before_anything_is_dialled(loop: ScriptedLoop) -> None:
    policy = BreakerPolicy(consecutive_failures=1, open_for=5.0)
    at = rig(loop, breaker=policy, retry=RetryPolicy(attempts=1))
    loop.failing[1] = ConnectionRefusedError()
    at.ask()
    await settle()
    assert at.backend.breaker_open
    _, sink = at.ask()
    assert sink.failure is Failure.BREAKER_OPEN
    assert loop.dialled == [1]
    del loop.failing[1]
    loop.advance(5)
    _, sink, wire = await at.sent()
    _, second = at.ask()
    assert second.failure is Failure.BREAKER_OPEN, "one probe at a time"
    wire.feed(answer())
    assert sink.status == 200
    assert not at.backend.breaker_open


async def test_what_this_machine_lacks_opens_no_breaker(loop: ScriptedLoop) -> None:
    """Nor does it close one: a probe that could not be sent leaves its place to the next."""
    policy = BreakerPolicy(consecutive_failures=1, open_for=5.0)
    at = rig(loop, breaker=policy, retry=RetryPolicy(attempts=1))
    lack = OSError(errno.EMFILE, "Too many open files")
    loop.failing[1] = lack
    at.ask()
    await settle()
    assert not at.backend.breaker_open
    loop.failing[1] = ConnectionRefusedError()
    at.ask()
    await settle()
    assert at.backend.breaker_open
    loop.advance(5)
    loop.failing[1] = lack
    _, sink = at.ask()
    await settle()
    assert sink.failure is Failure.EXHAUSTED
    del loop.failing[1]
    _, sink, wire = await at.sent()
    wire.feed(answer())
    assert sink.status == 200


async def test_with_every_breaker_open_no_endpoint_is_left(loop: ScriptedLoop) -> None:
    at = rig(
        loop, 1, 2, breaker=BreakerPolicy(consecutive_failures=1), retry=RetryPolicy(attempts=2, base=0.0)
    )
    loop.failing = {1: ConnectionRefusedError(), 2: ConnectionRefusedError()}
    at.ask()
    await settle()
    await at.later(0)
    assert loop.dialled == [2, 1]
    _, sink = at.ask()
    assert sink.failure is Failure.BREAKER_OPEN


async def test_answers_of_the_application_never_open_a_breaker(loop: ScriptedLoop) -> None:
    at = rig(loop, breaker=BreakerPolicy(consecutive_failures=1), retry=RetryPolicy(attempts=1))
    _, sink, wire = await at.sent()
    wire.feed(answer(503))
    assert sink.status == 503
    assert not at.backend.breaker_open


async def test_a_stale_connection_says_nothing_of_its_endpoint(loop: ScriptedLoop) -> None:
    at = rig(loop, breaker=BreakerPolicy(consecutive_failures=1), retry=RetryPolicy(attempts=1))
    wire = await at.rested()
    _, sink = at.ask()
    wire.lose()
    assert sink.failure is Failure.RESET
    assert not at.backend.breaker_open


async def test_the_bulkhead_refuses_what_is_too_many(loop: ScriptedLoop) -> None:
    at = rig(loop, max_in_flight=2)
    first, _, wire = await at.sent()
    at.ask()
    _, refused = at.ask()
    assert refused.failure is Failure.BULKHEAD
    assert refused.told == ["failed"]
    wire.feed(answer())
    _, accepted = at.ask()
    assert accepted.failure is None
    assert first.tries == 1


async def test_a_retry_keeps_its_place_in_a_full_bulkhead(loop: ScriptedLoop) -> None:
    at = rig(loop, max_in_flight=1)
    _, sink, wire = await at.sent()
    wire.feed(answer(503))
    at.ask()
    await at.later(0)
    loop.wires[1].feed(answer())
    assert sink.status == 200


async def test_waiting_for_a_full_pool_ends_at_the_deadline_and_says_nothing_of_the_endpoint(
    loop: ScriptedLoop,
) -> None:
    at = rig(loop, pool_connections=1, breaker=BreakerPolicy(consecutive_failures=1), response_timeout=30.0)
    _, _, wire = await at.sent(POST)
    _, waiting = at.ask()
    await at.later(30)
    assert waiting.failure is Failure.POOL_TIMEOUT
    assert not at.backend.breaker_open
    assert not wire.closing


async def test_a_second_exchange_inherits_the_deadline_that_is_left(loop: ScriptedLoop) -> None:
    at = rig(loop, response_timeout=30.0)
    sink = Recorder()
    at.backend.exchange(GET, sink).start(loop.now + 3)
    await settle()
    await at.later(3)
    assert sink.failure is Failure.RESPONSE_TIMEOUT


@pytest.mark.parametrize("call", [GET, POST], ids=["safe", "write"])
async def test_a_connection_that_is_not_made_by_the_deadline_is_no_full_pool(
    loop: ScriptedLoop, call: Call
) -> None:
    at = rig(loop, response_timeout=5.0)
    exchange, sink = at.ask(call)
    loop.advance(5)
    at.backend.sweep(loop.now)  # before the loop came to dial
    assert (sink.failure, exchange.tries) == (Failure.CONNECT_TIMEOUT, 1)
    await settle()
    assert loop.wires[0].sent == b""


# -- what the backend sends


async def test_interim_responses_come_before_the_final_one(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer())
    assert [word for word in sink.told if word != "flush"] == [
        "interim 103",
        "responded",
        "received",
        "completed",
    ]


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"a" * 300_000,
        b"HTTP/1.1 102 Processing\r\n\r\n" * 2000,
        b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=[
        "upgrade",
        "coding",
        "two-codings",
        "version",
        "garbage",
        "flood",
        "reason",
        "interim-flood",
        "rtsp",
    ],
)
async def test_what_has_no_one_reading_is_no_response(loop: ScriptedLoop, said: bytes) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(said)
    assert (sink.failure, sink.response, sink.ended) == (Failure.PROTOCOL, None, 1)
    assert wire.closing


@pytest.mark.parametrize(
    "pieces",
    [(b"SSH-2.0-x",), (b"HTTP/1.1 200 OK\nX: a",), (b"HTTP/1.1 200 OK\r", b"X: a"), (b"HT", b"ML")],
    ids=["another-protocol", "lf", "cr", "in-pieces"],
)
async def test_what_can_never_be_a_response_is_not_waited_for(
    loop: ScriptedLoop, pieces: tuple[bytes, ...]
) -> None:
    _, sink, wire = await rig(loop).sent()
    for piece in pieces:
        assert sink.ended == 0
        wire.feed(piece)
    assert (sink.failure, sink.ended) == (Failure.PROTOCOL, 1)


async def test_what_was_under_way_when_its_backend_was_retired_does_not_rest(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    at.backend.close()
    assert not wire.closing
    wire.feed(answer())
    assert sink.status == 200
    assert wire.closing


async def test_a_connection_lost_behind_an_interim_response_gave_no_answer(loop: ScriptedLoop) -> None:
    """Nor was it stale: it is not asked again as if nothing had come."""
    at = rig(loop)
    rested = await at.rested()
    exchange, sink = at.ask()
    rested.feed(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    rested.lose()
    assert (sink.failure, exchange.tries) == (Failure.RESET, 1)


async def test_a_response_may_come_byte_by_byte(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    for (
        byte
    ) in b"HTTP/1.1 102 One Moment\r\n\r\nHTTP/1.1 200 All right\r\nX: a\r\nContent-Length: 2\r\n\r\nok":
        wire.feed(bytes([byte]))
    assert sink.response is not None
    assert (sink.response.reason, sink.body) == (b"All right", b"ok")


async def test_each_piece_of_a_reason_is_looked_at(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(b"HTTP/1.1 200 A\x01l")
    wire.feed(b"l right\r\nContent-Length: 0\r\n\r\n")
    assert (sink.failure, sink.response) == (Failure.PROTOCOL, None)


async def test_bytes_after_the_end_of_a_response_are_nobodys_answer(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(answer(200, b"mine") + answer(200, b"poison"))
    assert (sink.body, sink.ended) == (b"mine", 1)
    assert wire.closing
    rested = await at.rested()
    rested.feed(answer(200, b"poison"))
    assert rested.closing


async def test_a_response_without_a_length_ends_with_its_connection(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(b"HTTP/1.0 200 OK\r\n\r\nall of ")
    wire.feed(b"it")
    assert sink.ended == 0
    wire.end()
    assert (sink.body, sink.failure, sink.ended) == (b"all of it", None, 1)


async def test_a_response_without_a_length_that_nobody_ended_is_cut_short(loop: ScriptedLoop) -> None:
    """Under TLS only a closure alert ends it, or whoever is on the way could (RFC 9112 §9.8)."""
    _, sink, wire = await rig(loop).sent()
    wire.feed(b"HTTP/1.0 200 OK\r\n\r\nhalf of it")
    wire.lose()
    assert (sink.body, sink.failure, sink.ended) == (b"half of it", Failure.TRUNCATED, 1)


async def test_a_counted_response_that_ends_early_is_cut_short(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent()
    wire.feed(answer(200, b"whole")[:-1])
    wire.lose()
    assert (sink.failure, sink.ended, len(loop.wires)) == (Failure.TRUNCATED, 1, 1)


async def test_an_answer_that_waits_unread_behind_a_failed_write_is_the_answer(loop: ScriptedLoop) -> None:
    """A backend that refuses an upload answers, closes, and so resets what still comes."""
    at = rig(loop)
    _, sink, wire = await at.sent(POST)
    wire.theirs.sendall(answer(413, b"too large"))
    wire.theirs.close()
    wire.lose(BrokenPipeError())
    assert (sink.status, sink.body, sink.failure, sink.ended) == (413, b"too large", None, 1)
    assert not at.backend.active
    assert not at.backend.pools[0].resting


async def test_half_an_answer_behind_a_failed_write_is_cut_short(loop: ScriptedLoop) -> None:
    _, sink, wire = await rig(loop).sent(POST)
    wire.theirs.sendall(answer(413, b"too large")[:-1])
    wire.theirs.close()
    wire.lose(BrokenPipeError())
    assert (sink.status, sink.body, sink.failure) == (413, b"too larg", Failure.TRUNCATED)


async def test_behind_tls_too_an_answer_that_waits_unread_is_the_answer(
    loop: ScriptedLoop, tmp_path: Path
) -> None:
    """TLS has lost its socket when it says so, and may have read some of it before."""
    pair = Pair(tmp_path)
    loop.secure = pair.ours
    at = rig(loop)
    _, sink, wire = await at.sent(POST)
    pair.ours.incoming.write(pair.says(answer(413, b"too large")[:20]))
    wire.theirs.sendall(pair.says(answer(413, b"too large")[20:]))
    wire.theirs.close()
    wire.forget_socket()
    before = descriptors(os.getpid())
    wire.lose(BrokenPipeError())
    assert (sink.status, sink.body, sink.failure, sink.ended) == (413, b"too large", None, 1)
    assert descriptors(os.getpid()) < before
    assert not at.backend.pools[0].resting


async def test_behind_tls_without_a_descriptor_left_the_answer_is_lost(
    loop: ScriptedLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(_: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "dup", exhausted)
    pair = Pair(tmp_path)
    loop.secure = pair.ours
    _, sink, wire = await rig(loop).sent(POST)
    wire.theirs.sendall(pair.says(answer(413)))
    wire.forget_socket()
    wire.lose(BrokenPipeError())
    assert (sink.status, sink.failure) == (None, Failure.RESET)


async def test_what_tls_held_back_from_a_slow_asker_is_not_lost(loop: ScriptedLoop, tmp_path: Path) -> None:
    """A backend that has said all closes; TLS then closes too, whether its last words were taken or not."""
    pair = Pair(tmp_path)
    loop.secure = pair.ours
    exchange, sink, wire = await rig(loop).sent()
    wire.feed(answer(200, b"all of it")[:-3])
    exchange.pause()
    pair.ours.incoming.write(pair.says(b" it"))
    wire.lose()
    assert (sink.status, sink.body, sink.failure, sink.ended) == (200, b"all of it", None, 1)


@pytest.mark.parametrize("said", [True, False])
async def test_behind_tls_held_back_bytes_end_a_response_if_an_alert_does(
    loop: ScriptedLoop, tmp_path: Path, said: bool
) -> None:
    pair = Pair(tmp_path)
    loop.secure = pair.ours
    exchange, sink, wire = await rig(loop).sent()
    wire.feed(b"HTTP/1.0 200 OK\r\n\r\nuntil")
    exchange.pause()
    pair.ours.incoming.write(pair.says(b" the end"))
    pair.ours.incoming.write(pair.says_no_more() if said else b"")
    wire.lose()
    assert sink.body == b"until the end"
    assert sink.failure is (None if said else Failure.TRUNCATED)


async def test_the_answer_to_head_has_no_body_and_leaves_a_usable_connection(loop: ScriptedLoop) -> None:
    at = rig(loop)
    _, sink, wire = await at.sent(Call(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", safe=True, is_head=True))
    wire.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    assert (sink.ended, sink.body) == (1, b"")
    _, second = at.ask()
    wire.feed(answer(200, b"next"))
    assert second.body == b"next"


async def test_after_101_bytes_go_both_ways_unread(loop: ScriptedLoop) -> None:
    at = rig(loop)
    exchange, sink, wire = await at.sent(replace(GET, wants_upgrade=True))
    wire.take()
    wire.feed(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00")
    assert (sink.status, sink.body) == (101, b"\x81\x00")
    exchange.send(b"HTTP/1.1 \r\n")
    wire.feed(b"\x00\r\n\r\n")
    assert wire.sent == b"HTTP/1.1 \r\n"
    assert sink.body == b"\x81\x00\x00\r\n\r\n"
    wire.lose()
    assert (sink.ended, sink.failure) == (1, None)


async def test_a_tunnel_lives_while_bytes_move_either_way(loop: ScriptedLoop) -> None:
    at = rig(loop, idle_timeout=5.0)
    exchange, sink, wire = await at.sent(replace(GET, wants_upgrade=True))
    wire.feed(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    for _ in range(3):
        await at.later(4)
        exchange.send(b"ping")
        await at.later(4)
        wire.feed(b"pong")
    assert sink.failure is None
    await at.later(5)
    assert sink.failure is Failure.IDLE_TIMEOUT
