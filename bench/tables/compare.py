"""Comparing: CPU time for 256 KiB of JSON whose 5,000 leaves differ, in several shapes, by several rules."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from bench.children import BenchError
from bench.options import Options
from bench.report import Report, below
from bench.stats import spread
from shadow.compare import Answer, Policy, Request, compare, trees
from shadow.comparing import collect_seldom

SIZE = 256 * 1024
LEAVES = 5_000
LIMIT = 50.0
"""Milliseconds that comparing may take."""
TRIES = 7
COLUMNS = ("<shape and rules", "KiB", "differences", "least ms", "median ms")
JSON = [(b"Content-Type", b"application/json")]


def members(side: int, pad: str) -> object:
    """One object of many members."""
    return {f"key{number}": f"{number}-{side}{pad}" for number in range(LEAVES)}


def nested(side: int, pad: str) -> object:
    """A list of objects that hold objects."""
    return {
        "items": [{"id": number, "a": {"b": {"c": f"{number}-{side}"}}, "t": pad} for number in range(LEAVES)]
    }


def numbers(side: int, pad: str) -> object:
    """A list of 35,000 integers, an eighth of which differ."""
    return {"pad": pad, "of": [number * 7 + (side if number % 7 == 0 else 0) for number in range(35_000)]}


def rows(side: int, pad: str) -> object:
    """A list of small objects, as a table has."""
    return [{"id": number, "sum": number + side, "t": pad} for number in range(LEAVES)]


CASES: dict[str, tuple[Callable[[int, str], object], Mapping[str, Any]]] = {
    "members of one object": (members, {}),
    "nested objects": (nested, {}),
    "nested objects, a filter ignores some": (nested, {"ignore": ["$.items[?@.t=='debug']"]}),
    "nested objects, ignored at any depth": (nested, {"ignore": ["$..updated_at"]}),
    "35,000 integers": (numbers, {}),
    "rows": (rows, {}),
    "rows, money": (rows, {"rules": [{"path": "$[*].sum", "money": True}]}),
    "rows, unordered, by a key": (rows, {"rules": [{"path": "$", "unordered": True, "key": "id"}]}),
}


def run(options: Options) -> Report:
    collect_seldom()
    found = {title: timed(title, *case) for title, case in CASES.items()}
    return Report(
        "compare",
        f"compare: CPU time for {SIZE // 1024} KiB of JSON with {LEAVES:,} differing leaves",
        COLUMNS,
        [row for row, _ in found.values()],
        [below(title, least, LIMIT, " ms") for title, (_, least) in found.items()],
        [
            f"The least and the median of {TRIES} tries, in one thread, with the shadow worker's settings, "
            + ("interpreted." if (trees.__file__ or "").endswith(".py") else "compiled.")
        ],
        {title: least for title, (_, least) in found.items()},
    )


def timed(
    title: str, make: Callable[[int, str], object], rules: Mapping[str, Any]
) -> tuple[list[str], float]:
    """A row of the table, and the least time in ms."""
    one, other = body(make, 1), body(make, 2)
    policy = Policy.compile(rules, php=True)
    answers = Answer(200, JSON, one), Answer(200, JSON, other)
    times = []
    for _ in range(TRIES):
        begun = time.process_time()
        result = compare(Request("GET", b"/"), *answers, policy)
        times.append((time.process_time() - begun) * 1000)
    if len(result.differences) != LEAVES or result.unread:
        raise BenchError(f"{title}: {len(result.differences)} differences were found, not {LEAVES}")
    took = spread(times)
    cells = [title, f"{len(one) / 1024:.0f}", f"{LEAVES:,}", f"{took.low:.1f}", f"{took.median:.1f}"]
    return cells, took.low


def body(make: Callable[[int, str], object], side: int) -> bytes:
    """This side's body, as long as it may be; what pads it is the same on both."""
    bare = len(json.dumps(make(side, "")))
    pads = max(1, json.dumps(make(side, "?")).count("?"))
    return json.dumps(make(side, "x" * max(0, (SIZE - bare) // pads))).encode()
