"""Two workers against one: does each worker's work stay as cheap, and do both get their share?

With four cores or more, the workers have one each and the figure is plain requests/s. With fewer, the load
takes what it needs from the second worker, so what counts there is requests for each second of the workers'
CPU time, times the workers: what they would do if they had both cores to themselves.

nginx takes the same test in the same rounds: what two busy cores lose to each other it loses as well.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import procfs
from bench.load import GET_256
from bench.machine import Cores
from bench.options import Options
from bench.origin import origin
from bench.peers.banyan import Setup, banyan
from bench.peers.base import Peer
from bench.peers.nginx import nginx
from bench.report import Report, Target, at_least
from bench.rounds import Sample, measure, progress, turns
from bench.stats import Spread, spread
from bench.target import Target as Proxy
from bench.target import started

COUNTS = (1, 2)
ENOUGH_CORES = 4
NEARLY_TWICE = 1.8
BALANCED = 0.35  # the least share of the work that the idler of two workers should have
COLUMNS = ("<proxy", "workers", "GET/s c=256", "min–max", "GET/s per core", "least share")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: requests/s, requests for each second of CPU time, and the idler worker's share of it."""

    rate: float
    per_core: float
    least_share: float


@dataclass(frozen=True, slots=True)
class Scale:
    """All rounds of one proxy with one number of workers."""

    title: str
    workers: int
    rate: Spread
    per_core: Spread
    least_share: float


def run(options: Options) -> Report:
    room, cores = options.room("workers"), options.cores
    roomy = len(cores.all) >= ENOUGH_CORES
    loaders = cores if not roomy else Cores(cores.proxy, cores.all[2], cores.all)
    with (
        origin(room / "origin", cores.all[3] if roomy else cores.load) as port,
        both(banyan_of, options, port) as ours,
        both(nginx_of, options, port) as theirs,
    ):
        found = measured([*ours, *theirs], options, loaders)
    one, two, *peers = found
    ours_gain, theirs_gain = gain(one, two, roomy), gain(*peers, roomy)
    return Report(
        "workers",
        "workers: two against one",
        COLUMNS,
        [row(each) for each in found],
        targets_of(ours_gain, two.least_share if roomy else None),
        [*remarks(roomy, options), f"nginx gains {theirs_gain:.2f}× by its second worker."],
        {"one": one.per_core.median, "two": two.per_core.median, "figure": ours_gain, "nginx": theirs_gain},
    )


def banyan_of(workers: int) -> Peer:
    return banyan(f"banyan-{workers}", "Banyan", Setup(workers=workers))


def nginx_of(workers: int) -> Peer:
    return nginx(f"nginx-{workers}", "nginx", workers)


@contextmanager
def both(peer_of: Callable[[int], Peer], options: Options, port: int) -> Iterator[list[Proxy]]:
    """A proxy on one core, and beside it the same on two."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                started(peer_of(count), options.room("workers"), port, list(options.cores.all[:count]))
            )
            for count in COUNTS
        ]


def measured(proxies: list[Proxy], options: Options, loaders: Cores) -> list[Scale]:
    """What each did in all rounds but the one that warms up."""
    runs: dict[str, list[Run]] = {proxy.key: [] for proxy in proxies}
    workers = {proxy.key: count for proxy, count in zip(proxies, (*COUNTS, *COUNTS), strict=True)}
    for number, proxy, _ in progress(list(turns(proxies, [GET_256], options.rounds))):
        ran = watched(proxy, workers[proxy.key], options, loaders)
        if number:
            runs[proxy.key].append(ran)
    return [
        Scale(
            proxy.title,
            workers[proxy.key],
            spread(each.rate for each in runs[proxy.key]),
            spread(each.per_core for each in runs[proxy.key]),
            min(each.least_share for each in runs[proxy.key]),
        )
        for proxy in proxies
    ]


def gain(one: Scale, two: Scale, roomy: bool) -> float:
    """How much two workers do for each thing that one does."""
    if roomy:
        return two.rate.median / one.rate.median
    return 2 * two.per_core.median / one.per_core.median


def targets_of(gained: float, least_share: float | None) -> list[Target]:
    """`least_share` is None where the workers' cores are not alike: an even share is no promise there."""
    found = [at_least("two workers over one", gained, NEARLY_TWICE)]
    if least_share is not None:
        found.append(at_least("least share, of two workers", least_share * 100, BALANCED * 100, " %"))
    return found


def watched(proxy: Proxy, workers: int, options: Options, loaders: Cores) -> Run:
    """One run, with the CPU time of each worker looked at before and after."""
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
        found.title,
        str(found.workers),
        f"{found.rate.median:,.0f}",
        str(found.rate),
        f"{found.per_core.median:,.0f}",
        f"{found.least_share:.0%}",
    ]


def remarks(roomy: bool, options: Options) -> list[str]:
    taken = f"{options.rounds} interleaved rounds of {options.seconds} s each."
    if roomy:
        return [taken, "Each worker had a core of its own, wrk and the origin two others."]
    return [
        taken,
        "Too few cores for two workers and their load: one worker shares its core with wrk and the origin.",
        "So the ratio is of GET/s per core (requests for each second of CPU time), times the workers.",
    ]
