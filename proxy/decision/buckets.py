"""Where a sticky key stands among 10,000: the same on every worker, machine and day."""

from hashlib import blake2b
from typing import Final

BUCKETS: Final = 10_000
"""Buckets, and so also the unit of weights and samples: a hundredth of a percent."""


def bucket(salt: bytes, key: bytes) -> int:
    """The bucket of a key, 0–9999.

    It is BLAKE2b with an 8-byte digest over the salt's length (4 bytes, big-endian), the salt and the key,
    read as a big-endian integer, modulo 10,000. The length keeps (`ab`, `c`) and (`a`, `bc`) apart. What is
    below the weight goes to modern, so another weight moves only the keys between the two.
    """
    digest = blake2b(len(salt).to_bytes(4, "big") + salt + key, digest_size=8).digest()
    return int.from_bytes(digest, "big") % BUCKETS
