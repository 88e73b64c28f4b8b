"""The shadow worker's process: routes.yaml, upstream transports and ledger, wired into `shadow.worker`."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx
import uvloop

from proxy.app import WHOLE, Backends
from proxy.config.backends import Backend as BackendModel
from proxy.config.shadow import Shadow
from proxy.config.snapshot import Route, Snapshot
from proxy.forward.sweeper import TICK
from proxy.link import Apply, Drain, Link, Report
from proxy.native import command
from proxy.shadow_store import LedgerStore
from proxy.telemetry.metrics import Totals
from proxy.upstream.errors import UpstreamError
from proxy.upstream.failures import Failure
from proxy.upstream.transport import BackendTransport
from shadow.compare import Policy
from shadow.comparing import Comparing, collect_seldom
from shadow.difflog import DiffLog, LogTaken
from shadow.noise import Noise
from shadow.plan import Plan, Rules, Upstream
from shadow.recorder import Recorder, StoreDown
from shadow.redact import Redactor
from shadow.replay import Resting
from shadow.worker import Bounds, Worker

REPORT_EVERY = 1.0
"""Seconds between two reports of what was counted."""
KEY_EVERY = 2.0
"""Seconds between two tries to learn the key of redaction from a ledger that was down at the start."""
_REST = frozenset({Failure.BREAKER_OPEN, Failure.BULKHEAD})


class ShadowTransport(httpx.AsyncBaseTransport):
    """A backend's transport in the worker's terms: a backend that rests is no failure of the request."""

    def __init__(self, inner: BackendTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._inner.handle_async_request(request)
        except httpx.TransportError as error:
            if isinstance(error.__cause__, UpstreamError) and error.__cause__.failure in _REST:
                raise Resting from error
            raise


class ShadowProcess:
    """The worker over the snapshot in force, with its backends, log and ledger."""

    def __init__(
        self, snapshot: Snapshot, loop: asyncio.AbstractEventLoop, store: LedgerStore, key: bytes | None
    ) -> None:
        config = snapshot.config.shadow
        self.snapshot = snapshot
        self._socket = Path(config.socket)
        self._loop = loop
        self._backends = Backends(loop, checked=False)
        self._store = store
        self._agreed = key is not None
        self._key = key or secrets.token_bytes(32)
        self._log = DiffLog(Path(config.log.path), config.log.rotate, config.log.keep)
        noise = Noise()
        self._recorder = Recorder(self._log, self._store, noise, config.groups.samples, loop.time)
        bounds = Bounds(config.queue.exchanges, config.queue.bytes, config.concurrency)
        comparing = Comparing(command=command("shadow.comparing"))
        self._worker = Worker(
            self._plan(snapshot), bounds, self._recorder, noise, _verdicts(snapshot), comparing
        )

    @classmethod
    async def open(cls, snapshot: Snapshot) -> Self:
        """Over the snapshot's ledger, or for the time being without it.

        Until it answers, equal secrets look equal to this process alone.
        """
        groups = snapshot.config.shadow.groups
        store = LedgerStore(snapshot.config.ledger, groups.samples, groups.keep)
        key: bytes | None = None
        with contextlib.suppress(StoreDown):
            key = await asyncio.to_thread(store.redaction_key)
        return cls(snapshot, asyncio.get_running_loop(), store, key)

    def apply(self, snapshot: Snapshot) -> None:
        """Put a snapshot in force; socket, queue and log stay as they were at the start."""
        self.snapshot = snapshot
        self._worker.plan = self._plan(snapshot)
        self._worker.verdicts = _verdicts(snapshot)

    async def run(self) -> None:
        """Work until cancelled."""
        beside = [asyncio.create_task(part) for part in (self._sweep(), self._agree())]
        try:
            await self._worker.run(self._socket)
        finally:
            for task in beside:
                task.cancel()

    async def close(self) -> None:
        """Write what is left, and let go of everything."""
        await self._recorder.flush()
        self._log.close()
        self._store.close()
        self._backends.close()

    def take_totals(self) -> Totals:
        """What was counted since the last call: `shadow_…` counters, labelled `ROUTE REASON`.

        Whoever calls has it from now on: the data planes are told that they need not count it.
        """
        totals = Totals()
        counts, lost = self._worker.counts, self._recorder.lost
        for (what, route, label), amount in counts.items():
            totals.count(f"shadow_{what}", f"{route} {label}", amount)
        for what, amount in lost.items():
            totals.count("shadow_lost", f"- {what}", amount)
        counts.clear()
        lost.clear()
        self._worker.tell()
        return totals

    async def _agree(self) -> None:
        """Redact with the key that all workers have, as soon as the ledger says it."""
        while not self._agreed:
            await asyncio.sleep(KEY_EVERY)
            with contextlib.suppress(StoreDown):
                self._key = await asyncio.to_thread(self._store.redaction_key)
                self._agreed = True
                self.apply(self.snapshot)

    async def _sweep(self) -> None:
        """Time out what the backends have under way."""
        while True:
            await asyncio.sleep(TICK)
            for backend in self._backends.live:
                backend.sweep(self._loop.time())

    def _plan(self, snapshot: Snapshot) -> Plan:
        models = snapshot.config.backends
        backends = self._backends.follow(models)
        upstreams = {
            name: Upstream(ShadowTransport(BackendTransport(backend)), models[name].dialect == "php")
            for name, backend in backends.items()
        }
        rules = {
            name: rules_of(route, models, self._key)
            for name, route in snapshot.routes.items()
            if route.modern is not None
        }
        return Plan(rules, upstreams)


def rules_of(route: Route, models: Mapping[str, BackendModel], key: bytes) -> Rules:
    """What routes.yaml says of comparing one route."""
    shadow = route.spec.shadow or Shadow()
    php = any(models[name].dialect == "php" for name in (route.legacy, route.modern) if name is not None)
    return Rules(
        policy=Policy.compile(shadow.compare.model_dump(mode="json", exclude_unset=True), php=php),
        redactor=Redactor(key, shadow.redact.paths, shadow.redact.mode == "strict"),
        timeout=shadow.timeout,
        max_body=shadow.max_body,
        noise_sample=shadow.noise.sample / WHOLE,
    )


def _verdicts(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(snapshot.config.shadow.log.verdicts)


async def _main(link_descriptor: int) -> None:
    """What the supervisor started: work until it says drain, or is gone."""
    link = await Link.open(socket.socket(fileno=link_descriptor))
    first = await link.receive()
    if not isinstance(first, Apply):
        return
    try:
        process = await ShadowProcess.open(first.snapshot)
    except (OSError, LogTaken) as error:
        sys.exit(f"the shadow worker cannot start: {error}")
    working = asyncio.create_task(process.run())
    reporting = asyncio.create_task(_report(link, process))
    following = asyncio.create_task(_follow(link, process))
    await asyncio.wait({working, following}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, reporting, following):
        task.cancel()
    await process.close()
    link.send(Report(os.getpid(), process.take_totals(), None))
    await link.close()
    for task in (working, following):
        if task.done() and not task.cancelled():
            task.result()


async def _follow(link: Link, process: ShadowProcess) -> None:
    """Do what the supervisor says; without one there is nobody to restart us, so end."""
    while not isinstance(message := await link.receive(), Drain | None):
        if isinstance(message, Apply):
            process.apply(message.snapshot)


async def _report(link: Link, process: ShadowProcess) -> None:
    while True:
        await asyncio.sleep(REPORT_EVERY)
        link.send(Report(os.getpid(), process.take_totals(), None))


def main() -> None:
    """What the supervisor starts, with one descriptor: the link."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # they reach the whole group; the supervisor decides
    os.nice(10)  # whoever serves clients comes first
    collect_seldom()
    uvloop.run(_main(int(sys.argv[1])))


if __name__ == "__main__":
    main()
