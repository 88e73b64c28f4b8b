"""The path a modern service wants in place of the client's: `/v1/pay/{payment_id}`, `/v1/pay/{query.id}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote, quote_from_bytes

from proxy.routing.target import split_target
from proxy.routing.template import Template, parameter, pieces, typed
from proxy.routing.variable import Variable, variable

_PATH_SAFE = "!$&'()*+,-.:;=@_~%"  # a segment's characters (RFC 3986 §3.3), and the escapes already there


@dataclass(frozen=True, slots=True)
class Parameter:
    """A segment taken from the client's path."""

    name: str


Part: TypeAlias = bytes | Parameter | Variable


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A parsed rewrite; each part is one segment."""

    source: str
    parts: tuple[Part, ...]

    def render(self, target: bytes, params: Mapping[str, bytes]) -> bytes | None:
        """The target to send instead of `target`, whose query string is kept byte for byte.

        Path parameters go in as they came, never decoded and encoded anew; query variables are decoded by
        their dialect and percent-encoded as one segment. None when the request has no such variable, or one
        that would be an empty or a dot segment: then the path would mean another resource.
        """
        path = bytearray()
        query: bytes | None = None
        for part in self.parts:
            path += b"/"
            if isinstance(part, bytes):
                path += part
            elif isinstance(part, Parameter):
                path += params[part.name]
            else:
                query = split_target(target)[2] if query is None else query
                value = part.in_query(query)
                if value in (None, b"", b".", b".."):
                    return None
                path += quote_from_bytes(value, safe="").encode()
        _, mark, rest = target.partition(b"?")
        return bytes(path) + mark + rest

    def undefined(self, template: Template) -> list[str]:
        """The parameters that the route's match does not define, so that nothing could be put in."""
        names = (part.name for part in self.parts if isinstance(part, Parameter))
        return [name for name in names if name not in template.names]


def parse_rewrite(text: str, php: bool = False) -> Rewrite:
    """Parse `modern.path`; `php` says how `{query.x}` is read. Raises ValueError as `parse_template` does.

    A type may be repeated (`{rest:path}`); only the name counts, the match has checked the value.
    """
    return Rewrite(text, tuple(_part(piece, php) for piece in pieces(text)))


def _part(piece: str, php: bool) -> Part:
    found = parameter(piece)
    if found is None:
        return quote(piece, safe=_PATH_SAFE).encode()
    name, kind = found
    source, dot, key = name.partition(".")
    if not dot:
        return Parameter(typed(name, kind).name)
    if source != "query":
        raise ValueError(f"{{{name}}}: besides path parameters a rewrite knows only {{query.NAME}}")
    return variable(key, php)
