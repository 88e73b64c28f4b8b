"""The worker's end of the unix socket: takes exchanges as fast as it has room, and talks about sessions."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from shadow.channel import EXCHANGES, LENGTH, SESSIONS
from shadow.exchange import Exchange, unpack
from shadow.receipts import Receipts
from shadow.sessions import Sessions, Tell

_MOST_NEWS = 1024
"""Bytes of a message about a session."""


async def listen(
    path: Path,
    take: Callable[[Exchange, Receipts], None],
    room: Callable[[], Awaitable[None]],
    sessions: Sessions,
    max_message: int,
) -> asyncio.Server:
    """Hand each exchange to `take`, which must not block, as long as there is `room`, with the receipts of
    the data plane that it comes from.

    While there is none nothing is read: the data plane's own queue fills, and it need not even pack what
    would be dropped here. A message that is none, or larger than `max_message` bytes, closes that
    connection; the data plane opens another. The socket is for this user alone.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # CancelledError too: the task ends here anyway, and asyncio before 3.12 reports a cancelled one.
        ends = (asyncio.IncompleteReadError, ConnectionError, ValueError, asyncio.CancelledError)
        with contextlib.suppress(*ends):
            match await reader.readexactly(1):
                case purpose if purpose == EXCHANGES:
                    receipts = Receipts(writer)
                    while True:
                        data = await _message(reader, max_message)
                        await room()
                        take(unpack(data), receipts)
                case purpose if purpose == SESSIONS:
                    await _talk(sessions, reader, writer.write)
        writer.close()

    return await asyncio.start_unix_server(serve, sock=_bind(path))


async def _talk(sessions: Sessions, reader: asyncio.StreamReader, tell: Tell) -> None:
    """Hear which sessions one data plane has under way, of those that it is asked about."""
    sessions.joined(tell)
    try:
        while True:
            sessions.heard(tell, await _message(reader, _MOST_NEWS))
    finally:
        sessions.left(tell)


async def _message(reader: asyncio.StreamReader, most: int) -> bytes:
    length = int.from_bytes(await reader.readexactly(LENGTH))
    if length > most:
        raise ValueError("a message is too long")
    return await reader.readexactly(length)


def _bind(path: Path) -> socket.socket:
    """A socket at this path, in place of one that a dead worker left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    return listener
