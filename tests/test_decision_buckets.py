"""Buckets: fixed for ever, even, and moved one way only by a weight."""

import subprocess
import sys
from bisect import bisect_left
from functools import cache
from hashlib import blake2b
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.decision.buckets import BUCKETS, bucket

KEYS = [b"m_%d" % number for number in range(20_000)]


@cache
def sorted_buckets(salt: bytes) -> list[int]:
    return sorted(bucket(salt, key) for key in KEYS)


@pytest.mark.parametrize(
    ("salt", "key", "place"),
    [
        (b"", b"", 2814),
        (b"checkout", b"m_1", 8468),
        (b"checkout", b"m_2", 6795),
        (b"payment-show", b"m_1", 2620),
    ],
)
def test_buckets_never_change(salt: bytes, key: bytes, place: int) -> None:
    # Made with coreutils: printf "\0\0\0\x08checkoutm_1" | b2sum -l 64
    assert bucket(salt, key) == place


def test_the_documented_layout() -> None:
    digest = blake2b(b"\0\0\0\x08checkoutm_1", digest_size=8).digest()
    assert bucket(b"checkout", b"m_1") == int.from_bytes(digest, "big") % 10_000


def test_another_process_finds_the_same_buckets() -> None:
    code = "from proxy.decision.buckets import bucket; print([bucket(b's', b'%d' % n) for n in range(50)])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == str([bucket(b"s", b"%d" % number) for number in range(50)])


@given(st.binary(), st.binary())
def test_a_bucket_is_one_of_ten_thousand(salt: bytes, key: bytes) -> None:
    assert 0 <= bucket(salt, key) < BUCKETS


def test_salt_and_key_do_not_run_into_each_other() -> None:
    assert bucket(b"ab", b"c") != bucket(b"a", b"bc")


@given(st.integers(0, BUCKETS), st.sampled_from([b"", b"checkout", b"payment-show", b"x" * 64]))
def test_the_share_is_within_binomial_bounds(weight: int, salt: bytes) -> None:
    served = bisect_left(sorted_buckets(salt), weight)
    share = weight / BUCKETS
    assert abs(served - len(KEYS) * share) <= 5 * sqrt(len(KEYS) * share * (1 - share)) + 1e-9


def test_salts_are_independent() -> None:
    both = sum(bucket(b"one", key) < 5000 and bucket(b"other", key) < 5000 for key in KEYS)
    assert abs(both - len(KEYS) / 4) <= 5 * sqrt(len(KEYS) * 3 / 16)
