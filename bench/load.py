"""Closed-loop load by wrk: a fixed number of connections, each with one request under way."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.children import BenchError

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of request at one number of connections. `body` is the upload's size in bytes."""

    key: str
    connections: int
    method: str = "GET"
    path: str = "/api/payments/pay_42"
    body: int = 0


@dataclass(frozen=True, slots=True)
class Ran:
    """What wrk saw: answers, duration in seconds, latencies in µs, and how many requests failed."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


GET_1 = Load("get1", 1)
GET_32 = Load("get32", 32)
GET_256 = Load("get256", 256)
POST_32 = Load("post32", 32, "POST", "/api/payments", 10 * 1024)
DOWNLOAD_32 = Load("download32", 32, "GET", "/api/exports/march.csv")
LOADS = (GET_1, GET_32, GET_256, POST_32, DOWNLOAD_32)


def run(load: Load, port: int, seconds: int, core: int) -> Ran:
    """Runs the load for so many seconds (wrk knows only whole ones), pinned to one core."""
    command = ["taskset", "-c", str(core), "wrk", "--threads", "1", "--connections", str(load.connections)]
    command += ["--duration", f"{seconds}s", "--timeout", "10s", "--script", str(SCRIPT)]
    command += [f"http://127.0.0.1:{port}{load.path}", "--", load.method, str(load.body)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"wrk ended with code {done.returncode}: {done.stderr.strip()}")
    return parse(done.stdout)


def parse(output: str) -> Ran:
    """Reads the line that load.lua prints at the end."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            said = json.loads(line)
            return Ran(said["requests"], said["microseconds"] / 1e6, said["p50"], said["p99"], said["failed"])
    raise BenchError(f"wrk printed no figures:\n{output}")
