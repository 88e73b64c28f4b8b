"""Two workers against one: does each worker's work stay as cheap, and do both get their share?

With four cores or more, the workers have one each and the figure is plain requests/s. With fewer, the load
takes what it needs from the second worker, so what counts there is requests for each second of the workers'
CPU time, times the workers: what they would do if they had both cores to themselves.
"""

from dataclasses import dataclass

from bench import procfs
from bench.load import GET_256
from bench.machine import Cores
from bench.options import Options
from bench.origin import origin
from bench.peers.banyan import Setup, banyan
from bench.report import Report, Target, at_least
from bench.rounds import Sample, measure, note
from bench.stats import Spread, spread
from bench.target import Target as Proxy
from bench.target import started

ENOUGH_CORES = 4
NEARLY_TWICE = 1.8
BALANCED = 0.35  # the least share of the work that the idler of two workers should have
COLUMNS = ("<workers", "GET/s c=256", "min–max", "GET/s per core", "least share")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: requests/s, requests for each second of CPU time, and the idler worker's share of it."""

    rate: float
    per_core: float
    least_share: float


@dataclass(frozen=True, slots=True)
class Scale:
    """All rounds with one number of workers."""

    workers: int
    rate: Spread
    per_core: Spread
    least_share: float


def run(options: Options) -> Report:
    room, cores = options.room("workers"), options.cores
    roomy = len(cores.all) >= ENOUGH_CORES
    loaders = cores if not roomy else Cores(cores.proxy, cores.all[2], cores.all)
    with origin(room / "origin", cores.all[3] if roomy else cores.load) as port:
        one, two = (scale(count, port, options, loaders) for count in (1, 2))
    figure = two.rate.median / one.rate.median if roomy else 2 * two.per_core.median / one.per_core.median
    return Report(
        "workers",
        "workers: two against one",
        COLUMNS,
        [row(each) for each in (one, two)],
        targets_of(figure, two.least_share if roomy else None),
        remarks(roomy, options),
        {"one": one.per_core.median, "two": two.per_core.median, "figure": figure},
    )


def targets_of(figure: float, least_share: float | None) -> list[Target]:
    """`least_share` is None where the workers' cores are not alike: an even share is no promise there."""
    found = [at_least("two workers over one", figure, NEARLY_TWICE)]
    if least_share is not None:
        found.append(at_least("least share, of two workers", least_share * 100, BALANCED * 100, " %"))
    return found


def scale(workers: int, origin_port: int, options: Options, loaders: Cores) -> Scale:
    peer = banyan(f"banyan-{workers}", f"Banyan, {workers} workers", Setup(workers=workers))
    own = list(options.cores.all[:workers])
    with started(peer, options.room("workers"), origin_port, own) as proxy:
        measure(proxy, GET_256, 1, loaders)
        runs = [watched(proxy, workers, options, loaders) for _ in range(options.rounds)]
    note("")
    return Scale(
        workers,
        spread(each.rate for each in runs),
        spread(each.per_core for each in runs),
        min(each.least_share for each in runs),
    )


def watched(proxy: Proxy, workers: int, options: Options, loaders: Cores) -> Run:
    """One run, with the CPU time of each worker looked at before and after."""
    note(f"{proxy.title}")
    before = ticks(proxy)
    sample: Sample = measure(proxy, GET_256, options.seconds, loaders)
    used = sorted((now - before.get(pid, 0) for pid, now in ticks(proxy).items()), reverse=True)[:workers]
    share = used[-1] / sum(used) if sum(used) else 0.0
    return Run(sample.ran.rate, sample.ran.requests / sample.cpu, share)


def ticks(proxy: Proxy) -> dict[int, int]:
    assert proxy.child
    return {stat.pid: stat.cpu_ticks for stat in procfs.tree(proxy.child.pid)}


def row(found: Scale) -> list[str]:
    return [
        str(found.workers),
        f"{found.rate.median:,.0f}",
        str(found.rate),
        f"{found.per_core.median:,.0f}",
        f"{found.least_share:.0%}",
    ]


def remarks(roomy: bool, options: Options) -> list[str]:
    taken = f"{options.rounds} rounds of {options.seconds} s each."
    if roomy:
        return [taken, "Each worker had a core of its own, wrk and the origin two others."]
    return [
        taken,
        "Too few cores for two workers and their load: one worker shares its core with wrk and the origin.",
        "So the ratio is of GET/s per core (requests for each second of CPU time), times the workers.",
    ]
