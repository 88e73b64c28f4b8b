"""Messages between the supervisor and its children, over a socket pair that only they hold.

Pickle is safe here and nowhere else: both ends are this program, and nobody else can open the socket.
"""

import asyncio
import contextlib
import gc
import pickle
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from proxy.config.snapshot import Override, Snapshot
from proxy.outcome import Outcome
from proxy.rollout.view import LedgerView
from proxy.telemetry.metrics import Totals

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Apply:
    """Put this snapshot in force. Goes to every child; a worker answers with `Applied`."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Flip:
    """How an `Apply` travels whose file is there already: as the overrides alone."""

    version: int
    overrides: Mapping[str, Override]


@dataclass(frozen=True, slots=True)
class Applied:
    """A worker serves the snapshot of this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Finish what is under way, take nothing new, then end."""


@dataclass(frozen=True, slots=True)
class Look:
    """Something changed in the ledger: look now. From the control plane to its supervisor."""

    version: int = 0
    """What the ledger is at; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """A worker at this moment; `open_breakers` and `unhealthy` name endpoints as `backend@host:port`."""

    connections: int
    in_flight: int
    open_breakers: tuple[str, ...]
    unhealthy: tuple[str, ...]
    overloaded: bool
    tasks: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker counted since its last report; without gauges, what others counted before.

    `sampled` are the requests that are to get a span; it is the supervisor who exports them.
    """

    worker: int
    totals: Totals
    gauges: Gauges | None
    sampled: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True)
class Fleet:
    """The supervisor's view, for whoever answers health checks."""

    workers: dict[int, int]
    """Version that each live worker serves, by pid; 0 before its first."""
    draining: bool
    config_errors: tuple[str, ...]
    version: int
    ledger: LedgerView
    last_death: str | None = None
    """How the last worker that ended did so, in words; None where none did."""


Message = Apply | Applied | Drain | Look | Report | Fleet


def _unpickled(data: bytes) -> Message | Flip:
    """Load without collecting garbage: a snapshot of many routes is all new objects, none of it garbage."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        message: Message | Flip = pickle.loads(data)
    finally:
        if collecting:
            gc.enable()
    return message


class Link:
    """One end of the pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sent: Snapshot | None = None
        self._received: Snapshot | None = None

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        end.setblocking(False)
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Queue a message; a peer that is gone is noticed by `receive`."""
        data = pickle.dumps(self._shortened(message), pickle.HIGHEST_PROTOCOL)
        if not self._writer.is_closing():
            self._writer.write(_LENGTH.pack(len(data)) + data)

    async def receive(self) -> Message | None:
        """The next message; None when the peer is gone."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            message = _unpickled(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return self._restored(message)

    def _shortened(self, message: Message) -> Message | Flip:
        if not isinstance(message, Apply):
            return message
        before, self._sent = self._sent, message.snapshot
        if before is None or before.table is not message.snapshot.table:
            return message
        return Flip(message.snapshot.version, message.snapshot.overrides())

    def _restored(self, message: Message | Flip) -> Message:
        if isinstance(message, Flip):
            assert self._received is not None  # the file came first
            flipped = self._received.with_overrides(message.overrides)
            message = Apply(replace(flipped, version=message.version))
        if isinstance(message, Apply):
            self._received = message.snapshot
        return message

    async def close(self) -> None:
        """Flush what was sent, then close."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
