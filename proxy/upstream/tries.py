"""The tries that one request to a backend takes: which endpoint, whether again, after how long."""

from typing import TYPE_CHECKING, Final

from proxy.http1.response import Response
from proxy.upstream.call import Call, Sink
from proxy.upstream.connection import Connection
from proxy.upstream.failures import BEFORE_ANY_BYTE, Failure
from proxy.upstream.retry import STATUSES, backoff, may_retry, retry_after

if TYPE_CHECKING:
    from proxy.upstream.backend import Backend
    from proxy.upstream.pool import Pool

NEVER: Final = float("inf")
GATEWAY_ERRORS: Final = frozenset(int(status) for status in STATUSES)
"""Statuses that may be answered by another try, or by another backend."""


class Tries:
    """The state of an exchange, and its way from one try to the next.

    `expires` is the loop time at which the present phase times out; the backend sweeps all exchanges.
    `deadline` is the one by which a response must have begun, over all tries.
    """

    __slots__ = (
        "_backend",
        "_blocked",
        "_call",
        "_connection",
        "_kept",
        "_pool",
        "_queue",
        "_queued",
        "_reading_paused",
        "_retry_counted",
        "_sink",
        "deadline",
        "expires",
        "is_head",
        "response",
        "tries",
        "upload_done",
        "waits",
        "wants_upgrade",
        "written",
    )

    def __init__(self, backend: "Backend", call: Call, sink: Sink) -> None:
        self._backend = backend
        self._call = call
        self._sink: Sink | None = sink  # None once it has ended
        self._connection: Connection | None = None
        self._pool: Pool | None = None
        self._queue: list[bytes] = []
        self._queued = 0
        self._kept = call.safe  # whether all of the body sent so far is still in the queue
        self._blocked = False
        self._reading_paused = False
        self._retry_counted = False
        self.deadline = NEVER
        self.expires = NEVER
        self.tries = 0
        self.waits = False
        self.written = False
        self.response: Response | None = None
        self.upload_done = not call.has_body
        self.is_head = call.is_head
        self.wants_upgrade = call.wants_upgrade

    # -- what a try leads to

    def connected(self, connection: Connection) -> None:
        """There is a connection for the present try."""
        raise NotImplementedError

    def failed(self, failure: Failure) -> None:
        """The present try failed."""
        raise NotImplementedError

    def _give_up(self, failure: Failure) -> None:
        """No try is left."""
        raise NotImplementedError

    # -- tries

    def _try(self, fresh: bool) -> None:
        self.tries += 1
        pool = self._backend.choose(self._pool)
        if isinstance(pool, Failure):
            self._give_up(pool)
            return
        self._pool = pool
        pool.breaker.sent()
        self.waits = True
        connection = pool.acquire(self, fresh)
        if connection is not None:
            self.connected(connection)
        else:
            self.expires = self.deadline

    def _may_retry(self, condition: str | None, failure: Failure | None) -> bool:
        settings, call = self._backend.settings, self._call
        replayable = self._kept or not self.written or not call.has_body
        if not replayable or (self.wants_upgrade and failure not in BEFORE_ANY_BYTE):
            return False
        if self._backend.loop.time() >= self.deadline:
            return False
        if not may_retry(settings.retry, condition, self.tries, call.safe, failure):
            return False
        return self._backend.grant_retry(self._retry_counted)

    def _retry_response(self, response: Response) -> bool:
        """Whether this gateway error is dropped for another try; a long Retry-After is returned."""
        if response.status not in GATEWAY_ERRORS or not self._may_retry(str(response.status), None):
            return False
        wait = max(self._pause_before_retry(), asked_to_wait(response))
        if self._backend.loop.time() + wait >= self.deadline:
            return False
        if self._connection is not None:
            self._connection.abort()
            self._connection = None
        self._retry_in(wait)
        return True

    def _pause_before_retry(self) -> float:
        return backoff(self._backend.settings.retry, self.tries, self._backend.draw())

    def _retry_in(self, seconds: float) -> None:
        self._note_retry()
        self.expires = self.deadline
        self._backend.loop.call_later(seconds, self._retry)

    def _retry_now(self) -> None:
        self._note_retry()
        self._try(fresh=True)

    def _retry(self) -> None:
        if self._sink is not None:
            self._try(fresh=True)

    def _note_retry(self) -> None:
        if not self._retry_counted:
            self._retry_counted = True
            self._backend.retrying += 1
        self._backend.retries += 1


def asked_to_wait(response: Response) -> float:
    """Seconds for which the backend wants not to be asked again, 0 if it says nothing of it."""
    asked = (retry_after(value) for lower, _, value in response.fields if lower == b"retry-after")
    return next(asked, None) or 0.0
