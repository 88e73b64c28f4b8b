"""One connection to an endpoint: bytes out, a strictly parsed response in."""

import asyncio
import contextlib
import os
import select
from typing import TYPE_CHECKING, Any, Final, cast

from proxy.tls_ends import Secure
from proxy.upstream.failures import Failure
from proxy.upstream.reading import ResponseReader

if TYPE_CHECKING:
    from proxy.upstream.exchange import Exchange
    from proxy.upstream.pool import Pool

_READ_SIZE: Final = 64 * 1024


class Connection(ResponseReader):
    """Serves one exchange at a time; between two of them it rests in the pool."""

    def __init__(self, pool: "Pool") -> None:
        super().__init__()
        self.pool = pool
        self.transport: asyncio.Transport
        self.made_at = 0.0
        self.rested_at = 0.0
        self.served = 0
        self._paused = False
        self._said_end = False
        self._poll: Any = None
        self._secure: Secure | None = None
        self._kept = -1

    # -- what the exchange does with it

    def serve(self, exchange: "Exchange", data: bytes) -> None:
        """Send the first bytes of a request; what comes back goes to this exchange."""
        self.exchange = exchange
        self.served += 1
        if self._secure is not None and self._kept < 0 and not exchange.upload_done:
            self._keep_socket()
        self.transport.write(data)

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def end(self) -> None:
        """Nothing more is sent; under TLS that cannot be said without ending both ways."""
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def may_serve(self) -> bool:
        """Whether a connection that has served can be used again: it has nothing to read.

        The kernel is asked, as the loop may not have come to read it yet. Readable means that the peer has
        closed it, which a write must know before a byte of it leaves; or that it has sent what nobody asked
        for, which would be taken for the answer to the next request (RFC 9112 §9.2).
        """
        if self.transport.is_closing():
            return False
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not self._poll.poll(0)

    def pause(self) -> None:
        """Read no more of the response for now."""
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def abort(self) -> None:
        """Drop the connection with whatever is under way; nobody is told."""
        self.exchange = None
        self.transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's transports do not inherit from asyncio's
        self.transport = transport
        secure = transport.get_extra_info("ssl_object")
        self._secure = secure if isinstance(secure, Secure) else None

    def data_received(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None:  # nobody asked: never let it become the answer to the next request
            self.transport.abort()
            return
        self.heard = True
        self._read(data, exchange)
        if self.exchange is not exchange:
            return  # given up in the meantime, for a retry
        if self._complete:
            self._finish(exchange)
        elif self._broken:
            self._fail(Failure.PROTOCOL if self._answer is None else Failure.TRUNCATED)
        else:
            exchange.flush()

    def eof_received(self) -> None:
        """The peer has said that this is all: by FIN, or under TLS by a closure alert, which a cut lacks."""
        self._said_end = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._secure is not None:
            self._decrypt_rest(self._secure, b"")
        if exc is not None and self.exchange is not None:
            self._read_rest()
        if self._kept >= 0:
            os.close(self._kept)
        self.pool.lost(self)
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        if self._answer is None:
            # Interim responses alone are no answer, and what was heard of one was valid (RFC 9110 §15.2).
            exchange.failed(Failure.PROTOCOL if self._buffer else Failure.RESET)
        elif exc is None and self._body is None and (self._said_end or self._answer.status == 101):
            exchange.completed([])
        else:
            exchange.failed(Failure.TRUNCATED)

    def _read_rest(self) -> None:
        """Take what the kernel still holds of the answer.

        A backend that refuses an upload answers, closes, and thereby resets what is still on its way to it.
        The transport then ends at a write that failed, whether it has read that answer or not.
        """
        secure, descriptor = self._secure, self._kept
        with contextlib.suppress(OSError):
            if secure is None:
                descriptor = self.transport.get_extra_info("socket").fileno()
            while self.exchange is not None and (data := os.read(descriptor, _READ_SIZE)):
                if secure is None:
                    self.data_received(data)
                else:
                    self._decrypt_rest(secure, data)

    def _decrypt_rest(self, secure: Secure, data: bytes) -> None:
        """Take what was said last, also what TLS had read and held back: it does not wait for who is slow."""
        if self.exchange is not None and (said := secure.rest(data)):
            self.data_received(said)
        self._said_end |= secure.ended

    def _keep_socket(self) -> None:
        """TLS tells that a connection is lost when its socket is closed, and with it what nobody had read."""
        with contextlib.suppress(OSError):  # there is no descriptor left
            self._kept = os.dup(self.transport.get_extra_info("socket").fileno())

    def pause_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upload_blocked()

    def resume_writing(self) -> None:
        if self.exchange is not None:
            self.exchange.upload_unblocked()

    # -- the end of an exchange

    def _finish(self, exchange: "Exchange") -> None:
        """The response is whole: the connection rests if it may, before anybody is told."""
        answer, body = self._answer, self._body
        assert answer is not None
        uploaded = exchange.upload_done
        reusable = not self._broken and uploaded and answer.reusable
        self.exchange = None
        if reusable:
            self.resume()  # the asker may have paused it at its last bytes; the next one has not
            self._reset()
            self.pool.rest(self)
        elif uploaded:
            self.transport.close()
        else:
            self.transport.abort()  # a peer that takes no more of the upload would delay a close for ever
        exchange.completed([] if body is None else body.trailers)

    def _fail(self, failure: Failure) -> None:
        exchange, self.exchange = self.exchange, None
        self.transport.abort()
        if exchange is not None:
            exchange.failed(failure)
