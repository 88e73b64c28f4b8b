"""Open-loop load by h2load: requests leave at a fixed rate, whether or not the answers keep up.

Closed-loop figures flatter a proxy that stalls: while it stalls nothing is sent, and nothing is late. Here
the rate is spread over many connections, so that each has time for its answer before its next request is
due. When one has not, the request leaves late, which shows as a rate under the one asked for.
"""

import itertools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.children import BenchError
from bench.stats import percentile

CONNECTIONS = range(56, 73)  # candidates for their number
PERIODS = range(5, 16)  # candidates for the ms between their starts


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


def spacing(rate: float) -> tuple[int, int]:
    """How many connections, and how many ms between their starts, spread `rate` requests/s most evenly.

    Each connection sends at fixed intervals from its start on. If their starts lay multiples of the interval
    apart, all would send at once, and the figures would tell of the bursts. h2load knows whole ms only.
    """

    def longest_silence(choice: tuple[int, int]) -> float:
        connections, period = choice
        interval = connections / rate * 1000
        phases = sorted(period * k % interval for k in range(connections))
        following = [*phases[1:], phases[0] + interval]
        return max(later - phase for phase, later in zip(phases, following, strict=True))

    return min(itertools.product(CONNECTIONS, PERIODS), key=longest_silence)


def run(port: int, path: str, rate: float, seconds: int, core: int, log: Path) -> Paced:
    """Sends `rate` requests a second for so many seconds, pinned to one core. h2load writes to `log`."""
    connections, period = spacing(rate)
    ramp = connections * period / 1000
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", str(core), "h2load", "--h1", "--clients", str(connections)]
    command += ["--rate", "1", "--rate-period", f"{period}ms", "--rps", f"{rate / connections:.4f}"]
    command += ["--requests", str(round(rate * (ramp + seconds))), "--log-file", str(log)]
    command += ["--header", "X-Merchant-Id: m_7", f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"h2load ended with code {done.returncode}: {done.stderr.strip()}")
    return summarize(parse(log.read_text()), rate, ramp, seconds)


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
