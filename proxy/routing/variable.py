"""One variable of a query string, a form or the cookies, found as the legacy backend's dialect finds it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from proxy.routing import php, plain
from proxy.routing.php import Key, Value, Values


@dataclass(frozen=True, slots=True)
class Variable:
    """`name` as written in the configuration; `base` and `indexes` are where PHP keeps it (`a[x][0]`)."""

    name: str = field(compare=False)
    base: Key
    indexes: tuple[Key, ...] = ()
    php: bool = False

    def find(self, values: Values) -> Value | None:
        """Its value, which in PHP may be an array; None when there is none."""
        value = values.get(self.base)
        for index in self.indexes:
            if not isinstance(value, php.PhpArray):
                return None
            value = value.get(index)
        return value

    def in_query(self, query: bytes) -> bytes | None:
        """Its scalar value in a raw query string."""
        return _scalar(self.find(parse_query(query, self.php)))

    def in_cookies(self, lines: Sequence[bytes]) -> bytes | None:
        """Its scalar value in the values of a request's Cookie headers; the first of duplicates wins."""
        base = self.base
        # Cookies' names are not encoded, and mangling makes only `_`, so that this name has one spelling.
        if isinstance(base, bytes) and not (self.php and b"_" in base):
            lines = [line for line in lines if base in line]
            if not lines:
                return None
            if len(lines) == 1 and not self.indexes and lines[0].count(base) == 1:
                found = _cookie(base).search(lines[0])
                if found:
                    return unquote_to_bytes(found[1]) if self.php else found[1].strip()
        parse = php.parse_cookies if self.php else plain.parse_cookies
        return _scalar(self.find(parse(lines)))


def variable(name: str, php_dialect: bool) -> Variable:
    """Read a variable's name. Raises ValueError for one that no request can ever set."""
    raw = name.encode()
    if not raw:
        raise ValueError("a variable's name is empty")
    if not php_dialect:
        return Variable(name, raw)
    place = php.name_path(raw)
    if place is None or len(place[1]) > php.MAX_NESTING:
        raise ValueError(f"PHP drops a variable named {name!r}")
    base, indexes = place
    known = tuple(index for index in indexes if index is not None)
    if len(known) < len(indexes):
        raise ValueError(f"{name!r} names no element: write its index, as in {name.replace('[]', '[0]')!r}")
    return Variable(name, base, known, True)


@lru_cache(maxsize=256)
def _cookie(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|;)[ \t]*+" + re.escape(name) + rb"=([^;]*+)")


def parse_query(query: bytes, php_dialect: bool) -> Values:
    """All variables of a raw query string."""
    return php.parse_query(query) if php_dialect else plain.parse(query)


def parse_form(body: bytes, php_dialect: bool) -> Values:
    """All variables of a raw urlencoded body."""
    return php.parse_form(body) if php_dialect else plain.parse(body)


def _scalar(value: Value | None) -> bytes | None:
    return None if isinstance(value, php.PhpArray) else value
