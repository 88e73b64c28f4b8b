"""10,000 routes against 10: the look-up alone, and requests through the whole proxy."""

from dataclasses import asdict

from bench import match
from bench.load import GET_32
from bench.match import Lookup
from bench.options import Options
from bench.origin import origin
from bench.peers.banyan import Setup, banyan
from bench.report import Report, below
from bench.rounds import Summary, interleave, note
from bench.target import all_started

MAY_COST = 5.0  # percent
COLUMNS = ("routes", "look-up µs", "GET/s c=32", "min–max", "µs CPU", "worker MB")


def run(options: Options) -> Report:
    room, cores = options.room("routes"), options.cores
    note("route look-ups")
    lookups = [match.measure(size) for size in match.SIZES]
    peers = [banyan(f"banyan-{n}", f"Banyan, {n:,} routes", Setup(routes=n)) for n in match.SIZES]
    with origin(room / "origin", cores.load) as port, all_started(peers, room, port, cores) as proxies:
        results = interleave(proxies, [GET_32], options.rounds, options.seconds, cores)
    found = [results[proxy.key, GET_32.key] for proxy in proxies]
    few, many = (summary.rate.median for summary in found)
    return Report(
        "routes",
        "routes: what ten thousand of them cost",
        COLUMNS,
        [row(lookup, summary) for lookup, summary in zip(lookups, found, strict=True)],
        [below("GET/s lost with 10,000 routes over 10", (1 - many / few) * 100, MAY_COST, " %")],
        [
            "look-up: routes first, last, in the middle and nowhere in the table, in turn.",
            f"Medians of {options.rounds} interleaved rounds, {options.seconds} s a run.",
            *(
                f"! {lookup.routes:,}: {d}"
                for lookup, s in zip(lookups, found, strict=True)
                for d in s.doubts()
            ),
        ],
        {str(lookup.routes): asdict(summary) for lookup, summary in zip(lookups, found, strict=True)},
    )


def row(lookup: Lookup, found: Summary) -> list[str]:
    return [
        f"{lookup.routes:,}",
        f"{lookup.micros.median:.2f}",
        f"{found.rate.median:,.0f}",
        str(found.rate),
        f"{found.cpu_micros:,.0f}",
        f"{found.worker_rss / 2**20:,.0f}",
    ]
