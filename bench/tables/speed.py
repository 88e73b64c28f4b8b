"""Requests per second on one core, beside the peers: small GET at three widths, 10 KB POST, 100 KB GET."""

from collections.abc import Sequence
from dataclasses import asdict

from bench.load import DOWNLOAD_32, GET_1, GET_32, GET_256, LOADS, POST_32
from bench.options import Options
from bench.origin import origin
from bench.report import Report, Target, at_least, below
from bench.rounds import Results, interleave
from bench.target import Target as Proxy
from bench.target import all_started

DIRECT = "direct"
COLUMNS = (
    "<proxy",
    "GET/s c=32",
    "min–max",
    "× nginx",
    "µs CPU",
    "idle",
    "p50 ms",
    "p99 ms",
    "GET/s c=256",
    "c=1 p50 µs",
    "POST/s",
    "100 KB/s",
    "RSS MB",
    "worker MB",
)
# The loads that should keep the proxy's core busy.
WIDE = {"GET/s c=32": GET_32, "GET/s c=256": GET_256, "10 KB POST/s": POST_32, "100 KB GET/s": DOWNLOAD_32}
EVERY_LOAD = (("banyan", "envoy", 1.5), ("banyan", "caddy", 1.5), ("banyan", "nginx", 0.40))
SMALL_GET = (("banyan", "naive", 50.0), ("banyan-asgi", "envoy", 0.8))


def run(options: Options) -> Report:
    room = options.room("speed")
    with (
        origin(room / "origin", options.cores.load) as port,
        all_started(options.chosen(), room, port, options.cores) as targets,
    ):
        proxies = [Proxy(DIRECT, "(no proxy)", port), *targets]
        results = interleave(proxies, LOADS, options.rounds, options.seconds, options.cores)
    return Report(
        "speed",
        "speed: requests/s with one core for the proxy",
        COLUMNS,
        [row(proxy, results) for proxy in proxies],
        targets_of(results),
        [*remarks(options), *doubts(proxies, results)],
        {f"{proxy} {kind}": asdict(summary) for (proxy, kind), summary in results.items()},
    )


def row(proxy: Proxy, results: Results) -> list[str]:
    one, small, wide, post, download = (results[proxy.key, kind.key] for kind in LOADS)
    nginx = ratio(results, GET_32.key, proxy.key, "nginx")
    through = proxy.key != DIRECT
    return [
        proxy.title,
        f"{small.rate.median:,.0f}",
        str(small.rate),
        f"{nginx:.2f}" if nginx and through else "",
        f"{small.cpu_micros:,.0f}" if through else "",
        f"{small.idle:.0%}" if through else "",
        f"{small.p50 / 1000:.2f}",
        f"{small.p99 / 1000:.1f}",
        f"{wide.rate.median:,.0f}",
        f"{one.p50:,.0f}",
        f"{post.rate.median:,.0f}",
        f"{download.rate.median:,.0f}",
        f"{small.rss / 2**20:,.0f}" if through else "",
        f"{small.worker_rss / 2**20:,.0f}" if through else "",
    ]


def targets_of(results: Results) -> list[Target]:
    """The promises about speed, each against this run's own peers."""
    found = [
        at_least(f"{what}: {mine} over {theirs}", ratio(results, kind.key, mine, theirs), floor)
        for what, kind in WIDE.items()
        for mine, theirs, floor in (
            EVERY_LOAD if kind.body or kind is DOWNLOAD_32 else EVERY_LOAD + SMALL_GET
        )
    ]
    return [*found, added_latency(results)]


def added_latency(results: Results) -> Target:
    """The time a request spends more than without a proxy, one at a time: below Caddy's."""
    base = results[DIRECT, GET_1.key].p50
    mine, caddy = (results.get((key, GET_1.key)) for key in ("banyan", "caddy"))
    return below(
        "added p50 at c=1, against Caddy's",
        mine.p50 - base if mine else None,
        caddy.p50 - base if caddy else 0,
        " µs",
    )


def ratio(results: Results, kind: str, mine: str, theirs: str) -> float | None:
    """How many times as fast one is as the other; None when either was not measured."""
    a, b = results.get((mine, kind)), results.get((theirs, kind))
    return a.rate.median / b.rate.median if a and b else None


def doubts(proxies: Sequence[Proxy], results: Results) -> list[str]:
    """What makes figures of this run worth less, one line for each proxy."""
    lines = []
    for proxy in proxies:
        found = [
            f"{what}: {doubt}"
            for what, kind in WIDE.items()
            for doubt in results[proxy.key, kind.key].doubts()
        ]
        if found and proxy.key != DIRECT:
            lines.append(f"! {proxy.title}: {'; '.join(found)}")
    return lines


def remarks(options: Options) -> list[str]:
    return [
        f"Medians of {options.rounds} interleaved rounds, {options.seconds} s a run. Proxy on core "
        f"{options.cores.proxy}; origin (nginx) and wrk on core {options.cores.load}.",
        "µs CPU: of all the proxy's processes, for one GET at c=32. idle: of the proxy's core meanwhile.",
        "Banyan as shipped: access log, metrics, 1 % tracing, 500 routes, canary on those measured. "
        "The peers log nothing and have one route.",
        *options.left_out(),
    ]
