"""Shadowing: what it costs clients that every request is mirrored, and when mirroring goes wrong.

The data plane has one core to itself; its shadow worker shares the other one with the origin and the load.
The worker can be well, killed again and again, or stopped, and the backend that it asks can hang.
"""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import load, procfs
from bench.children import BenchError, wait_until
from bench.load import GET_32, POST_32, Load, Ran
from bench.machine import Cores
from bench.options import Options
from bench.origin import check_transparent, origin
from bench.peers.banyan import Setup, banyan
from bench.report import Report, Target, at_least, below
from bench.rounds import note, progress, settle, turns
from bench.stats import Spread, spread
from bench.target import Target as Proxy
from bench.target import started

RATE, TAIL = 0.85, 1.25
"""What of the throughput has to be left, and by how much the tail may grow."""
MEMORY = 96.0
"""MiB that the data plane may grow by: the queue's 64 MiB, and what is under way."""
LOADS = (GET_32, POST_32)
NONE, MIRRORED, HUNG, KILLED, STOPPED = "none", "mirrored", "hung", "killed", "stopped"
TITLES = {
    NONE: "no shadowing",
    MIRRORED: "all mirrored",
    HUNG: "… to a backend that hangs",
    KILLED: "… the worker killed",
    STOPPED: "… the worker stopped",
}
AGAIN = 0.05
"""Seconds between two looks for a worker to kill."""
COLUMNS = (
    "<situation",
    "GET/s",
    "min–max",
    "×",
    "p99 ms",
    "×",
    "µs CPU",
    "POST/s",
    "×",
    "p99 ms",
    "×",
    "peak MiB",
    "<what became of the GETs",
)
_COUNTER = re.compile(
    r'banyan_shadow_(?:skipped|verdicts|failures)_total\{.*(?:reason|verdict)="(\w+)".*\} (\S+)'
)


@dataclass(frozen=True, slots=True)
class Subject:
    """One Banyan: as a proxy, the pid of its data plane, where it tells its figures."""

    proxy: Proxy
    plane: int
    metrics: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what the clients saw, and the data plane's CPU time for a request, in µs."""

    ran: Ran
    micros: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All rounds of one load in one situation: medians."""

    rate: Spread
    p99: float
    micros: float
    failed: int


Results = dict[tuple[str, str], Figures]  # by situation and load


def run(options: Options) -> Report:
    room, cores = options.room("shadow"), options.cores
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(origin(room / "origin", cores.load))
        subjects = [stack.enter_context(subject(key, port, options)) for key in TITLES]
        for each in subjects:
            procfs.forget_peak(each.plane)
        results = measured(subjects, options, cores)
        peaks = {each.proxy.key: procfs.peak_rss_bytes(each.plane) / 2**20 for each in subjects}
        fates = {each.proxy.key: fate(each) for each in subjects}
    return Report(
        "shadow",
        "shadow: clients' share with everything mirrored, and with mirroring broken",
        COLUMNS,
        [row(key, results, peaks, fates) for key in TITLES],
        targets_of(results, peaks),
        remarks(options),
        {f"{key} {kind}": asdict(found) for (key, kind), found in results.items()} | {"peaks": peaks},
    )


@contextlib.contextmanager
def subject(key: str, port: int, options: Options) -> Iterator[Subject]:
    """One Banyan in its situation. Its data plane gets a core of its own, all else of it shares the other."""
    room, cores = options.room("shadow"), options.cores
    with contextlib.ExitStack() as stack:
        modern = stack.enter_context(hanging()) if key == HUNG else None
        stage = {"stage": "legacy" if key == NONE else "shadow"}
        peer = banyan(key, TITLES[key], Setup(stage=stage, modern=modern))
        proxy = stack.enter_context(started(peer, room, port, [cores.load]))
        check_transparent(proxy.port, proxy.title)
        plane = proxy.worker()
        for thread in os.listdir(f"/proc/{plane}/task"):
            os.sched_setaffinity(int(thread), {cores.proxy})
        config = json.loads((room / key / "routes.yaml").read_text())
        if key != NONE:
            assert proxy.child
            wait_until(lambda: shadow_worker(proxy) is not None, proxy.child)
        if key in (KILLED, STOPPED):
            stack.enter_context(broken(proxy, signal.SIGKILL if key == KILLED else signal.SIGSTOP))
        yield Subject(proxy, plane, f"http://{config['control']['listen']}/metrics")


@contextlib.contextmanager
def hanging() -> Iterator[int]:
    """The port of a backend that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        yield listener.getsockname()[1]


