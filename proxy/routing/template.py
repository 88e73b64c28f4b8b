"""Path templates: `/api/payments/{payment_id}`, `/orders/{id:int}`, `/files/{rest:path}`.

A parameter is a whole segment: `{name}` is any segment that is not empty, `{name:int}` one of ASCII digits,
and `{name:path}`, at the end alone, all that follows its slash, be it nothing. Literals compare
percent-decoded and case-sensitively. A template means what it says: a trailing slash, `.php` or PHP's
PATH_INFO make another path, and whoever wants the aliases of `/pay.php` on the same route gives it a second
template, `/pay.php/{info:path}`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import unquote_to_bytes


class Kind(IntEnum):
    """What a segment of a template accepts, the most specific first."""

    LITERAL = 0
    INTEGER = 1
    NAME = 2
    REST = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: `literal` is its decoded text, `name` the parameter's; the other one is empty."""

    kind: Kind
    literal: bytes = b""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; `source` is its text as written."""

    source: str
    segments: tuple[Segment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names, in order."""
        return tuple(segment.name for segment in self.segments if segment.name)

    @property
    def shape(self) -> tuple[tuple[Kind, bytes], ...]:
        """The template without its names: two of one shape accept the very same paths."""
        return tuple((segment.kind, segment.literal) for segment in self.segments)


_PARAMETER = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = {"": Kind.NAME, "int": Kind.INTEGER, "path": Kind.REST}


def parse_template(text: str) -> Template:
    """Parse the path of a route's `match`. Raises ValueError: what is wrong and what to write instead."""
    segments = tuple(_segment(piece) for piece in pieces(text))
    template = Template(text, segments)
    if any(segment.kind is Kind.REST for segment in segments[:-1]):
        raise ValueError("a {name:path} parameter takes the rest of the path, so nothing can follow it")
    for name, count in Counter(template.names).items():
        if count > 1:
            raise ValueError(f"the parameter {{{name}}} appears more than once")
    return template


def pieces(text: str) -> list[str]:
    """Split a template at its slashes; ValueError for what no path can be."""
    if not text.startswith("/"):
        raise ValueError(f"a path starts with '/', and {text!r} does not")
    if found := re.search(r"[?#]", text):
        raise ValueError(f"a path has no {found[0]!r}; the query has its own key")
    split = text.split("/")[1:]
    if any(unquote_to_bytes(piece) in (b".", b"..") for piece in split):
        raise ValueError("'.' and '..' are resolved before paths are matched, so none can be written here")
    return split


def parameter(piece: str) -> tuple[str, str] | None:
    """Name and type of a segment `{name:type}`, the type empty when there is none; None for a literal."""
    found = _PARAMETER.fullmatch(piece)
    if found:
        name, _, kind = found[1].partition(":")
        return name, kind
    if "{" in piece or "}" in piece:
        raise ValueError(f"{piece!r}: a parameter is a whole segment, as in '/{{name}}/'")
    return None


def typed(name: str, kind: str) -> Segment:
    """The segment of a parameter; ValueError for a bad name or an unknown type."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a parameter: use letters, digits and '_', no digit first")
    if kind not in _KINDS:
        raise ValueError(f"{{{name}:{kind}}}: there is no type {kind!r}, only 'int' and 'path'")
    return Segment(_KINDS[kind], name=name)


def _segment(piece: str) -> Segment:
    found = parameter(piece)
    if found:
        return typed(*found)
    if "*" in piece:
        raise ValueError("'*' is no wildcard: write {name} for one segment, {rest:path} for the rest, or %2A")
    return Segment(Kind.LITERAL, unquote_to_bytes(piece))
