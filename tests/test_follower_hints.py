"""Hints through a real Redis, and what becomes of everybody when it dies, hangs, or was never there."""

import threading
import time
from collections.abc import Iterator

import pytest

from proxy.rollout.hints import Herald, Listener
from tests.support.redis import Redis
from tests.support.rollout import eventually


@pytest.fixture
def redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.close()


class Ears:
    """A listener, how often it heard something, and what troubled it last."""

    def __init__(self, url: str) -> None:
        self.heard = 0
        self.trouble: str | None = "not asked"
        self.listener = Listener(url, self.hear, self.note)
        self.listener.start()

    def hear(self) -> None:
        self.heard += 1

    def note(self, trouble: str | None) -> None:
        self.trouble = trouble


def test_a_hint_is_heard(redis: Redis) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard == 1)  # having begun to listen, something may have been missed
    nearby = threading.Event()
    Herald(redis.url, nearby.set).announce()
    eventually(lambda: ears.heard == 2)
    assert nearby.is_set() and ears.trouble is None
    ears.listener.close()


@pytest.mark.parametrize("gone", ["kill", "freeze"])
def test_a_redis_that_is_gone_is_named_and_after_it_somebody_looks(redis: Redis, gone: str) -> None:
    ears = Ears(redis.url)
    eventually(lambda: ears.heard)
    getattr(redis, gone)()
    eventually(lambda: ears.trouble)
    before = ears.heard
    (redis.start if gone == "kill" else redis.thaw)()
    eventually(lambda: ears.heard > before)
    assert ears.trouble is None
    ears.listener.close()


def test_nobody_waits_for_a_redis_that_hangs(redis: Redis) -> None:
    redis.freeze()
    herald, told = Herald(redis.url, lambda: None), threading.Event()

    def announce() -> None:
        for _ in range(20):
            herald.announce()
        told.set()

    threading.Thread(target=announce, daemon=True).start()
    assert told.wait(2)
    redis.thaw()


def test_announcing_without_redis_or_to_an_ended_loop_is_no_error() -> None:
    def ended() -> None:
        raise RuntimeError("Event loop is closed")

    Herald(None, ended).announce()
    Herald("redis://127.0.0.1:1/0", lambda: None).announce()
    time.sleep(0.1)
