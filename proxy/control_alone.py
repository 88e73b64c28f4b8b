"""The control plane without a data plane beside it, for containers: it follows file and ledger by itself."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from proxy.config.snapshot import Snapshot
from proxy.control.app import control_app
from proxy.flips import intents
from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable, migrate, overrides
from proxy.ledger.migrate import LedgerTooNew
from proxy.link import Fleet
from proxy.rollout.bell import Bell
from proxy.rollout.book import Book
from proxy.rollout.hints import FLIPPED, SERVED, Herald, Listener
from proxy.rollout.ramping import Ramping
from proxy.rollout.view import LedgerView
from proxy.routes_file import Overrides, Reader, findings
from proxy.start import StartError, bound_control, first_snapshot
from proxy.state import State
from proxy.uvicorn_server import control_server

LOOK = 1.0
"""Seconds between two looks into the ledger, for when no hint comes."""
TURN = 0.3
"""Seconds between turning unready and ending, for whoever routes by /readyz to notice."""


def say(text: str) -> None:
    """A line for the operator, from any thread."""
    print(text, file=sys.stderr, flush=True)


class ControlAlone:
    """Runs until SIGTERM or SIGINT. Raises BadLedgerUrl."""

    def __init__(self, reader: Reader, snapshot: Snapshot) -> None:
        self._reader = reader
        self._file = snapshot
        self._state = State(snapshot, alone=True)
        self._book = Book()
        self._ledger = Ledger.open(snapshot.config.ledger)
        self._upgraded = self._ledger.engine.dialect.name != "sqlite"
        self._view = LedgerView()
        self._errors: tuple[str, ...] = ()
        self._loop = asyncio.get_running_loop()
        self._look = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Bind, serve, end. Raises StartError."""
        config = self._file.config
        door = bound_control(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop.set)
        self._loop.add_signal_handler(signal.SIGHUP, self._reader.poke)
        herald, bell = Herald(config.redis, FLIPPED, self._hint), Bell()
        server = control_server(control_app(self._state, herald.announce, bell))
        ramping = Ramping(config.ledger, lambda: self._state.snapshot, herald.announce, say)
        hints = _listeners(config.redis, self._hint, bell) if config.redis else []
        serving = asyncio.create_task(server.serve(sockets=[door]))
        followers = [asyncio.create_task(part) for part in (self._follow_ledger(), self._follow_file())]
        ramping.start()
        for listener in hints:
            listener.start()
        say(f"banyan control: http://{config.control.listen}")
        await self._until_stopped({serving, *followers})
        self._publish(draining=True)
        await asyncio.sleep(TURN)
        server.should_exit = True
        await serving
        for task in followers:
            task.cancel()
        ramping.close()
        for listener in hints:
            listener.close()

    async def _until_stopped(self, parts: set[asyncio.Task[None]]) -> None:
        """A part that ends by itself is a defect, and ends everything with its error."""
        stopped = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for part in done & parts:
            part.result()

    def _hint(self, _: int) -> None:
        """From any thread: look into the ledger now."""
        with suppress(RuntimeError):  # at the end of all there is no loop to tell
            self._loop.call_soon_threadsafe(self._look.set)

    async def _follow_ledger(self) -> None:
        trouble: str | None
        said: str | None = None
        while True:
            try:
                version, rows = await asyncio.to_thread(self._changes)
                self._book.learn(version, rows)
                trouble = None
            except (LedgerUnavailable, LedgerTooNew) as error:
                trouble = str(error)
            if trouble != said:
                said = trouble
                say(trouble or "the ledger is there again")
            self._view = LedgerView(self._book.version, trouble)
            self._publish()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK)
            self._look.clear()

    def _changes(self) -> tuple[int, list[overrides.Override]]:
        if not self._upgraded:
            migrate.upgrade(self._file.config.ledger)
            self._upgraded = True
        return self._ledger.read(lambda found: overrides.changed_since(found, self._book.version))

    async def _follow_file(self) -> None:
        async for loaded in self._reader.changes():
            self._errors = tuple(map(str, loaded.errors))
            if loaded.snapshot is not None:
                self._file = replace(loaded.snapshot, version=self._file.version + 1)
                self._book.follow_file(intents(self._file))
                say(f"routes.yaml is in force as version {self._file.version}")
            for line in findings(loaded):
                say(line)
            self._publish()

    def _publish(self, draining: bool = False) -> None:
        self._state.snapshot = self._file.with_overrides(self._book.in_force())
        self._state.take(Fleet({}, draining, self._errors, self._file.version, self._view))


def _listeners(url: str, hint: Callable[[int], None], bell: Bell) -> list[Listener]:
    """What comes through Redis: that something was flipped, and that a data plane serves by it."""
    return [
        Listener(url, channel, heard, lambda _: None)
        for channel, heard in ((FLIPPED, hint), (SERVED, lambda _: bell.ring()))
    ]


async def run(config: Path, wishes: Overrides) -> None:
    """Start and stay. Raises StartError, with nothing left running, when it cannot start."""
    reader = Reader(config, wishes)
    try:
        await ControlAlone(reader, first_snapshot(reader, say)).run()
    except BadLedgerUrl as error:
        raise StartError(str(error)) from None
