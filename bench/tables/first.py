"""The first look: Banyan, nginx and the naive proxy on one core, and the time a route look-up takes."""

from dataclasses import asdict

from bench import match
from bench.load import GET_32
from bench.match import Lookup
from bench.options import Options
from bench.origin import origin
from bench.report import Report, Target, at_least, below
from bench.rounds import Results, interleave, note
from bench.tables.speed import ratio
from bench.target import Target as Proxy
from bench.target import all_started

MEASURED = ("banyan", "nginx", "naive")
COLUMNS = ("<proxy", "GET/s", "min–max", "× naive", "µs CPU", "p50 ms", "p99 ms")
SAME = 1.5  # look-ups may differ by this much before the table's size counts as felt


def run(options: Options) -> Report:
    room, cores = options.room("first"), options.cores
    note("route look-ups")
    lookups = [match.measure(size) for size in match.SIZES]
    with (
        origin(room / "origin", cores.load) as port,
        all_started(options.chosen(*MEASURED), room, port, cores) as proxies,
    ):
        results = interleave(proxies, [GET_32], options.rounds, options.seconds, cores)
    return Report(
        "first",
        "first: a 1 KB GET through one core, 32 connections",
        COLUMNS,
        [row(proxy, results) for proxy in proxies],
        [
            at_least("GET/s: banyan over naive", ratio(results, GET_32.key, "banyan", "naive"), 20),
            flat(lookups),
        ],
        [
            *(
                f"Finding one of {each.routes:,} routes takes {each.micros.median:.2f} µs."
                for each in lookups
            ),
            f"Medians of {options.rounds} interleaved rounds, {options.seconds} s a run.",
            *(
                f"! {proxy.title}: {doubt}"
                for proxy in proxies
                for doubt in results[proxy.key, GET_32.key].doubts()
            ),
            *options.left_out(),
        ],
        {
            "lookups": [asdict(each) for each in lookups],
            **{proxy: asdict(summary) for (proxy, _), summary in results.items()},
        },
    )


def row(proxy: Proxy, results: Results) -> list[str]:
    found = results[proxy.key, GET_32.key]
    times = ratio(results, GET_32.key, proxy.key, "naive")
    return [
        proxy.title,
        f"{found.rate.median:,.0f}",
        str(found.rate),
        f"{times:.1f}" if times else "",
        f"{found.cpu_micros:,.0f}",
        f"{found.p50 / 1000:.2f}",
        f"{found.p99 / 1000:.1f}",
    ]


def flat(lookups: list[Lookup]) -> Target:
    few, many = lookups
    what = f"look-up among {many.routes:,} routes over {few.routes}"
    return below(what, many.micros.median / few.micros.median, SAME, "×")
