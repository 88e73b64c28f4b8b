"""A proxy that is running and can be measured."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import procfs
from bench.children import BenchError, Child, running, wait_until
from bench.machine import Cores, free_port
from bench.origin import answers, check_transparent
from bench.peers.base import Peer, Site


@dataclass(frozen=True, slots=True)
class Target:
    """What is measured: its key and name, its port, its process; `child` is None for the origin itself."""

    key: str
    title: str
    port: int
    child: Child | None = None

    def cpu_seconds(self) -> float:
        return procfs.cpu_seconds(self.child.pid) if self.child else 0.0

    def processes(self) -> list[int]:
        return [stat.pid for stat in procfs.tree(self.child.pid)] if self.child else []

    def rss(self) -> tuple[int, int]:
        """Bytes resident in all its processes together, and in the one that serves clients."""
        if not self.child:
            return 0, 0
        return sum(map(procfs.rss_bytes, self.processes())), procfs.rss_bytes(self.worker())

    def worker(self) -> int:
        """The pid of the process that serves a client's connection: a worker, never a supervisor."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.settimeout(60)  # the slowest still works off what it was sent
            connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
            connection.recv(1)  # whoever answers has accepted it
            found = procfs.holder(self.processes(), self.port, connection.getsockname()[1])
        if found is None:
            raise BenchError(f"no process of {self.title} seems to serve its connections")
        return found


@contextlib.contextmanager
def started(
    peer: Peer, folder: Path, origin: int, cores: list[int], ready: Callable[[int], bool] = answers
) -> Iterator[Target]:
    """Runs a proxy in front of the origin's port until the block ends."""
    home = folder / peer.key
    home.mkdir(parents=True)
    port = free_port()
    command = peer.command(Site(home, port, origin))
    log = home / "log"
    with running(peer.title, command.argv, cores=cores, log=log, cwd=home, env=command.env) as child:
        wait_until(lambda: ready(port), child)
        yield Target(peer.key, peer.title, port, child)


@contextlib.contextmanager
def all_started(peers: list[Peer], folder: Path, origin: int, cores: Cores) -> Iterator[list[Target]]:
    """Runs several proxies at once on the proxy's core, each checked first; an idle one costs nothing."""
    with contextlib.ExitStack() as stack:
        targets = []
        for peer in peers:
            target = stack.enter_context(started(peer, folder, origin, [cores.proxy]))
            check_transparent(target.port, peer.title)
            targets.append(target)
        yield targets
