"""The soak: minutes of mixed load while backends are killed, restarted, stopped, slowed, and routes change.

Every answer is checked byte for byte. It fails on one wrong byte, on one hanging exchange, on one refusal or
cut that no fault explains, and on anything that grows.
"""

import asyncio
import contextlib
from dataclasses import asdict

from bench.options import Options
from bench.origin import fetch_size
from bench.peers.base import Peer
from bench.report import Report, Target, below
from bench.soak.exercise import CLIENTS, QUIET, SEED, Look, Ran, soak
from bench.soak.faults import Backend
from bench.soak.plan import Plan
from bench.soak.traffic import End
from bench.soak.vitals import Vitals, growth, per_hour
from bench.target import started

BACKENDS = ("legacy-1", "legacy-2", "modern-1", "modern-2")
RSS_MAY_GROW = 6.0  # MiB, from the middle third to the last one
MAY_STAY = 8  # descriptors and tasks that may be there at the end beyond those at the start
COLUMNS = ("minute", "exchanges", "refused", "cut", "wrong", "RSS MiB", "files", "sockets", "tasks")


def run(options: Options) -> Report:
    room, cores = options.room("soak"), options.cores
    room.mkdir(parents=True)
    backends = [Backend(name, room, cores.load) for name in BACKENDS]
    plan = Plan([backend.port for backend in backends])
    with contextlib.ExitStack() as stack:
        for backend in backends:
            stack.callback(backend.end)
            backend.start()
            backend.wait()
        peer = Peer("soak", "Banyan", plan.command)
        proxy = stack.enter_context(started(peer, room, backends[0].port, [cores.proxy], alive))
        return report(asyncio.run(soak(proxy, plan, backends, options.minutes * 60)), options.minutes)


def alive(port: int) -> bool:
    return fetch_size(port, "/bytes/1/1000") == 1000


def report(ran: Ran, minutes: float) -> Report:
    looks = [*ran.series, ran.after]
    ends = ", ".join(f"{ran.tally.ends[end]:,} {end.value}" for end in End)
    trend = per_hour([each.vitals for each in ran.series], rss)
    return Report(
        "soak",
        f"soak: {minutes:g} minutes of mixed load by {CLIENTS} clients",
        COLUMNS,
        [row(each) for each in looks],
        targets_of(ran),
        [
            f"{ends}; {ran.tally.bytes_checked / 2**30:.2f} GiB compared.",
            f"Backends: {', '.join(f'{n} {fault.value}' for fault, n in ran.faults.items())}. Seed {SEED}.",
            f"The last row is {QUIET:g} s after the load. RSS trend: {trend:+.1f} MiB an hour.",
            *(f"! {what}" for what in ran.tally.complaints[:10]),
        ],
        {"before": asdict(ran.before), "series": [asdict(each.vitals) for each in looks]},
    )


def row(look: Look) -> list[str]:
    vitals, ends = look.vitals, look.ends
    counts = (ends.total(), ends[End.REFUSED], ends[End.CUT], ends[End.WRONG] + ends[End.HUNG])
    tasks = "–" if vitals.tasks is None else str(vitals.tasks)
    held = (f"{vitals.rss:.1f}", str(vitals.files), str(vitals.sockets), tasks)
    return [f"{vitals.at / 60:.1f}", *(f"{count:,}" for count in counts), *held]


def rss(vitals: Vitals) -> float:
    return vitals.rss


def targets_of(ran: Ran) -> list[Target]:
    ends, before, after = ran.tally.ends, ran.before, ran.after.vitals
    grown = growth([each.vitals for each in ran.series], rss)
    found = [
        none("wrong answers", ends[End.WRONG]),
        none("hanging exchanges", ends[End.HUNG]),
        none("refusals and cuts that no fault explains", ran.tally.unexplained),
        below("RSS, last third over middle third", grown, RSS_MAY_GROW, " MiB"),
        below("descriptors left at the end", after.files - before.files, MAY_STAY, ""),
    ]
    if after.tasks is not None and before.tasks is not None:
        found.append(below("tasks left at the end", after.tasks - before.tasks, MAY_STAY, ""))
    return found


def none(what: str, count: int) -> Target:
    return Target(what, "0", f"{count:,}", count == 0)
