"""Hints through a real Redis, and what becomes of everybody when it dies, hangs, or was never there."""

import threading
import time
from collections.abc import Iterator

import pytest
import redis as client

from proxy.rollout.hints import FLIPPED, SERVED, Herald, Listener
from tests.support.redis import Redis
from tests.support.relay import Relay
from tests.support.rollout import eventually


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.close()


class Ears:
    """A listener, the versions that it heard of, and what troubled it last."""

    def __init__(self, url: str) -> None:
        self.heard: list[int] = []
        self.trouble: str | None = "not asked"
        self.listener = Listener(url, FLIPPED, self.heard.append, self.note)
        self.listener.start()

    def note(self, trouble: str | None) -> None:
        self.trouble = trouble


def test_a_hint_is_heard(redis: Redis) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard == [0])  # having begun to listen, something may have been missed
    nearby: list[int] = []
    Herald(redis.url, FLIPPED, nearby.append).announce(17)
    eventually(lambda: ears.heard == [0, 17])
    assert nearby == [17] and ears.trouble is None
    ears.listener.close()


def test_a_hint_of_another_channel_is_not_heard_and_one_that_is_no_number_is(redis: Redis) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard)
    Herald(redis.url, SERVED, lambda _: None).announce(3)
    with client.Redis.from_url(redis.url) as somebody:
        somebody.publish(FLIPPED, "{}")
    eventually(lambda: ears.heard == [0, 0])
    ears.listener.close()


def test_a_redis_that_is_emptied_makes_no_difference(redis: Redis) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard)
    with client.Redis.from_url(redis.url) as somebody:
        somebody.flushall()
    Herald(redis.url, FLIPPED, lambda _: None).announce(5)
    eventually(lambda: ears.heard == [0, 5])
    ears.listener.close()


def test_packets_that_are_dropped_are_noticed_and_after_it_somebody_looks(redis: Redis) -> None:
    """Nothing is refused and nothing is closed: bytes go, and none come."""
    relay = Relay(redis.port)
    ears = Ears(redis.url.replace(str(redis.port), str(relay.port)))
    eventually(lambda: ears.heard)
    relay.silence()
    eventually(lambda: ears.trouble)
    before = len(ears.heard)
    relay.speak()
    eventually(lambda: len(ears.heard) > before)
    assert ears.trouble is None
    ears.listener.close()
    relay.close()


@pytest.mark.parametrize("gone", ["kill", "freeze"])
def test_a_redis_that_is_gone_is_named_and_after_it_somebody_looks(redis: Redis, gone: str) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard)
    getattr(redis, gone)()
    eventually(lambda: ears.trouble)
    before = len(ears.heard)
    (redis.start if gone == "kill" else redis.thaw)()
    eventually(lambda: len(ears.heard) > before)
    assert ears.trouble is None
    ears.listener.close()


def test_nobody_waits_for_a_redis_that_hangs(redis: Redis) -> None:
    redis.freeze()
    herald, told = Herald(redis.url, FLIPPED, lambda _: None), threading.Event()

    def announce() -> None:
        for _ in range(20):
            herald.announce()
        told.set()

    threading.Thread(target=announce, daemon=True).start()
    assert told.wait(2)
    redis.thaw()


def test_announcing_without_redis_or_to_an_ended_loop_is_no_error() -> None:
    def ended(_: int) -> None:
        raise RuntimeError("Event loop is closed")

    Herald(None, FLIPPED, ended).announce()
    Herald("redis://127.0.0.1:1/0", FLIPPED, lambda _: None).announce()
    time.sleep(0.1)
