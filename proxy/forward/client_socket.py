"""The socket's side of a client's connection: how long it may wait, whether anybody reads, how it ends."""

import asyncio
import socket
import struct
from typing import Final, cast

from proxy.forward.gateway import Gateway
from proxy.forward.liveness import has_reset, untaken

NEVER: Final = float("inf")
LINGER: Final = 2.0
"""Seconds that a closing connection is still read: a reset could eat the answer (RFC 9112 §9.6)."""
HALF_CLOSED_GRACE: Final = 0.8
"""Seconds a client that closed its sending side may wait for a next byte before it counts as gone."""
LARGE: Final = 32 * 1024
"""Bytes from which on copying a piece behind the others costs more than writing several pieces at once."""
WATCH: Final = 0.4
"""Seconds between two looks at whether a client that is not read from has left."""


class ClientSocket(asyncio.Protocol):
    """Writes, pauses and closes. `expires` is the loop time at which the present phase times out."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self.gateway = gateway
        self.loop = loop
        self.transport: asyncio.Transport
        self.expires = NEVER
        self._half_closed = False
        self._discarding = False
        self._reading_paused = False
        self._writing_paused = False
        self._watched = False
        self._untaken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's do not inherit from asyncio's

    def write(self, data: bytes) -> None:
        self.transport.write(data)
        if self._half_closed:
            self._await_taking()

    def write_pieces(self, pieces: list[bytes]) -> None:
        """Write all of them by one call of the kernel's."""
        if len(pieces[-1]) < LARGE:
            self.write(b"".join(pieces))
            return
        self.transport.writelines(pieces)
        if self._half_closed:
            self._await_taking()

    def _await_taking(self) -> None:
        """A half-closed client that has taken all so far waits for what is next, and not for long."""
        if not self._writing_paused:
            self.expires = self.loop.time() + HALF_CLOSED_GRACE

    # -- reading, and whether the client is still there

    def _resume_reading(self) -> bool:
        """Whether reading had been paused, and goes on now."""
        if not self._reading_paused or self.transport.is_closing():
            return False
        self._reading_paused = False
        self.transport.resume_reading()
        return True

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self.transport.is_closing():
            self._reading_paused = True
            self.transport.pause_reading()
            if not self._watched:
                self._watch()

    def _watch(self) -> None:
        """Look again and again, while nothing is read, whether the client has left."""
        self._watched = self._reading_paused and not self.transport.is_closing()
        if self._watched and has_reset(self.transport):
            self.transport.abort()
        elif self._watched:
            self.loop.call_later(WATCH, self._watch)

    def _note_untaken(self) -> None:
        if not self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._untaken = untaken(self.transport)

    def _reads_on(self) -> bool:
        """Whether a client that is slow to read has taken something since the last look."""
        before = self._untaken
        if before and not self.transport.is_closing():
            self._untaken = untaken(self.transport)
        return self._untaken < before

    # -- the end

    def _cut(self, reset: bool) -> None:
        """Close at once; with a `reset`, where only the end of the connection would end the response."""
        self._discarding = True
        self.expires = self.loop.time() + LINGER
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        else:
            self.transport.close()

    def _close_politely(self) -> None:
        """Close our side and read on for a moment: what the client still sends must not reset the answer."""
        self._discarding = True
        if self._half_closed or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self._note_untaken()
        self.expires = self.loop.time() + (self.gateway.limits.body_idle if self._untaken else LINGER)
        self._resume_reading()
