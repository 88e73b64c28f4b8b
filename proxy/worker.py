"""A data-plane process: uvicorn on the shared socket, the gateway, and a link to the supervisor."""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys

import uvloop

from proxy.app import DataPlaneProcess
from proxy.config.snapshot import Snapshot
from proxy.link import Applied, Apply, Drain, Link, Report
from proxy.uvicorn_server import Server

REPORT_EVERY = 1.0
"""Seconds between two reports of what was counted."""

COLLECT_AFTER = 10_000
"""Objects beyond those freed, after which the collector looks for rings. Requests leave none, but those under
way at the same time would be walked through again and again, as they are more than the usual 700."""


class Worker:
    """Serves until the supervisor says drain, or is gone."""

    def __init__(self, link: Link, listener: socket.socket) -> None:
        self._link = link
        self._listener = listener

    async def run(self) -> None:
        first = await self._link.receive()
        if not isinstance(first, Apply):
            return
        plane = DataPlaneProcess(first.snapshot, asyncio.get_running_loop())
        server = Server(plane.uvicorn_config())
        plane.start(server.server_state)
        self._link.send(Applied(first.snapshot.version))
        tasks = [
            asyncio.create_task(self._follow(plane, server)),
            asyncio.create_task(self._report(plane)),
        ]
        gc.collect()
        gc.freeze()  # what is loaded by now stays; no collection need walk it again
        gc.set_threshold(COLLECT_AFTER)
        try:
            await server.serve(sockets=[self._listener])
        finally:
            for task in tasks:
                task.cancel()
            await plane.close()
            self._send_report(plane)
            await self._link.close()

    async def _follow(self, plane: DataPlaneProcess, server: Server) -> None:
        """Do what the supervisor says; without one there is nobody to restart us, so drain and end."""
        while True:
            message = await self._link.receive()
            if isinstance(message, Apply):
                self._apply(plane, message.snapshot)
            elif message is None or isinstance(message, Drain):
                server.should_exit = True
                return

    def _apply(self, plane: DataPlaneProcess, snapshot: Snapshot) -> None:
        """What cannot be put in force must not make this worker deaf to what comes next."""
        try:
            plane.apply(snapshot)
        except OSError as error:  # a certificate that went away since the supervisor tried it
            text = f"worker {os.getpid()} cannot put version {snapshot.version} in force: {error}"
            print(text, file=sys.stderr, flush=True)
        else:
            self._link.send(Applied(snapshot.version))

    async def _report(self, plane: DataPlaneProcess) -> None:
        while True:
            await asyncio.sleep(REPORT_EVERY)
            self._send_report(plane)

    def _send_report(self, plane: DataPlaneProcess) -> None:
        self._link.send(Report(os.getpid(), plane.take_totals(), plane.gauges(), plane.take_sampled()))


async def _main(link: int, listener: int) -> None:
    await Worker(await Link.open(socket.socket(fileno=link)), socket.socket(fileno=listener)).run()


def _take_all_descriptors() -> None:
    """As many as may be had. The soft limit protects programs that use select(2), which this one does not."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """What the supervisor starts, with two descriptors: the link, the listening socket."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # they reach the whole group; the supervisor decides
    _take_all_descriptors()
    link, listener = map(int, sys.argv[1:3])
    uvloop.run(_main(link, listener))


if __name__ == "__main__":
    main()
