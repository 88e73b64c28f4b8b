"""What the proxy's worker holds over time, and whether that grows."""

import re
import statistics
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import procfs
from bench.stats import slope

TASKS = re.compile(r"(?m)^banyan_tasks(?:\{[^}]*\})? ([0-9.e+]+)$")


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at the worker: seconds since the start, resident MiB, descriptors, sockets, tasks."""

    at: float
    rss: float
    files: int
    sockets: int
    tasks: int | None


def look(pid: int, control: int, at: float) -> Vitals:
    return Vitals(
        at, procfs.rss_bytes(pid) / 2**20, procfs.open_files(pid), procfs.open_sockets(pid), tasks(control)
    )


def tasks(control: int) -> int | None:
    """The number of asyncio tasks that the control plane tells of in its metrics; None when it does not."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{control}/metrics", timeout=5) as answer:
            found = TASKS.findall(answer.read().decode())
    except OSError:
        return None
    return round(sum(map(float, found))) if found else None


def growth(series: Sequence[Vitals], of: Callable[[Vitals], float]) -> float:
    """By how much the last third's median is above the middle third's. The first third is for warming up."""
    third = len(series) // 3
    if third == 0:
        return 0.0
    middle, last = series[third : 2 * third], series[-third:]
    return statistics.median(map(of, last)) - statistics.median(map(of, middle))


def per_hour(series: Sequence[Vitals], of: Callable[[Vitals], float]) -> float:
    """The trend of the last two thirds, in units an hour."""
    later = series[len(series) // 3 :]
    if len(later) < 2:
        return 0.0
    step = (later[-1].at - later[0].at) / (len(later) - 1)
    return slope([of(each) for each in later]) / step * 3600
