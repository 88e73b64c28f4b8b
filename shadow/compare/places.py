"""Where a value stands in a document, and how that is written."""

from enum import Enum, auto
from typing import Any, TypeAlias, assert_never

from shadow.compare.selectors import Key

# A place is its parent's place and its own key; None is the root. Made for every value, written for few.
# Any is a Place: mypyc cannot compile a type that names itself.
Place: TypeAlias = tuple[Any, Key] | None

_ESCAPES = {"'": "\\'", "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class Style(Enum):
    JSON = auto()  # $.items[0].id, or $['a b'][0] where a name needs quotes
    TABLE = auto()  # [0].column
    FORM = auto()  # the field's name


def written(place: Place, style: Style) -> str:
    """The path of a place; "$" for the whole body in any style."""
    if place is None:
        return "$"
    match style:
        case Style.JSON:
            return _json_path(place)
        case Style.FORM:
            return without_nulls(str(keys_of(place)[0]))
        case Style.TABLE:
            keys = keys_of(place)
            return without_nulls(
                "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
            )
        case _:
            assert_never(style)


def _json_path(place: Place) -> str:
    """Short, if each name is of ASCII letters, digits and _ (RFC 9535 §2.5.1.1); written from its end."""
    path, rest = "", place
    while rest is not None:
        rest, key = rest
        if isinstance(key, int):
            path = f"[{key}]{path}"
        elif key.isidentifier() and key.isascii():
            path = f".{key}{path}"
        else:
            return "$" + "".join([f"[{_quoted(key)}]" for key in keys_of(place)])
    return "$" + path


def keys_of(place: Place) -> list[Key]:
    """The keys that lead to a place, from the root on."""
    keys: list[Key] = []
    while place is not None:
        place, key = place
        keys.append(key)
    return keys[::-1]


def _quoted(key: Key) -> str:
    """A normalised segment (RFC 9535 §2.7)."""
    if isinstance(key, int):
        return str(key)
    return (
        "'"
        + "".join(_ESCAPES.get(mark, f"\\u{ord(mark):04x}" if _is_unwritable(mark) else mark) for mark in key)
        + "'"
    )


def without_nulls(path: str) -> str:
    """A path that every database takes."""
    return path.replace("\0", "\\u0000")


def _is_unwritable(mark: str) -> bool:
    """A control character; or half a surrogate pair, which JSON can say and UTF-8 cannot."""
    return mark < " " or 0xD800 <= ord(mark) <= 0xDFFF
