"""One bug, one group: a stable hash of what differs, whatever the values and however often."""

import hashlib
import json
import re
from collections.abc import Iterable

from shadow.compare.model import Difference

# `[3]` in a path of any style; a quoted name in brackets is no index.
_QUOTED_OR_INDEX = re.compile(r"'(?:[^'\\]|\\.)*'|\[\d+\]")


def signature(route: str, method: str, differences: Iterable[Difference]) -> str:
    """16 hex digits of SHA-256 over route, method and the sorted set of (where, path without indexes, kind).

    Noise and values do not count; without any difference that is no noise it is the hash of none.
    """
    seen = {
        (str(found.where), general(found.path), str(found.kind)) for found in differences if not found.noise
    }
    content = json.dumps([route, method.upper(), sorted(seen)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def general(path: str) -> str:
    """A path with every array index as [*]: `$.items[3].id` → `$.items[*].id`."""
    return _QUOTED_OR_INDEX.sub(lambda found: found[0] if found[0].startswith("'") else "[*]", path)
