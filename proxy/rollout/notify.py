"""Sends the webhooks of the outbox, signed by Standard Webhooks 1.0.0.

Whatever a receiver does, ramps do not wait for it. What it does not take is sent again, for more than a day,
by whichever control plane is there.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import orjson

from proxy.ledger import Ledger, LedgerUnavailable, outbox
from proxy.ledger.outbox import Letter

SECRET = "BANYAN_WEBHOOK_SECRET"
"""Environment variable with the signing secret: `whsec_` and base64. Without one, one is made and kept in
the ledger."""

PREFIX = "whsec_"
PAUSES = (5, 30, 300, 1800, 7200, 18000, 36000, 50400)
"""Seconds before each try but the first: a day and a half in all."""
ANSWER = 5.0
"""Seconds that a receiver may take."""
CLAIM = timedelta(seconds=30)
"""How long nobody else sends what somebody is sending."""
LOOK = 5.0
"""Seconds between two looks for what fell due."""
GONE = 410


def body_of(letter: Letter) -> bytes:
    """What is sent, the same at each try."""
    return orjson.dumps({"type": letter.type, "timestamp": letter.time.isoformat(), "data": letter.data})


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


class Courier:
    """Sends what is due, in a thread of its own. Any number may run, in as many processes."""

    def __init__(self, ledger: Ledger, secret: Callable[[], str], say: Callable[[str], None]) -> None:
        """`secret` is asked for at each try, in the thread, and may raise; `say` gets what was given up."""
        self._ledger = ledger
        self._secret = secret
        self._say = say
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now. Never blocks."""
        self._wake.set()

    def close(self) -> None:
        """End soon. What was not sent is sent by another, or after the next start."""
        self._ending = True
        self._wake.set()

    def turn(self) -> bool:
        """Send one, if one is due. Raises LedgerUnavailable."""
        letter = self._ledger.write(lambda connection: outbox.claim(connection, CLAIM))
        if letter is None:
            return False
        trouble = self._trouble(letter)
        if trouble is None:
            self._ledger.write(lambda connection: outbox.forget(connection, letter))
        elif letter.tries > len(PAUSES):
            self._say(f"{letter.type} could not be sent to its webhook and is given up: {trouble}")
            self._ledger.write(lambda connection: outbox.forget(connection, letter))
        else:
            pause = timedelta(seconds=PAUSES[letter.tries - 1])
            self._ledger.write(lambda connection: outbox.postpone(connection, letter, pause))
            if letter.tries == 1:
                self._say(f"{letter.type} could not be sent to its webhook, and is tried again: {trouble}")
        return True

    def _run(self) -> None:
        while not self._ending:
            try:
                sent = self.turn()
            except LedgerUnavailable:  # the follower and the ramps say so already
                sent = False
            except Exception as error:  # a defect; but the next one must be sent
                self._say(f"webhooks: {type(error).__name__}: {error}")
                sent = False
            if not sent:
                self._wake.wait(LOOK)
                self._wake.clear()

    def _trouble(self, letter: Letter) -> str | None:
        """Why a receiver did not take it; None where it did, or is gone for good."""
        try:
            status = self._send(letter)
        except Exception as error:  # whatever it is, the next one must not wait for it
            return str(error) or type(error).__name__
        return None if status in range(200, 300) or status == GONE else f"it answered {status}"

    def _send(self, letter: Letter) -> int:
        body, now = body_of(letter), int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": letter.id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(self._secret(), letter.id, now, body),
        }
        return httpx.post(
            letter.url, content=body, headers=headers, timeout=ANSWER, trust_env=False
        ).status_code
