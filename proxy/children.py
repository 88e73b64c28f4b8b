"""Child processes with a link to their supervisor. A child that loses its link drains and ends."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from proxy.link import Link, Message
from proxy.native import command

BACKOFF = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a child is started again, by how often it died soon after its start."""
STEADY = 10.0
"""Seconds of life after which a child's death counts as its first."""


class Restarts:
    """How long to wait before a child is started again: the longer, the more often it died young."""

    def __init__(self) -> None:
        self._deaths = 0

    def pause(self, lived: float) -> float:
        """Seconds to wait, given those that it lived."""
        self._deaths = 0 if lived > STEADY else self._deaths + 1
        return BACKOFF[min(self._deaths, len(BACKOFF) - 1)]


def ending(code: int) -> str:
    """How a process ended, in words, by its exit code."""
    if code >= 0:
        return f"ended with {code}"
    known = {number.value: number.name for number in signal.Signals}
    return f"was ended by {known.get(-code, f'signal {-code}')}"


@dataclass(slots=True, eq=False)
class Child:
    """A running child: its process, and the supervisor's end of the link."""

    process: asyncio.subprocess.Process
    link: Link
    version: int = 0
    """Of the snapshot it serves; 0 before its first."""

    @property
    def pid(self) -> int:
        return self.process.pid

    async def follow(self, take: Callable[["Child", Message], None]) -> int:
        """Hand on the child's messages until it ends; returns its exit code."""
        while (message := await self.link.receive()) is not None:
            take(self, message)
        await self.link.close()
        return await self.process.wait()

    async def end(self, patience: float, hurry: asyncio.Event) -> None:
        """Wait so many seconds for the child to end by itself, or until there is a hurry; then kill it."""
        ended, hurried = asyncio.create_task(self.process.wait()), asyncio.create_task(hurry.wait())
        await asyncio.wait({ended, hurried}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await ended


async def spawn(module: str, *descriptors: int) -> Child:
    """Start a module's main() with LINK DESCRIPTOR…: the child inherits these and one end of a link."""
    ours, theirs = socket.socketpair()
    with theirs:
        inherited = (theirs.fileno(), *descriptors)
        process = await asyncio.create_subprocess_exec(
            *command(module),
            *map(str, inherited),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=inherited,
        )
    return Child(process, await Link.open(ours))
