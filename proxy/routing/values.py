"""What a route may ask of the value of a header, a query variable or a form variable."""

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from proxy.routing.php import Value
from proxy.routing.repeats import refuse_nested_repeats

MAX_REGEX_VALUE: Final = 4096
"""Bytes of a value that a regular expression looks at; a longer one matches none, so that time is bounded."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The very bytes, case-sensitively. A PHP array equals no scalar."""

    value: bytes

    def accepts(self, value: Value | None) -> bool:
        return value == self.value

    def __str__(self) -> str:
        return f"'{as_text(self.value)}'"


@dataclass(frozen=True, slots=True)
class Regex:
    """The whole value, as Envoy's safe_regex has it; `.*` around it says otherwise. Made by `regex`."""

    pattern: re.Pattern[str]

    def accepts(self, value: Value | None) -> bool:
        if not isinstance(value, bytes) or len(value) > MAX_REGEX_VALUE:
            return False
        return self.pattern.fullmatch(as_text(value)) is not None

    def __str__(self) -> str:
        return f"/{self.pattern.pattern}/"


@dataclass(frozen=True, slots=True)
class Present:
    """There, with any value, arrays and the empty one included; or not there."""

    wanted: bool

    def accepts(self, value: Value | None) -> bool:
        return (value is not None) is self.wanted

    def __str__(self) -> str:
        return "present" if self.wanted else "absent"


Matcher: TypeAlias = Exact | Regex | Present


def regex(source: str) -> Regex:
    """Compile a matcher; `\\d`, `\\w` and `\\s` mean ASCII, as in RE2.

    Raises ValueError for what is no regular expression of Python's `re`, and for one whose time could grow
    exponentially with the value that a client sends.
    """
    try:
        pattern = re.compile(source, re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{source!r} is not a regular expression: {error}") from None
    refuse_nested_repeats(pattern)
    return Regex(pattern)


def as_text(value: bytes) -> str:
    """UTF-8, with the bytes that are not kept apart, so that no two values become one text."""
    return value.decode("utf-8", "surrogateescape")
