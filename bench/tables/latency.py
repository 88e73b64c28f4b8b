"""Latency: what a proxy adds to one request at a time, and the tail when it is half busy.

The tail is measured with an open loop (h2load at a fixed rate), twice: at half of each proxy's own capacity,
and for all at the same rate, half of Envoy's capacity.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial

from bench import openloop
from bench.children import BenchError
from bench.load import GET_1, GET_32
from bench.openloop import Paced
from bench.options import Options
from bench.origin import origin
from bench.report import Report, Target, below
from bench.rounds import Results, interleave, note
from bench.stats import spread
from bench.target import Target as Proxy
from bench.target import all_started

DIRECT = "direct"
COLUMNS = (
    "<proxy",
    "c=1 p50 µs",
    "added µs",
    "half load/s",
    "p50 ms",
    "p99 ms",
    "same rate/s",
    "p50 ms ",
    "p99 ms ",
)
Pace = Callable[[Proxy, float], Paced]
Tails = dict[str, Paced]  # by proxy


def run(options: Options) -> Report:
    if not openloop.available():
        raise BenchError("h2load is missing: apt-get install nghttp2-client")
    room, cores = options.room("latency"), options.cores
    with (
        origin(room / "origin", cores.load) as port,
        all_started(options.chosen(), room, port, cores) as targets,
    ):
        proxies = [Proxy(DIRECT, "(no proxy)", port), *targets]
        results = interleave(proxies, (GET_1, GET_32), options.rounds, options.seconds, cores)
        half = {proxy.key: results[proxy.key, GET_32.key].rate.median / 2 for proxy in targets}
        shared = half.get("envoy", min(half.values()))
        pace = partial(paced, options=options)
        own = tails(targets, half, pace, options.rounds)
        same = tails(
            [t for t in targets if half[t.key] >= shared / 1.5],
            dict.fromkeys(half, shared),
            pace,
            options.rounds,
        )
    return Report(
        "latency",
        "latency: one request at a time, and at half load",
        COLUMNS,
        [row(proxy, results, own, same) for proxy in proxies],
        targets_of(results, own, same),
        remarks(options),
        {"own": {k: asdict(v) for k, v in own.items()}, "same": {k: asdict(v) for k, v in same.items()}},
    )


def paced(proxy: Proxy, rate: float, *, options: Options) -> Paced:
    note(f"{proxy.title} at {rate:,.0f} requests/s")
    log = options.room("latency") / "h2load.log"
    return openloop.run(proxy.port, GET_32.path, rate, options.seconds, options.cores.load, log)


def tails(proxies: Sequence[Proxy], rates: dict[str, float], pace: Pace, rounds: int) -> Tails:
    """Medians of interleaved rounds at a fixed rate for each proxy."""
    seen: dict[str, list[Paced]] = {}
    for _ in range(rounds):
        for proxy in proxies:
            seen.setdefault(proxy.key, []).append(pace(proxy, rates[proxy.key]))
    note("")
    return {key: middle(found) for key, found in seen.items()}


def middle(found: Sequence[Paced]) -> Paced:
    return Paced(
        found[0].wanted,
        spread(each.rate for each in found).median,
        spread(each.p50 for each in found).median,
        spread(each.p99 for each in found).median,
        sum(each.failed for each in found),
    )


def row(proxy: Proxy, results: Results, own: Tails, same: Tails) -> list[str]:
    one, base = (results[key, GET_1.key].p50 for key in (proxy.key, DIRECT))
    added = "" if proxy.key == DIRECT else f"{one - base:,.0f}"
    return [proxy.title, f"{one:,.0f}", added, *cells(own.get(proxy.key)), *cells(same.get(proxy.key))]


def cells(tail: Paced | None) -> list[str]:
    return [f"{tail.rate:,.0f}", f"{tail.p50 / 1000:.2f}", f"{tail.p99 / 1000:.2f}"] if tail else ["", "", ""]


def targets_of(results: Results, own: Tails, same: Tails) -> list[Target]:
    base = results[DIRECT, GET_1.key].p50
    mine, caddy = (results.get((key, GET_1.key)) for key in ("banyan", "caddy"))
    found = []
    if caddy:
        found.append(
            below(
                "added p50 at c=1, against Caddy's",
                mine.p50 - base if mine else None,
                caddy.p50 - base,
                " µs",
            )
        )
    for what, tail in (("half of its own load", own), ("the same rate", same)):
        if envoy := tail.get("envoy"):
            banyan = tail.get("banyan")
            p99 = banyan.p99 / 1000 if banyan else None
            found.append(below(f"p99 at {what}, against Envoy's", p99, envoy.p99 / 1000, " ms"))
    return found


def remarks(options: Options) -> list[str]:
    return [
        "c=1: wrk, a closed loop. The rest: h2load, an open loop of evenly spread requests.",
        "half load: half of what wrk reached at c=32 in this run. same rate: half of Envoy's, for all.",
        f"Medians of {options.rounds} interleaved rounds, {options.seconds} s a run.",
        *options.left_out(),
    ]
