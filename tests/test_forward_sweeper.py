"""The coarse clock: who has waited too long is told, and a loop that is late for long sheds load."""

from collections.abc import Iterator

import pytest

from proxy.forward.sweeper import TICK, Expiring, Sweeper
from proxy.upstream.failures import Failure
from tests.support.gateways import Front
from tests.support.scripted import ScriptedLoop, settle
from tests.support.sinks import GET, Recorder


class Waiting:
    """Something with a phase that can time out."""

    def __init__(self, expires: float) -> None:
        self.expires = expires
        self.told = 0

    def timed_out(self) -> None:
        self.told += 1
        self.expires = float("inf")


@pytest.fixture
def front() -> Iterator[Front]:
    loop = ScriptedLoop()
    yield Front(loop)
    loop.release()


def sweeper(front: Front, *clients: Expiring) -> Sweeper:
    return Sweeper(front.gateway, lambda: clients, list)


async def late(front: Front, seconds: float) -> None:
    """One tick that comes so many seconds after it was due: the loop was busy meanwhile."""
    front.loop.now += TICK + seconds
    front.loop.advance(0)


async def test_clients_are_told_once_and_not_before_their_time(front: Front) -> None:
    soon, never = Waiting(front.loop.now + 1), Waiting(float("inf"))
    sweeping = sweeper(front, soon, never)
    sweeping.start()
    front.loop.advance(0.9)
    assert soon.told == 0
    front.loop.advance(0.2)
    front.loop.advance(5)
    assert (soon.told, never.told) == (1, 0)
    sweeping.stop()


async def test_a_loop_that_was_busy_blames_nobody_before_it_has_read_what_came(front: Front) -> None:
    """A stall is the proxy's own: the bytes that were waited for may be in the kernel already."""
    waiting = Waiting(front.loop.now + 1)
    sweeping = sweeper(front, waiting)
    sweeping.start()
    await late(front, 5)
    assert waiting.told == 0
    front.loop.advance(TICK)
    assert waiting.told == 1
    sweeping.stop()


async def test_exchanges_and_resting_connections_are_swept_too(front: Front) -> None:
    plan = front.planned(b"GET / HTTP/1.1\n")
    sink = Recorder()
    plan.backend.exchange(GET, sink).start()
    await settle()
    sweeping = Sweeper(front.gateway, list, lambda: [plan.backend])
    sweeping.start()
    front.loop.advance(31)
    assert sink.failure is Failure.RESPONSE_TIMEOUT
    sweeping.stop()


async def test_after_stop_nothing_is_swept(front: Front) -> None:
    waiting = Waiting(front.loop.now + 1)
    sweeping = sweeper(front, waiting)
    sweeping.stop()
    sweeping.start()
    sweeping.stop()
    front.loop.advance(5)
    assert waiting.told == 0


async def test_one_late_tick_is_no_overload_but_lateness_that_lasts_is(front: Front) -> None:
    sweeping = sweeper(front)
    sweeping.start()
    await late(front, 1.0)
    assert not front.gateway.overloaded
    await late(front, 1.0)
    assert front.gateway.overloaded
    sweeping.stop()


async def test_load_is_taken_again_only_well_below_the_mark_where_it_was_shed(front: Front) -> None:
    sweeping = sweeper(front)
    sweeping.start()
    for _ in range(2):
        await late(front, 1.0)
    shed_at = sweeping.lag
    while sweeping.lag > 0.25:
        assert front.gateway.overloaded
        await late(front, 0.0)
    assert front.gateway.overloaded
    assert sweeping.lag < shed_at / 2
    for _ in range(3):
        await late(front, 0.0)
    assert not front.gateway.overloaded
    await late(front, 0.5)
    assert not front.gateway.overloaded, "between the two marks it stays as it is"
    sweeping.stop()


async def test_mirroring_is_shed_before_clients_are(front: Front) -> None:
    """A lateness that clients do not feel yet; shadows come back by themselves."""
    sweeper(front).start()
    for _ in range(10):
        await late(front, 0.3)
    assert front.gateway.handover.strained
    assert not front.gateway.overloaded
    for _ in range(10):
        await late(front, 0.0)
    assert not front.gateway.handover.strained
