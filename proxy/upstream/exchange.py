"""One request to a backend over all its tries: the state between the asker's sink and a connection."""

from typing import Final

from proxy.http1.response import Response, chunk, last_chunk
from proxy.routing.head import Field
from proxy.upstream.call import Sink
from proxy.upstream.connection import Connection
from proxy.upstream.failures import OURS, Failure
from proxy.upstream.retry import failure_condition
from proxy.upstream.tries import NEVER, Tries

QUEUE_LIMIT: Final = 64 * 1024
"""Bytes of a request's body that are held for a connection, or for a retry of a safe request."""


class Exchange(Tries):
    """Sends a `Call`, retries it where that is safe, pushes the response into the sink."""

    __slots__ = ()

    # -- the asker's side

    def start(self, before: float = NEVER) -> None:
        """Send the head as soon as there is a connection. Never raises; a failure goes to the sink.

        `before` is a deadline that another exchange for the same request has left.
        """
        backend = self._backend
        backend.active.add(self)
        self.deadline = min(before, backend.loop.time() + backend.settings.response_timeout)
        self._try(fresh=False)

    def send(self, data: bytes) -> None:
        """A piece of the request's body, or of a tunnel's bytes."""
        if self._sink is None:
            return
        if self._call.chunked:
            data = chunk(data)
        connection = self._connection
        if connection is not None:
            connection.write(data)
            if self.response is not None:
                self._extend()
        if connection is None or self._kept:
            self._keep(data)

    def finish(self, trailers: list[Field]) -> None:
        """The request's body is complete; from now on the backend is expected to answer.

        Of a tunnel: its client sends nothing more, and may still listen.
        """
        self.upload_done = True
        if self._call.chunked and self._sink is not None:
            data = last_chunk(trailers)
            if self._connection is not None:
                self._connection.write(data)
            if self._connection is None or self._kept:
                self._keep(data)
        self.deadline = self._backend.loop.time() + self._backend.settings.response_timeout
        if self._connection is None:
            return
        if self.response is None:
            self.expires = self.deadline
        elif self.response.status == 101:
            self._connection.end()

    def cancel(self) -> None:
        """The asker is gone: nothing more is pushed, and a connection that is in use is dropped."""
        if self._sink is None:
            return
        if self._connection is not None:
            self._connection.abort()
        if self._pool is not None and self.response is None:
            self._pool.breaker.abandoned()
        self._end()

    def pause(self) -> None:
        """The asker cannot take more of the response for now."""
        if self._connection is not None and not self._reading_paused:
            self._reading_paused = True
            self._connection.pause()
            self.expires = NEVER  # the asker's own timeouts apply

    def resume(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            if self._connection is not None:
                self._connection.resume()
                self._extend()

    # -- the connection's side

    def connected(self, connection: Connection) -> None:
        """There is a connection: head and whatever is queued of the body go out as one write."""
        self.waits = False
        self._connection = connection
        self.written = True
        queue = self._queue
        self.expires = self.deadline if self.upload_done else NEVER
        self.upload_unblocked()  # before the write, which may block it anew
        connection.serve(self, b"".join([self._call.head, *queue]) if queue else self._call.head)
        if not self._kept:
            queue.clear()
            self._queued = 0

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        if self._sink is not None:
            self._sink.interim(status, reason, fields)

    def responded(self, response: Response) -> None:
        """The final head is here: pass it on, or try once more if the policy says so."""
        assert self._pool is not None
        self._pool.breaker.succeeded()
        if self._retry_response(response):
            return
        self.response = response
        self._kept = False
        self._queue.clear()
        self._deliver(response)

    def received(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink.received(data)

    def completed(self, trailers: list[Field]) -> None:
        self._connection = None
        if self._sink is not None:
            self._end().completed(trailers)

    def failed(self, failure: Failure) -> None:
        """This try failed. Try again if nothing can be executed twice by it; else tell the asker."""
        connection = self._connection
        reused = connection is not None and connection.served > 1 and not connection.heard
        self._connection = None
        if self._sink is None:
            return
        condition = failure_condition(failure, reused)
        if self._pool is not None:
            if self.response is None and condition != "stale" and failure not in OURS:
                self._pool.breaker.failed(self._backend.loop.time())
            elif self.response is None:
                self._pool.breaker.abandoned()
        again = self.response is None and self._may_retry(condition, failure)
        if again and condition == "stale":
            self._retry_now()
        elif again:
            self._retry_in(self._pause_before_retry())
        else:
            self._give_up(failure)

    def flush(self) -> None:
        """Some of the response has come, and more is to follow."""
        if self._sink is not None:
            if self.response is not None and not self._reading_paused:
                self._extend()
            self._sink.flush()

    def upload_blocked(self) -> None:
        if not self._blocked and self._sink is not None:
            self._blocked = True
            if self._connection is not None and self.response is None:
                self._extend()  # the backend has to take some more of the request in time
            self._sink.upload_blocked()

    def upload_unblocked(self) -> None:
        if self._blocked and self._sink is not None:
            self._blocked = False
            if self.response is None and not self.upload_done:
                self.expires = NEVER  # the asker's own timeouts apply
            self._sink.upload_unblocked()

    def timed_out(self) -> None:
        """The present phase took too long. The connection is in an unknown state and goes."""
        failure = Failure.CONNECT_TIMEOUT
        if self.response is not None:
            failure = Failure.IDLE_TIMEOUT
        elif self._connection is not None:
            failure = Failure.RESPONSE_TIMEOUT
        elif self._pool is not None and self in self._pool.waiting:
            failure = Failure.POOL_TIMEOUT
        self.waits = False
        if self._connection is not None:
            self._connection.abort()
        self.failed(failure)

    # -- what comes of it

    def _deliver(self, response: Response) -> None:
        """This is the response; its body follows."""
        if self._sink is not None:
            self._sink.responded(response)

    def _give_up(self, failure: Failure) -> None:
        """No try is left."""
        self._end().failed(failure)

    # -- small things

    def _keep(self, data: bytes) -> None:
        self._queue.append(data)
        self._queued += len(data)
        if self._queued > QUEUE_LIMIT:
            if self._connection is None:
                self.upload_blocked()
            else:
                self._kept = False
                self._queue.clear()

    def _extend(self) -> None:
        """Bytes moved: the idle timeout starts anew, a tunnel's likewise, whichever way they went."""
        backend = self._backend
        self.expires = backend.loop.time() + backend.settings.idle_timeout

    def _end(self) -> Sink:
        """Let go of the sink and return it: the two know each other, and only the collector frees a ring."""
        sink, self._sink = self._sink, None
        assert sink is not None
        self.waits = False
        self._connection = None
        self._queue.clear()
        self._backend.ended(self, self._retry_counted)
        return sink
