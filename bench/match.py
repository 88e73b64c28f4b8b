"""How long the routing table alone takes to find a route: same table, same routes as under load."""

import itertools
import timeit
from collections.abc import Sequence
from dataclasses import dataclass

from bench.peers.banyan import Setup, all_routes
from bench.stats import Spread, spread
from proxy.routing.head import Head
from proxy.routing.pattern import Pattern
from proxy.routing.table import Table
from proxy.routing.template import parse_template

SIZES = (10, 10_000)
CALLS = 2_000
REPEATS = 15


@dataclass(frozen=True, slots=True)
class Lookup:
    """The time of one look-up in µs, over a mix of requests, with this many routes."""

    routes: int
    micros: Spread


def measure(routes: int) -> Lookup:
    """Times look-ups of requests that meet the first route, the last, one in between, and none."""
    table = build(routes)
    mix = itertools.cycle(heads(routes))
    times = timeit.repeat(lambda: table.match(next(mix)), number=CALLS, repeat=REPEATS)
    return Lookup(routes, spread(seconds / CALLS * 1e6 for seconds in times))


def build(count: int) -> Table[str]:
    """The table of the routes that the bench's routes.yaml has."""
    entries = []
    for route in all_routes(Setup(routes=count)):
        methods = frozenset(method.encode() for method in route["match"]["methods"])
        entries.append((Pattern(parse_template(route["match"]["path"]), methods), str(route["id"])))
    return Table.build(entries)


def heads(count: int) -> Sequence[Head]:
    """Requests as a client sends them, for routes all over the table."""
    routes = all_routes(Setup(routes=count))
    paths = [routes[place]["match"]["path"] for place in (0, count // 2, count - 1)]
    filled = [path.replace("{id:int}", "42").replace("{", "").replace("}", "") for path in paths]
    methods = [routes[place]["match"]["methods"][0] for place in (0, count // 2, count - 1)]
    fields = [(b"host", b"Host: api.example.com", b"api.example.com")]
    return [
        Head(method.encode(), path.encode(), fields)
        for method, path in zip((*methods, "GET"), (*filled, "/no/route/here"), strict=True)
    ]
