"""Sticky sources: what of a request says whose it is, so that one user keeps seeing one side.

An empty value is no value: all who send one would else share a bucket.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from proxy.portable import Portable
from proxy.routing.head import Head
from proxy.routing.target import split_target
from proxy.routing.variable import Variable, variable

Params: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class HeaderSource(Portable):
    """The first value of the header with this lower-case name."""

    name: bytes

    def read(self, head: Head, params: Params) -> bytes | None:
        return head.get(self.name) or None

    def __str__(self) -> str:
        return f"header:{self.name.decode()}"


@dataclass(frozen=True, slots=True)
class CookieSource(Portable):
    """A cookie; of duplicates the first, as PHP has it, whichever side answers."""

    cookie: Variable

    def read(self, head: Head, params: Params) -> bytes | None:
        lines = head.get_all(b"cookie")
        return (self.cookie.in_cookies(lines) or None) if lines else None

    def __str__(self) -> str:
        return f"cookie:{self.cookie.name}"


@dataclass(frozen=True, slots=True)
class QuerySource(Portable):
    """A variable of the query string."""

    variable: Variable

    def read(self, head: Head, params: Params) -> bytes | None:
        return self.variable.in_query(split_target(head.target)[2]) or None

    def __str__(self) -> str:
        return f"query:{self.variable.name}"


@dataclass(frozen=True, slots=True)
class PathSource(Portable):
    """A path parameter, percent-decoded: `%41` is the user `A`."""

    name: str

    def read(self, head: Head, params: Params) -> bytes | None:
        return unquote_to_bytes(params.get(self.name, b"")) or None

    def __str__(self) -> str:
        return f"path:{self.name}"


@dataclass(frozen=True, slots=True)
class ClientIpSource(Portable):
    """The client's address, which behind a proxy is what a trusted one named."""

    def read(self, head: Head, params: Params) -> bytes | None:
        return head.client.encode() or None

    def __str__(self) -> str:
        return "client_ip"


Source: TypeAlias = HeaderSource | CookieSource | QuerySource | PathSource | ClientIpSource

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 §5.6.2


def parse_source(text: str, php: bool = False) -> Source:
    """Read a source as routes.yaml writes it; `php` says how cookies and the query are read.

    Raises ValueError. Whether the route has such a path parameter is for the caller to check.
    """
    kind, colon, name = text.partition(":")
    if text == "client_ip":
        return ClientIpSource()
    if kind not in ("header", "cookie", "query", "path") or not colon:
        raise ValueError(f"{text!r} is not one of header:NAME, cookie:NAME, query:NAME, path:NAME, client_ip")
    if not name:
        raise ValueError(f"{text!r} lacks the name, as in '{kind}:NAME'")
    if kind == "path":
        return PathSource(name)
    if kind == "header":
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a header's name")
        return HeaderSource(name.lower().encode())
    return CookieSource(variable(name, php)) if kind == "cookie" else QuerySource(variable(name, php))


def first_present(sources: Iterable[Source], head: Head, params: Params) -> bytes | None:
    """The sticky key: the value of the first source that has one."""
    for source in sources:
        value = source.read(head, params)
        if value is not None:
            return value
    return None
