"""Gate samples: what each process saw of a route in each slot of time, written once, when it is over."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection, RowMapping, delete, select
from sqlalchemy.exc import DBAPIError

from proxy.ledger.clock import present
from proxy.ledger.schema import samples
from proxy.ledger.upsert import upsert
from proxy.ramp.evidence import Sample, SideSample
from proxy.ramp.latency import Histogram, merged

_HIGHEST = 10_000
"""No latency lies in a bucket near this one; far above it even floats end."""


class Unreadable(Exception):
    """Samples that say nothing: somebody, or a disk, changed them in the ledger, or they cannot be got."""


def write(connection: Connection, seen: Sequence[tuple[str, Sample]]) -> None:
    """Keeps samples, each with its route. What is there already stays: a doubtful write may be repeated."""
    rows = [
        {
            "route": route,
            "slot": sample.slot,
            "source": sample.source,
            "legacy_requests": sample.legacy.requests,
            "legacy_errors": sample.legacy.errors,
            "legacy_latency": _text(sample.legacy.latency),
            "modern_requests": sample.modern.requests,
            "modern_errors": sample.modern.errors,
            "modern_latency": _text(sample.modern.latency),
            "compared": sample.compared,
            "mismatches": sample.mismatches,
        }
        for route, sample in seen
    ]
    upsert(connection, samples, rows)


def read(connection: Connection, route: str, since: int, before: int | None = None) -> list[Sample]:
    """The samples of a route from one slot on, and before another, by time. Raises Unreadable."""
    query = select(samples).where(samples.c.route == route, samples.c.slot >= since)
    if before is not None:
        query = query.where(samples.c.slot < before)
    try:
        with connection.begin_nested():  # what else the transaction does is not lost by a read that fails
            rows = connection.execute(query.order_by(samples.c.slot, samples.c.source)).mappings().all()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        raise Unreadable(f"{error.orig}".partition("\n")[0]) from None
    return [_sample(row) for row in rows]


def recent(connection: Connection, span: timedelta) -> dict[str, Sample]:
    """What all processes saw of each route in a span of time until now, as one sample. Leaves out what
    cannot be read: this is for people to look at."""
    since = int((present(connection) - span).timestamp())
    found = connection.execute(select(samples).where(samples.c.slot >= since)).mappings()
    of_route: dict[str, list[Sample]] = {}
    for row in found:
        with suppress(Unreadable):
            of_route.setdefault(row["route"], []).append(_sample(row))
    return {route: _sum(since, seen) for route, seen in of_route.items() if seen}


def prune(connection: Connection, before: int) -> int:
    """Forgets samples of slots that began before an instant, in seconds since 1970. Returns how many."""
    return connection.execute(delete(samples).where(samples.c.slot < before)).rowcount


def _sample(row: RowMapping) -> Sample:
    sample = Sample(
        row["slot"],
        row["source"],
        _side(row, "legacy"),
        _side(row, "modern"),
        row["compared"],
        row["mismatches"],
    )
    if not 0 <= sample.mismatches <= sample.compared:
        raise Unreadable(f"{sample.mismatches} of {sample.compared} exchanges mismatch")
    return sample


def _side(row: RowMapping, side: Literal["legacy", "modern"]) -> SideSample:
    requests, errors = row[f"{side}_requests"], row[f"{side}_errors"]
    if not 0 <= errors <= requests:
        raise Unreadable(f"{errors} of {requests} {side} requests failed")
    return SideSample(requests, errors, _histogram(row[f"{side}_latency"]))


def _sum(slot: int, seen: Sequence[Sample]) -> Sample:
    legacy, modern = (
        SideSample(
            sum(side.requests for side in sides),
            sum(side.errors for side in sides),
            merged(side.latency for side in sides),
        )
        for sides in ([one.legacy for one in seen], [one.modern for one in seen])
    )
    compared, mismatches = sum(one.compared for one in seen), sum(one.mismatches for one in seen)
    return Sample(slot, "all", legacy, modern, compared, mismatches)


def _text(histogram: Histogram) -> str:
    return json.dumps({str(bucket): count for bucket, count in histogram.items()}, separators=(",", ":"))


def _histogram(text: str) -> Histogram:
    try:
        histogram = {int(bucket): int(count) for bucket, count in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable(f"a latency histogram: {error}") from None
    if not all(0 <= bucket <= _HIGHEST and count >= 0 for bucket, count in histogram.items()):
        raise Unreadable("a latency histogram of impossible buckets or counts")
    return histogram
