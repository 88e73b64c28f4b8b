"""What a flip's way through a data plane took, and who is woken at its end."""

import asyncio
import threading

from proxy.rollout.bell import Bell
from proxy.rollout.passage import Passage
from proxy.rollout.view import Took


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_each_stage_is_timed() -> None:
    clock = Clock()
    passage = Passage(clock)
    passage.hint()
    clock.now += 1
    passage.hint()  # a second hint does not put the first one off
    assert passage.is_hinted
    hinted = passage.begin()
    assert not passage.is_hinted
    clock.now += 2
    passage.read(hinted)
    clock.now += 4
    passage.apply()
    clock.now += 8
    assert passage.report() == Took(3, 4, 8)
    assert passage.report() is None


def test_what_a_poll_found_had_no_hint_and_what_was_not_read_is_not_timed() -> None:
    passage = Passage(Clock())
    passage.apply()
    assert passage.report() is None
    passage.read(passage.begin())
    assert passage.report() is None  # read, and not yet applied: a sign of life says nothing of it
    passage.read(passage.begin())
    passage.apply()
    assert passage.report() == Took(0, 0, 0)


async def test_a_bell_wakes_all_who_wait_and_no_ring_is_lost() -> None:
    bell = Bell()
    first, second = bell.next(), bell.next()
    threading.Thread(target=bell.ring).start()
    await asyncio.wait_for(asyncio.gather(first.wait(), second.wait()), 60)
    assert not bell.next().is_set()


async def test_a_bell_of_a_loop_that_ended_is_no_error() -> None:
    bells: list[Bell] = []

    async def make() -> None:
        bells.append(Bell())

    await asyncio.to_thread(asyncio.run, make())
    bells[0].ring()
