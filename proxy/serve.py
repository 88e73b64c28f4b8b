"""The supervisor: keeps the children running, follows routes.yaml, drains on SIGTERM."""

import asyncio
import contextlib
import signal
import sys
from dataclasses import replace
from pathlib import Path

from proxy.children import Child, Restarts, ending, spawn
from proxy.config.snapshot import Snapshot
from proxy.control.health import status_app
from proxy.ledger import BadLedgerUrl
from proxy.link import Applied, Apply, Drain, Fleet, Look, Message, Report
from proxy.rollout.feed import PATIENCE, Feed, moves
from proxy.routes_file import Overrides, Reader, findings
from proxy.start import Parts, StartError, address_of, bound_parts, first_snapshot
from proxy.state import State
from proxy.telemetry.collector import Collector
from proxy.uvicorn_server import control_server

TURN = 0.3
"""Seconds between turning unready and draining, for whoever routes by /readyz to notice."""
MARGIN = 3.0
"""Seconds beyond `timeouts.drain` before a worker that does not end is killed."""
ONE_WISH = 1.0
"""Seconds within which several signals are one: a terminal and what runs in it may both pass on a Ctrl-C."""

WORKER = "proxy.worker"
CONTROL = "proxy.control.process"
SHADOW = "proxy.shadow_process"
NAMES = {WORKER: "worker", CONTROL: "control plane", SHADOW: "shadow worker"}


def say(text: str) -> None:
    """A line for the operator; standard output belongs to the access log."""
    print(text, file=sys.stderr, flush=True)


