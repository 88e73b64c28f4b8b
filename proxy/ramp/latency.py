"""Latency histograms that any two machines can add up: fixed buckets, 16 to each doubling.

A bucket is a whole number, found from microseconds by shifting bits: no floats, no logarithm, cheap enough
for every request. A bucket is at most 6.25 % wide, which is what a latency gate can be off by.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

Histogram: TypeAlias = Mapping[int, int]
"""bucket → how many requests"""

_BITS: Final = 4
_PER_OCTAVE: Final = 1 << _BITS


def bucket_of(microseconds: int) -> int:
    """The bucket of a latency. Buckets are in order; below 32 µs each is one microsecond wide."""
    shift = max(microseconds.bit_length() - _BITS - 1, 0)
    return (shift << _BITS) + (microseconds >> shift)


def floor_of(bucket: int) -> int:
    """The least latency of a bucket, in microseconds. The bucket ends where the next one begins."""
    shift = max((bucket >> _BITS) - 1, 0)
    return (bucket - (shift << _BITS)) << shift


def merged(histograms: Iterable[Histogram]) -> dict[int, int]:
    """The sum of several histograms."""
    total: dict[int, int] = {}
    for histogram in histograms:
        for bucket, count in histogram.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def surely_above(histogram: Histogram, microseconds: float) -> int:
    """How many latencies are at or above a mark, leaving out the bucket that the mark cuts in two."""
    return sum(count for bucket, count in histogram.items() if floor_of(bucket) >= microseconds)


def possibly_above(histogram: Histogram, microseconds: float) -> int:
    """How many latencies may be at or above a mark, counting the bucket that the mark cuts in two."""
    return sum(count for bucket, count in histogram.items() if floor_of(bucket + 1) > microseconds)


def quantile_of(histogram: Histogram, quantile: float) -> int:
    """The microseconds at which the bucket of a quantile begins; 0 where there are none."""
    wanted, seen = quantile * sum(histogram.values()), 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= wanted:
            return floor_of(bucket)
    return 0
