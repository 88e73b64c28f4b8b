"""Where a value stands in a document, and how that is written."""

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TypeAlias, assert_never

from shadow.compare.selectors import Key

# A place is its parent's place and its own key; None is the root. Made for every value, written for few.
Place: TypeAlias = tuple["Place", Key] | None

_SHORTHAND = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)  # RFC 9535 §2.5.1.1, its ASCII part
_ESCAPES = {"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class Style(Enum):
    JSON = auto()  # $.items[0].id, or $['a b'][0] where a name needs quotes
    TABLE = auto()  # [0].column
    FORM = auto()  # the field's name


def written(place: Place, style: Style) -> str:
    """The path of a place; "$" for the whole body in any style."""
    if place is None:
        return "$"
    keys = keys_of(place)
    match style:
        case Style.FORM:
            return str(keys[0])
        case Style.TABLE:
            return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
        case Style.JSON:
            return _json_path(keys)
        case _:
            assert_never(style)


def _json_path(keys: list[Key]) -> str:
    short = [f"[{key}]" if key.__class__ is int else _short(key) for key in keys]
    if "" not in short:
        return "$" + "".join(short)
    return "$" + "".join(f"[{_quoted(key)}]" for key in keys)


def keys_of(place: Place) -> list[Key]:
    """The keys that lead to a place, from the root on."""
    keys: list[Key] = []
    while place is not None:
        place, key = place
        keys.append(key)
    return keys[::-1]


@lru_cache(maxsize=4096)
def _short(name: Key) -> str:
    return f".{name}" if _SHORTHAND.fullmatch(str(name)) else ""


def _quoted(key: Key) -> str:
    """A normalised segment (RFC 9535 §2.7)."""
    if isinstance(key, int):
        return str(key)
    return (
        "'"
        + "".join(_ESCAPES.get(mark, mark if mark >= " " else f"\\u{ord(mark):04x}") for mark in key)
        + "'"
    )
