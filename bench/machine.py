"""The machine the figures come from: its cores, its limits, its versions."""

import os
import platform
import resource
import socket
from dataclasses import dataclass
from pathlib import Path

from bench.children import BenchError


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where. On a machine with more than two cores the others are left alone, but for `workers`."""

    proxy: int
    load: int
    all: tuple[int, ...]


def cores() -> Cores:
    """The first core this process may use is the proxy's, the second the load's and the origin's."""
    allowed = tuple(sorted(os.sched_getaffinity(0)))
    if len(allowed) < 2:
        raise BenchError("the bench needs two cores: one for the proxy, one for the load and the origin")
    return Cores(allowed[0], allowed[1], allowed)


def raise_file_limit() -> int:
    """Lifts this process's and its children's limit of open files as far as allowed; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def describe() -> dict[str, str | int]:
    """What a reader needs to know to compare figures."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": Path("/proc/loadavg").read_text().split()[0],
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