class Supervisor:
    """Runs the parts of one machine until SIGTERM or SIGINT."""

    def __init__(self, parts: Parts, reader: Reader, snapshot: Snapshot) -> None:
        self.state = State(snapshot)
        self._parts = parts
        self._reader = reader
        self._snapshot = snapshot
        self._feed = Feed(snapshot.config, address_of(parts.listener), self._follow_ledger)
        self._workers: set[Child] = set()
        self._control: Child | None = None
        self._shadow: Child | None = None
        self._mirrors = asyncio.Event()
        self._errors: tuple[str, ...] = ()
        self._trouble: str | None = None
        self._draining = False
        self._stop = asyncio.Event()
        self._first_death: int | None = None
        self._last_death: str | None = None
        self._asked: float | None = None
        self._hurry = asyncio.Event()
        self._all_ready = asyncio.Event()
        self._collector = Collector(snapshot.config.server.tracing.endpoint)
        self._note_mirrors()

    async def run(self) -> None:
        """Start everything, stay, drain. Raises StartError when a part does not come up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reader.poke)
        keepers = [self._keep(WORKER, self._parts.listener.fileno()) for _ in range(self._parts.workers)]
        if self._parts.control is not None:
            keepers.append(self._keep(CONTROL, self._parts.control.fileno()))
            keepers.append(self._keep_shadow())
        status = control_server(status_app(self.state))
        if self._parts.status is not None:
            keepers.append(status.serve(sockets=[self._parts.status]))
        followers = [self._follow_file(), self._feed.run(self._snapshot)]
        tasks = [asyncio.create_task(part) for part in [*keepers, *followers]]
        try:
            await _first_of(self._all_ready, tasks)
            self._greet()
            await _first_of(self._stop, tasks)
        finally:
            await self._drain()
            status.should_exit = True
            if self._parts.status is not None:
                await tasks[len(keepers) - 1]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._collector.close()

    def _ask_to_stop(self) -> None:
        """A signal. Whoever asks again after a while does not want to wait for what is under way."""
        now = asyncio.get_running_loop().time()
        if self._asked is not None and now - self._asked > ONE_WISH and not self._hurry.is_set():
            say("asked to end again: what is under way is cut off")
            self._hurry.set()
        self._asked = self._asked or now
        self._stop.set()
        self._all_ready.set()

    # -- children

    async def _keep(self, module: str, *listener: int) -> None:
        """Keep one child of this kind running; one that dies again and again is started ever more slowly."""
        restarts, loop = Restarts(), asyncio.get_running_loop()
        while not self._draining:
            born = loop.time()
            child = await spawn(module, *listener)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._feed.known.wait(), PATIENCE)
            self._welcome(module, child)
            code = await child.follow(self._take)
            pause = restarts.pause(loop.time() - born)
            self._farewell(module, child, code, pause)
            await asyncio.sleep(pause)

    async def _keep_shadow(self) -> None:
        """The shadow worker runs from when some route is mirrored."""
        await self._mirrors.wait()
        await self._keep(SHADOW)

    def _welcome(self, module: str, child: Child) -> None:
        child.link.send(Apply(self._snapshot))
        if module == WORKER:
            self._workers.add(child)
        elif module == SHADOW:
            self._shadow = child
        else:
            self._control = child
            child.link.send(Report(0, self.state.totals, None))
        self._publish()

    def _farewell(self, module: str, child: Child, code: int, pause: float) -> None:
        if module == WORKER:
            self._workers.discard(child)
        elif module == SHADOW:
            self._shadow = None
        else:
            self._control = None
        if not self._draining:
            when = f"in {pause:g} s" if pause else "now"
            say(f"the {NAMES[module]} {child.pid} {ending(code)}; another is started {when}")
            if module == WORKER:
                self._last_death = f"the last worker {ending(code)}; another is started {when}"
            if module != SHADOW and not self._all_ready.is_set():  # clients can be served without a shadow
                self._first_death = code
                self._all_ready.set()
        self._publish()

    def _take(self, child: Child, message: Message) -> None:
        match message:
            case Applied():
                child.version = message.version
                self._publish()
            case Look():
                self._feed.look(message.version)
            case Report():
                self.state.take(message)
                self._feed.count(message.totals)
                self._collector.export(message.sampled)
                self._tell_control(replace(message, sampled=()))
            case _:
                pass

    def _publish(self) -> None:
        """Tell whoever answers health checks how the workers are."""
        workers = {child.pid: child.version for child in self._workers}
        fleet = Fleet(
            workers,
            self._draining,
            self._errors,
            self._snapshot.version,
            self._feed.view,
            self._last_death,
        )
        self.state.take(fleet)
        self._tell_control(fleet)
        if sum(version > 0 for version in workers.values()) >= self._parts.workers:
            self._all_ready.set()
        serving = [version for version in workers.values() if version > 0]
        if serving and min(serving) == self._snapshot.version:
            self._feed.confirm()

    def _tell_control(self, message: Message) -> None:
        if self._control is not None:
            self._control.link.send(message)

    def _greet(self) -> None:
        if self._first_death is not None:
            code = self._first_death
            raise StartError(f"a part {ending(code)} at its start; its own words are above")
        if not self._stop.is_set():
            say(self._parts.greeting)

    # -- the file

    def _note_mirrors(self) -> None:
        if self._snapshot.mirrors:
            self._mirrors.set()

    async def _follow_file(self) -> None:
        async for loaded in self._reader.changes():
            self._errors = tuple(str(error) for error in loaded.errors)
            if loaded.snapshot is not None:
                self._feed.follow_file(loaded.snapshot)
                self._put_in_force(loaded.snapshot)
                say(f"routes.yaml is in force as version {self._snapshot.version}")
            for line in findings(loaded):
                say(line)
            self._publish()

    def _follow_ledger(self) -> None:
        """Something was flipped; or the ledger is away, or back."""
        before = self._snapshot
        if self._feed.over(before) is not before:
            self._put_in_force(before)
            for line in moves(before, self._snapshot):
                say(line)
        if (trouble := self._feed.view.trouble) != self._trouble:
            self._trouble = trouble
            say(trouble or "the ledger is there again")
        self._publish()

    def _put_in_force(self, snapshot: Snapshot) -> None:
        """Serve by a file, and by the overrides in force."""
        version = self._snapshot.version + 1
        self._snapshot = self._feed.over(replace(snapshot, version=version))
        apply = Apply(self._snapshot)
        self.state.take(apply)
        for child in [*self._workers, *([self._shadow] if self._shadow else [])]:
            child.link.send(apply)
        self._tell_control(apply)
        self._note_mirrors()

    # -- the end

    async def _drain(self) -> None:
        """Turn unready, let what is under way finish, end."""
        self._draining = True
        self._publish()
        await asyncio.sleep(TURN if self._first_death is None else 0)
        patience = self._snapshot.config.server.timeouts.drain + MARGIN
        workers = list(self._workers)
        for child in workers:
            child.link.send(Drain())
        self._parts.listener.close()  # or the kernel would go on accepting for nobody
        await asyncio.gather(*(child.end(patience, self._hurry) for child in workers))
        for child in filter(None, (self._shadow, self._control)):
            child.link.send(Drain())
            await child.end(MARGIN, self._hurry)


async def _first_of(event: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the event; a task that fails meanwhile is a defect, and ends everything with its error."""
    waiting = asyncio.create_task(event.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


async def run(config: Path, overrides: Overrides, with_control: bool) -> None:
    """Start and stay. Raises StartError, with nothing left running, when it cannot start."""
    reader = Reader(config, overrides)
    snapshot = first_snapshot(reader, say)
    try:
        supervisor = Supervisor(bound_parts(snapshot.config, with_control), reader, snapshot)
    except BadLedgerUrl as error:
        raise StartError(str(error)) from None
    await supervisor.run()
