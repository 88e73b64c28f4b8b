"""Open-loop load by h2load: requests leave at a fixed rate, whether or not the answers keep up.

Closed-loop figures flatter a proxy that stalls: while it stalls nothing is sent, and nothing is late. Here
the rate is spread over many connections, so that each has time for its answer before its next request is
due. When one has not, the request leaves late, which shows as a rate under the one asked for.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.children import BenchError
from bench.stats import percentile

CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Paced:
    """What h2load saw: requests/s asked for and done, latencies in µs, failures."""

    wanted: float
    rate: float
    p50: float
    p99: float
    failed: int


def run(port: int, path: str, rate: float, seconds: int, core: int, log: Path) -> Paced:
    """Sends `rate` requests a second for so many seconds, pinned to one core. h2load writes to `log`."""
    log.unlink(missing_ok=True)
    command = ["taskset", "-c", str(core), "h2load", "--h1", "--clients", str(CONNECTIONS)]
    command += ["--rps", f"{rate / CONNECTIONS:.3f}", "--duration", str(seconds)]
    command += ["--header", "X-Merchant-Id: m_7", "--log-file", str(log), f"http://127.0.0.1:{port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"h2load ended with code {done.returncode}: {done.stderr.strip()}")
    return parse(log.read_text(), rate)


def parse(log: str, wanted: float) -> Paced:
    """Reads h2load's log: start in µs since the epoch, status, µs until the end of the response."""
    rows = [tuple(map(int, line.split("\t")[:3])) for line in log.splitlines()]
    if not rows:
        raise BenchError("h2load wrote down no request")
    times = sorted(took for _, status, took in rows if status < 400 and status > 0)
    seconds = (max(start for start, _, _ in rows) - min(start for start, _, _ in rows)) / 1e6
    rate = len(rows) / seconds if seconds else 0.0
    return Paced(wanted, rate, percentile(times, 0.5), percentile(times, 0.99), len(rows) - len(times))
