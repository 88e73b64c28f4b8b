"""Open-loop load by h2load: requests leave at a fixed rate, whether or not the answers keep up.

Closed-loop figures flatter a proxy that stalls: while it stalls nothing is sent, and nothing is late. Here
the rate is spread over many connections, so that each has time for its answer before its next request is
due. When one has not, the request leaves late, which shows as a rate under the one asked for.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.children import BenchError
from bench.stats import percentile

CONNECTIONS = 64
PERIODS = range(5, 16)  # candidates for the time between two connections' starts, in ms


@dataclass(frozen=True, slots=True)
class Paced:
    """What h2load saw: requests/s asked for and done, latencies in µs, failures."""

    wanted: float
    rate: float
    p50: float
    p99: float
    failed: int


def available() -> bool:
    return shutil.which("h2load") is not None


def stagger(interval: float) -> int:
    """The time between two connections' starts, in ms, that spreads their requests most evenly.

    Each connection sends every `interval` ms from its start on. If their starts lay multiples of the interval
    apart, all would send at once, and the figures would tell of the bursts.
    """

    def narrowest(period: int) -> float:
        phases = sorted(period * k % interval for k in range(CONNECTIONS))
        following = [*phases[1:], phases[0] + interval]
        return min(later - phase for phase, later in zip(phases, following, strict=True))

    return max(PERIODS, key=narrowest)


def run(port: int, path: str, rate: float, seconds: int, core: int, log: Path) -> Paced:
    """Sends `rate` requests a second for so many seconds, pinned to one core. h2load writes to `log`."""
    period = stagger(CONNECTIONS / rate * 1000)
    ramp = CONNECTIONS * period / 1000
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", str(core), "h2load", "--h1", "--clients", str(CONNECTIONS)]
    command += ["--rate", "1", "--rate-period", f"{period}ms", "--rps", f"{rate / CONNECTIONS:.3f}"]
    command += ["--requests", str(round(rate * (ramp + seconds))), "--log-file", str(log)]
    command += ["--header", "X-Merchant-Id: m_7", f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"h2load ended with code {done.returncode}: {done.stderr.strip()}")
    rows = parse(log.read_text())
    return summarize(rows, rate, ramp, seconds)


def parse(log: str) -> list[tuple[int, int, int]]:
    """h2load's log: start in µs since the epoch, status, µs until the end of the response."""
    rows = []
    for line in log.splitlines():
        start, status, took = line.split("\t")[:3]
        rows.append((int(start), int(status), int(took)))
    return rows


def summarize(rows: Sequence[tuple[int, int, int]], wanted: float, ramp: float, seconds: float) -> Paced:
    """Looks only at the time, in seconds from the first request on, in which all connections were sending."""
    begin = min((start for start, _, _ in rows), default=0) + ramp * 1e6
    inside = [row for row in rows if begin <= row[0] < begin + seconds * 1e6]
    times = sorted(took for _, status, took in inside if 200 <= status < 400)
    if not times:
        raise BenchError("h2load saw no request answered")
    return Paced(
        wanted,
        len(inside) / seconds,
        percentile(times, 0.50),
        percentile(times, 0.99),
        len(inside) - len(times),
    )
