"""How PHP reads query strings, urlencoded form bodies and cookies; checked against a real PHP in the tests.

Names are mangled (`b.c`, `d e`, `j[x` become `b_c`, `d_e`, `j_x`), brackets nest (`a[]=1`, `a[x][y]=2`), of a
repeated name the last wins in a query and the first among cookies, and what exceeds `max_input_vars` is gone.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

MAX_INPUT_VARS: Final = 1000
"""php.ini's default: so many variables of a query string or a Cookie header are read."""

MAX_FORM_VARS: Final = MAX_INPUT_VARS + 1
"""A form body gets one more: PHP registers the variable before it counts it."""

MAX_NESTING: Final = 64
"""php.ini's default `max_input_nesting_level`."""

Key: TypeAlias = bytes | int
Path: TypeAlias = tuple[Key, tuple[Key | None, ...]]
"""Where a name points: the variable, and the indexes into it; None is `[]`, the next free index."""

_SIMPLE = re.compile(rb"[A-Za-z_][A-Za-z0-9_-]*+").fullmatch
_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}").fullmatch
_MANGLE = bytes.maketrans(b" .[", b"___")
_SPACE = b" \t\n\v\f\r"
_SPACES = frozenset(_SPACE[i : i + 1] for i in range(len(_SPACE)))
_RESERVED = (b"__Host-", b"__Secure-")
_EQUALS = ord("=")
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


Values: TypeAlias = dict[Key, "Value"]


class PhpArray(Values):
    """An ordered array whose keys are strings or integers, as PHP's are."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: int | None = None

    def put(self, key: Key | None, value: "Value") -> None:
        """Set one element; None appends. Nothing is appended after the greatest integer there is."""
        if key is None:
            key = 0 if self._next is None else self._next
            if key > _INT_MAX:
                return
        if isinstance(key, int) and (self._next is None or key >= self._next):
            self._next = key + 1
        self[key] = value

    def enter(self, key: Key | None) -> "PhpArray | None":
        """The array at `key`: made where there is none, in place of a scalar; None when it cannot be made."""
        if key is not None and isinstance(inner := self.get(key), PhpArray):
            return inner
        size, inner = len(self), PhpArray()
        self.put(key, inner)
        return inner if key is not None or len(self) > size else None


Value: TypeAlias = bytes | PhpArray


def parse_query(query: bytes) -> PhpArray:
    """`$_GET` of a raw query string (without its `?`); also what `parse_str` does."""
    result = PhpArray()
    for pair in islice(filter(None, query.split(b"&")), MAX_INPUT_VARS):
        _add_pair(result, pair)
    return result


def parse_form(body: bytes) -> PhpArray:
    """`$_POST` of a raw urlencoded body."""
    result = PhpArray()
    for pair in body.split(b"&", MAX_FORM_VARS)[:MAX_FORM_VARS]:
        _add_pair(result, pair)
    return result


def parse_cookies(lines: Iterable[bytes]) -> PhpArray:
    """`$_COOKIE` of the values of a request's Cookie headers: of a repeated name the first wins.

    Names are not percent-decoded, and `+` in a value is a plus. Several Cookie lines are read as if a `; `
    stood between them (RFC 9113 §8.2.3).
    """
    result = PhpArray()
    pairs = [pair.lstrip(_SPACE) for line in lines for pair in line.split(b";")]
    for pair in [pair for pair in pairs if pair and pair[0] != _EQUALS][:MAX_INPUT_VARS]:
        name, _, value = pair.partition(b"=")
        if b"%" in value:
            value = unquote_to_bytes(value)
        if _SIMPLE(name):
            result.setdefault(name, value)
        else:
            _register(result, name, value, keep_first=True)
    return result


def _add_pair(result: PhpArray, pair: bytes) -> None:
    name, _, value = pair.partition(b"=")
    if _SIMPLE(name):
        result[name] = decode(value)
    else:
        _register(result, decode(name), decode(value))


def decode(text: bytes) -> bytes:
    """Undo percent-encoding and `+`; a `%` that two hex digits do not follow stays as it is."""
    if b"+" in text:
        text = text.replace(b"+", b" ")
    return unquote_to_bytes(text) if b"%" in text else text


def _register(result: PhpArray, name: bytes, value: bytes, keep_first: bool = False) -> None:
    """Put a variable where its decoded name says, as `php_register_variable_ex` does."""
    place = name_path(name)
    if place is None or (keep_first and not place[1] and place[0] in result):
        return
    base, indexes = place
    array = result
    key: Key | None = base
    for index in indexes:
        inner = None if _forged(key, name) else array.enter(key)
        if inner is None:
            return
        array, key = inner, index
    if len(indexes) > MAX_NESTING:
        # PHP gives up on such a name, and takes along what stood under its first key.
        del result[base]
    elif not _forged(key, name):
        array.put(key, value)


def _forged(key: Key | None, name: bytes) -> bool:
    """Whether mangling made a name that browsers reserve (`..Host-id`) out of one that is not."""
    return isinstance(key, bytes) and any(
        key.startswith(prefix) and not name.lstrip(b" ").startswith(prefix) for prefix in _RESERVED
    )


def name_path(name: bytes) -> Path | None:
    """Where PHP puts the variable of this decoded name; None when that is nowhere."""
    name = name.partition(b"\0")[0].lstrip(b" ")
    base, bracket, rest = name.partition(b"[")
    if not base:
        return None
    base = base.translate(_MANGLE)
    if not bracket:
        return _key(base), ()
    indexes = _indexes(rest)
    if not indexes:
        # A bracket that nothing closes is a character like another.
        return _key(base + b"_" + rest.translate(_MANGLE)), ()
    return _key(base), indexes


def _indexes(rest: bytes) -> tuple[Key | None, ...]:
    """The keys in `x][y][]…`; what follows a bracket that is not closed, or a closed one, is ignored."""
    indexes: list[Key | None] = []
    while len(indexes) < MAX_NESTING:
        end = rest.find(b"]", 1 if rest[:1] in _SPACES else 0)
        if end < 0:
            return tuple(indexes)
        index = rest[:end]
        indexes.append(None if not index or index in _SPACES else _key(index))
        if rest[end + 1 : end + 2] != b"[":
            return tuple(indexes)
        rest = rest[end + 2 :]
    return (*indexes, None)  # one too many, whatever it says


def _key(name: bytes) -> Key:
    """Canonical decimal integers are integer keys."""
    if _INTEGER(name) and _INT_MIN <= (number := int(name)) <= _INT_MAX:
        return number
    return name
