"""Child processes with a link to their supervisor. A child that loses its link drains and ends."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from proxy.link import Link, Message


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

    async def end(self, patience: float) -> None:
        """Wait so many seconds for the child to end by itself, then kill it."""
        try:
            await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


async def spawn(module: str, *descriptors: int) -> Child:
    """Start `python -m MODULE LINK DESCRIPTOR…`; the child inherits the descriptors and one end of a link."""
    ours, theirs = socket.socketpair()
    with theirs:
        inherited = (theirs.fileno(), *descriptors)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *map(str, inherited),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=inherited,
        )
    return Child(process, await Link.open(ours))
