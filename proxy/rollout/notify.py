"""Word of a ramp's steps, breaches and rollbacks to a webhook, signed by Standard Webhooks 1.0.0.

Delivery is a courtesy: it is tried a few times and then given up. What happened is in the audit.
"""

import base64
import hashlib
import hmac
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

SECRET = "BANYAN_WEBHOOK_SECRET"
"""Environment variable with the signing secret: `whsec_` and base64. Without one, one is made and kept in
the ledger."""

PREFIX = "whsec_"
PAUSES = (0.0, 1.0, 5.0, 30.0)
"""Seconds before each try."""
ANSWER = 5.0
"""Seconds that a receiver may take."""
WAITING = 100
"""Events that may wait for a slow receiver; beyond that they are dropped."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to tell. The same event has the same id, however often it is told: receivers drop doubles."""

    url: str
    id: str
    type: str
    time: str
    """ISO 8601, UTC."""
    data: Mapping[str, Any]

    def body(self) -> bytes:
        return orjson.dumps({"type": self.type, "timestamp": self.time, "data": self.data})


def new_secret() -> str:
    """24 to 64 random bytes are asked for."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def own_secret() -> str | None:
    """The secret that the environment names."""
    return os.environ.get(SECRET)


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over `id.timestamp.body`, in base64, after the version of the scheme."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


class Notifier:
    """Delivers events in their order, in a thread of its own. `post` never blocks."""

    def __init__(self, secret: Callable[[], str], say: Callable[[str], None]) -> None:
        """`secret` is asked for at each try, in the thread, and may raise; `say` gets what went wrong."""
        self._secret = secret
        self._say = say
        self._queue: queue.Queue[Event] = queue.Queue(WAITING)
        threading.Thread(target=self._run, name="notify", daemon=True).start()

    def post(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._say(f"{event.type} was not sent to its webhook: {WAITING} others wait already")

    def _run(self) -> None:
        while True:
            self._deliver(self._queue.get())

    def _deliver(self, event: Event) -> None:
        why = ""
        for pause in PAUSES:
            time.sleep(pause)
            try:
                status = self._send(event)
            except Exception as error:  # whatever it is, the next event must not wait for it
                why = str(error) or type(error).__name__
                continue
            if status in range(200, 300) or status == GONE:
                return
            why = f"it answered {status}"
        self._say(f"{event.type} could not be sent to its webhook: {why}")

    def _send(self, event: Event) -> int:
        body, now = event.body(), int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": event.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._secret(), event.id, now, body),
        }
        return httpx.post(
            event.url, content=body, headers=headers, timeout=ANSWER, trust_env=False
        ).status_code
