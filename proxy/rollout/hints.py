"""Hints through Redis: "look into the ledger now". A hint that is lost costs the time of one slow poll."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from redis.exceptions import RedisError

CHANNEL = "banyan:flips"

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
    """Calls `heard` at each hint, and after each gap in which one may have been missed."""

    def __init__(self, url: str, heard: Callable[[], None], tell: Callable[[str | None], None]) -> None:
        """`tell` gets why Redis cannot be used, None once it can. Both are called from a thread."""
        self._client: Any = connect(url)  # pubsub() is not typed
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
                with self._client.pubsub() as channel:
                    self._listen(channel)
            except (RedisError, OSError) as error:
                self._tell(str(error))
            self._ending.wait(AGAIN)

    def _listen(self, channel: Any) -> None:
        channel.subscribe(CHANNEL)
        last = time.monotonic()
        while not self._ending.is_set():
            message = channel.get_message(timeout=ANSWER)
            now = time.monotonic()
            if message is None:
                if now - last > SILENCE:
                    raise ConnectionError(f"no answer for {SILENCE:g} seconds")
                channel.ping()
                continue
            last = now
            if message["type"] == "subscribe":
                self._tell(None)
            if message["type"] in ("subscribe", "message"):
                self._heard()


class Herald:
    """Tells whoever follows the ledger that something changed there. Never blocks, never raises."""

    def __init__(self, url: str | None, nearby: Callable[[], object]) -> None:
        """`nearby` hints at the data plane beside us, without Redis."""
        self._client = connect(url) if url else None
        self._nearby = nearby

    def announce(self) -> None:
        """Something changed."""
        with suppress(RuntimeError):  # at the end of all there is no loop to tell
            self._nearby()
        if self._client is not None:
            threading.Thread(target=self._publish, name="herald", daemon=True).start()

    def _publish(self) -> None:
        assert self._client is not None
        with suppress(RedisError, OSError):  # a hint: the slow poll is the net
            self._client.publish(CHANNEL, b"")
