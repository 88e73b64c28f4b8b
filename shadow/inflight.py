"""PHP sessions with clients' requests under way, as a data plane knows them, and the worker asks for them.

PHP's file sessions are locked: a mirrored request that holds a client's session would make that client's next
request wait. So the worker asks about a session before it uses it, and hears of it as long as it wants to.
"""

import re
from pathlib import Path

from shadow.channel import LENGTH, SESSIONS, Caller

_SESSION = re.compile(rb"(?:^|;)\s*PHPSESSID=([^;]*)")
_LONGEST = 256
"""Bytes of a session's id, at most (PHP's session.sid_length)."""

WATCH = b"W"
"""From the worker: say now whether this session has requests under way, and whenever that changes."""
FORGET = b"F"
"""From the worker: say no more of it."""
BUSY = b"B"
IDLE = b"I"
"""The answers."""


def session_in(cookies: bytes) -> bytes | None:
    """The PHPSESSID of a Cookie field; of several the first, as PHP has it."""
    found = _SESSION.search(cookies) if b"PHPSESSID" in cookies else None
    return found[1].strip()[:_LONGEST] or None if found else None


def message(kind: bytes, session: bytes) -> bytes:
    """One message about a session, with its length in front."""
    return (1 + len(session)).to_bytes(LENGTH) + kind + session


class InFlight(Caller):
    """Counts requests by session. Told of each request that has one, so it does as little as it can."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SESSIONS)
        self._requests: dict[bytes, int] = {}
        self._watched: set[bytes] = set()
        self._received = b""

    def began(self, session: bytes) -> None:
        """A client's request of this session is about to be sent to a backend."""
        others = self._requests.get(session, 0)
        self._requests[session] = others + 1
        if not others and session in self._watched:
            self._tell(session)

    def ended(self, session: bytes) -> None:
        """It was answered, or given up."""
        others = self._requests[session] - 1
        if others:
            self._requests[session] = others
            return
        del self._requests[session]
        if session in self._watched:
            self._tell(session)

    def _tell(self, session: bytes) -> None:
        """A worker that does not read hears how things stand once it reads again."""
        if self._transport is not None and not self._blocked:
            self._transport.write(message(BUSY if session in self._requests else IDLE, session))

    # -- asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        data, self._received = self._received + data, b""
        while len(data) >= LENGTH and len(data) >= (end := LENGTH + int.from_bytes(data[:LENGTH])):
            self._do(data[LENGTH : LENGTH + 1], data[LENGTH + 1 : end])
            data = data[end:]
        self._received = data

    def _do(self, kind: bytes, session: bytes) -> None:
        if kind == WATCH:
            self._watched.add(session)
            self._tell(session)
        elif kind == FORGET:
            self._watched.discard(session)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._watched.clear()
        self._received = b""

    def resume_writing(self) -> None:
        super().resume_writing()
        for session in self._watched:
            self._tell(session)
