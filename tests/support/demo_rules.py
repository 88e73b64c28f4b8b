"""What may differ between the demo's sides without being a bug, path by path, and a small comparison by it.

The comparison is made for these tests alone: short enough to be believed, it says what shadowing has to find.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.demo import Reply

BERLIN = ZoneInfo("Europe/Berlin")

NUMERIC_STRINGS = {
    "$.installments",
    "$.data[*].installments",
    "$.total",
    "$.rates[*].decimals",
    "$.totals.payments",
    "$.by_status.*",
    "$.days[*].payments",
}
"""Where the gateway answers `"3"` and the service 3."""

EMPTY_MAPS = {"$.metadata", "$.data[*].metadata", "$.settings", "$.surcharges", "$.by_status"}
"""Where the gateway answers `[]` and the service `{}`."""

INSTANTS = {"$.generated_at"}
"""Where the gateway answers Berlin time without an offset and the service UTC."""

COMPARED_HEADERS = ("content-type", "cache-control", "location", "www-authenticate")


def differences(legacy: Reply, modern: Reply) -> set[str]:
    """Where two replies differ once the declared rules are applied: `status`, `header:…` and JSON paths."""
    found = {f"header:{name}" for name in COMPARED_HEADERS if legacy.get(name) != modern.get(name)}
    if legacy.status != modern.status:
        found.add("status")
    if not legacy.body or not modern.body:
        return found | ({"$"} if legacy.body != modern.body else set())
    return found | set(_leaves(json.loads(legacy.body), json.loads(modern.body), "$"))


def _leaves(legacy: Any, modern: Any, path: str) -> Iterator[str]:
    match legacy, modern:
        case dict(), dict():
            for key in legacy.keys() | modern.keys():
                one = f"{path}.{key}"
                if key in legacy and key in modern:
                    yield from _leaves(legacy[key], modern[key], one)
                else:
                    yield one
        case list(), list() if len(legacy) == len(modern):
            for one_legacy, one_modern in zip(legacy, modern, strict=True):
                yield from _leaves(one_legacy, one_modern, f"{path}[*]")
        case _ if not _equal(legacy, modern, path):
            yield path


def _equal(legacy: Any, modern: Any, path: str) -> bool:
    if {path, re.sub(r"\.\w+$", ".*", path)} & NUMERIC_STRINGS:
        return isinstance(legacy, str) and type(modern) is int and legacy == str(modern)
    if path in EMPTY_MAPS and legacy == []:
        return bool(modern == {})
    if path in INSTANTS:
        return datetime.fromisoformat(legacy).replace(tzinfo=BERLIN) == datetime.fromisoformat(modern)
    return (type(legacy) is type(modern) and bool(legacy == modern)) or _same_number(legacy, modern)


def _same_number(legacy: Any, modern: Any) -> bool:
    return {type(legacy), type(modern)} == {int, float} and bool(legacy == modern)
