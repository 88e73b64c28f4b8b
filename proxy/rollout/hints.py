"""Hints through Redis: "look into the ledger now". A hint that is lost costs the time of one slow poll.

They go both ways: to the data planes that something was flipped, and back that a data plane serves by it.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import RedisError

FLIPPED = "banyan:flips"
"""Channel: the ledger has a new version. The message is its number, or 0 where that is not known."""
SERVED = "banyan:served"
"""Channel: a data plane serves by a version, and has said so in the ledger."""

ANSWER = 1.0
"""Seconds that Redis may take over anything."""
SILENCE = 5.0
"""Seconds without a word, to a ping every second, after which a connection counts as dead."""
AGAIN = 1.0
"""Seconds between two attempts to connect."""


def connect(url: str) -> "redis.Redis":
    """A client whose every wait is bounded. Nothing is connected yet."""
    return redis.Redis.from_url(url, socket_connect_timeout=ANSWER, socket_timeout=ANSWER)


class Listener:
    """Calls `heard` at each hint with its version, and with 0 after each gap in which one may have been
    missed."""

    def __init__(
        self, url: str, channel: str, heard: Callable[[int], None], tell: Callable[[str | None], None]
    ) -> None:
        """`tell` gets why Redis cannot be used, None once it can. Both are called from a thread."""
        self._client: Any = connect(url)  # pubsub() is not typed
        self._channel = channel
        self._heard = heard
        self._tell = tell
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop; whatever Redis does, this does not wait for it."""
        self._ending.set()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                with self._client.pubsub() as subscription:
                    self._listen(subscription)
            except (RedisError, OSError) as error:
                self._tell(str(error))
            self._ending.wait(AGAIN)

    def _listen(self, subscription: Any) -> None:
        subscription.subscribe(self._channel)
        last = time.monotonic()
        while not self._ending.is_set():
            message = subscription.get_message(timeout=ANSWER)
            now = time.monotonic()
            if message is None:
                if now - last > SILENCE:
                    raise ConnectionError(f"no answer for {SILENCE:g} seconds")
                subscription.ping()
                continue
            last = now
            if message["type"] == "subscribe":
                self._tell(None)
            if message["type"] in ("subscribe", "message"):
                self._heard(_version(message["data"]))


def _version(data: object) -> int:
    """What a hint says; 0 where it is no number, as from a later version of this program."""
    return int(data) if isinstance(data, bytes) and data.isdigit() else 0


class Herald:
    """Tells whoever listens to a channel that something changed in the ledger. Never blocks, never raises."""

    def __init__(self, url: str | None, channel: str, nearby: Callable[[int], object]) -> None:
        """`nearby` hints at whoever is beside us, without Redis."""
        self._client = connect(url) if url else None
        self._channel = channel
        self._nearby = nearby

    def announce(self, version: int = 0) -> None:
        """The ledger is at a version, or at one that is not known."""
        with suppress(RuntimeError):  # at the end of all there is no loop to tell
            self._nearby(version)
        if self._client is not None:
            threading.Thread(target=self._publish, args=[version], name="herald", daemon=True).start()

    def _publish(self, version: int) -> None:
        assert self._client is not None
        with suppress(RedisError, OSError):  # a hint: the slow poll is the net
            self._client.publish(self._channel, str(version))
