"""The shadow worker without a supervisor, for containers: it follows routes.yaml by itself."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from proxy.config.addresses import Address
from proxy.control.health import status_app
from proxy.link import Report
from proxy.routes_file import Overrides, Reader, findings
from proxy.shadow_process import REPORT_EVERY, ShadowProcess
from proxy.shadow_samples import ShadowSamples
from proxy.start import StartError, first_snapshot
from proxy.state import State
from proxy.uvicorn_server import control_server
from shadow.comparing import collect_seldom
from shadow.difflog import LogTaken


def say(text: str) -> None:
    """A line for the operator."""
    print(text, file=sys.stderr, flush=True)


async def run(config: Path, overrides: Overrides, status: Address | None) -> None:
    """Work until SIGTERM or SIGINT; `status` answers /healthz and /metrics. Raises StartError."""
    reader = Reader(config, overrides)
    snapshot = first_snapshot(reader, say)
    try:
        process = await ShadowProcess.open(snapshot)
    except (OSError, LogTaken) as error:
        raise StartError(f"the shadow worker cannot start: {error}") from error
    collect_seldom()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reader.poke)
    state = State(snapshot, alone=True)
    samples = ShadowSamples(
        snapshot.config.ledger, f"{socket.gethostname()}#{os.getpid()}-{time.time_ns():x}"
    )
    async with _answering(status, state):
        works = (
            process.run(),
            _follow(reader, process),
            _count(state, samples, process),
            samples.run(lambda: process.snapshot),
        )
        parts = {asyncio.create_task(work) for work in works}
        waiting = asyncio.create_task(stop.wait())
        say(f"banyan shadow: listening on {snapshot.config.shadow.socket}")
        done, _ = await asyncio.wait({waiting, *parts}, return_when=asyncio.FIRST_COMPLETED)
        for task in {waiting, *parts} - done:
            task.cancel()
        await process.close()
        samples.count(process.take_totals())
        await asyncio.to_thread(samples.write, process.snapshot)
        samples.close()
    for task in done:
        task.result()


async def _follow(reader: Reader, process: ShadowProcess) -> None:
    async for loaded in reader.changes():
        if loaded.snapshot is not None:
            process.apply(loaded.snapshot)
        for line in findings(loaded):
            say(line)


@contextlib.asynccontextmanager
async def _answering(status: Address | None, state: State) -> AsyncIterator[None]:
    """Health and figures at this address, if there is one."""
    if status is None:
        yield
        return
    try:
        listener = socket.create_server((status.host, status.port))
    except OSError as error:
        raise StartError(f"cannot listen on {status} for health checks: {error.strerror}") from error
    server = control_server(status_app(state))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _count(state: State, samples: ShadowSamples, process: ShadowProcess) -> None:
    while True:
        await asyncio.sleep(REPORT_EVERY)
        totals = process.take_totals()
        samples.count(totals)
        state.take(Report(0, totals, None))