@contextlib.contextmanager
def broken(proxy: Proxy, number: signal.Signals) -> Iterator[None]:
    """Sends this signal to whatever is the shadow worker, again and again."""
    over = threading.Event()

    def strike() -> None:
        while not over.wait(AGAIN):
            worker = shadow_worker(proxy)
            if worker is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, number)

    striking = threading.Thread(target=strike)
    striking.start()
    try:
        yield
    finally:
        over.set()
        striking.join()
        worker = shadow_worker(proxy)
        if worker is not None:
            os.kill(worker, signal.SIGCONT)


def shadow_worker(proxy: Proxy) -> int | None:
    """The pid of the product's shadow worker, while there is one."""
    for pid in proxy.processes():
        with contextlib.suppress(OSError):
            if b"shadow_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    return None


def measured(subjects: Sequence[Subject], options: Options, cores: Cores) -> Results:
    """Every situation under every load, in turn."""
    of = {each.proxy.key: each for each in subjects}
    runs: dict[tuple[str, str], list[Run]] = {}
    plan = list(turns([each.proxy for each in subjects], LOADS, options.rounds))
    for number, proxy, kind in progress(plan):
        found = watched(of[proxy.key], kind, options.seconds if number else 1, cores)
        if number:
            runs.setdefault((proxy.key, kind.key), []).append(found)
    note("")
    return {key: summarized(found) for key, found in runs.items()}


def watched(each: Subject, kind: Load, seconds: int, cores: Cores) -> Run:
    before = ticks(each.plane)
    ran = load.run(kind, each.proxy.port, seconds, cores.load)
    used = (ticks(each.plane) - before) / procfs.TICKS_PER_SECOND
    settle(each.proxy)
    return Run(ran, used / max(ran.requests, 1) * 1e6)


def ticks(pid: int) -> int:
    stat = procfs.read_stat(pid)
    if stat is None:
        raise BenchError("a data plane ended by itself")
    return stat.cpu_ticks


def summarized(runs: Sequence[Run]) -> Figures:
    return Figures(
        spread(each.ran.rate for each in runs),
        spread(each.ran.p99 for each in runs).median,
        spread(each.micros for each in runs).median,
        sum(each.ran.failed for each in runs),
    )


def fate(each: Subject) -> str:
    """What became of the exchanges, by the product's own counters, the most frequent first."""
    with urllib.request.urlopen(each.metrics, timeout=10) as answer:
        text = answer.read().decode()
    counts: Counter[str] = Counter()
    for name, amount in _COUNTER.findall(text):
        counts[name] += int(float(amount))
    counts.pop("unsafe_method", None)
    total = counts.total() or 1
    return ", ".join(f"{name} {count / total:.0%}" for name, count in counts.most_common(3))


def row(key: str, results: Results, peaks: dict[str, float], fates: dict[str, str]) -> list[str]:
    get, post = (results[key, kind.key] for kind in LOADS)
    cells = [TITLES[key], f"{get.rate.median:,.0f}", str(get.rate), ratio(results, key, GET_32)]
    cells += [f"{get.p99 / 1000:.1f}", tail(results, key, GET_32), f"{get.micros:.0f}"]
    cells += [f"{post.rate.median:,.0f}", ratio(results, key, POST_32)]
    cells += [f"{post.p99 / 1000:.1f}", tail(results, key, POST_32)]
    return [*cells, f"{peaks[key]:.0f}", fates[key]]


def ratio(results: Results, key: str, kind: Load) -> str:
    return f"{results[key, kind.key].rate.median / results[NONE, kind.key].rate.median:.2f}"


def tail(results: Results, key: str, kind: Load) -> str:
    return f"{results[key, kind.key].p99 / results[NONE, kind.key].p99:.2f}"


def targets_of(results: Results, peaks: dict[str, float]) -> list[Target]:
    """Every situation against none, in the same run."""
    found = []
    for key in TITLES:
        for kind in LOADS if key != NONE else ():
            mine, base = results[key, kind.key], results[NONE, kind.key]
            what = f"{TITLES[key].removeprefix('… ')}, {kind.method}"
            found.append(at_least(f"{what}: throughput", mine.rate.median / base.rate.median, RATE))
            found.append(below(f"{what}: p99", mine.p99 / base.p99, TAIL, "×"))
            found.append(below(f"{what}: failed", mine.failed, 1, ""))
        found.append(
            below(f"{TITLES[key]}: memory", peaks[key] - peaks[NONE], MEMORY, " MiB")
        ) if key != NONE else None
    return found


def remarks(options: Options) -> list[str]:
    cores = options.cores
    return [
        f"Medians of {options.rounds} interleaved rounds, {options.seconds} s a run, 32 connections. The "
        f"data plane on core {cores.proxy}; shadow worker, origin and wrk on core {cores.load}.",
        "×: against no shadowing. µs CPU: of the data plane's process for a GET. peak MiB: of that process.",
        "POSTs are not mirrored (nobody attested that they may be): they show what deciding so costs.",
        "What is not compared is counted, by its reason; queue_full: nobody had time for it.",
    ]
