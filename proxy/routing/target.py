"""A raw request target and what matching reads of it. What is forwarded is always the target as it came.

A path is split at its raw slashes first and percent-decoded segment by segment afterwards, so `%2F` is a
character inside a segment and never a separator (RFC 3986 §2.2). Empty segments count: `/a//b` is not `/a/b`.

Dot segments are resolved before matching (RFC 3986 §5.2.4), `%2e` included, because that is what PHP's
servers do before they pick a script. Were `/public/../admin` matched as it stands, it would reach `/admin`
under the rules of `/public`; resolved, the rules that hold are those of the endpoint that answers, and no
path parameter is ever a dot segment that a rewrite could turn into another path.
"""

import re
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*+://([^/?#]*+)(.*+)", re.DOTALL)

_PERCENT: Final = ord("%")
_DOT: Final = ord(".")

MAX_HOST: Final = 255
"""Bytes; DNS knows no longer name (RFC 1035 §2.3.4)."""


Segments: TypeAlias = tuple[list[bytes], list[bytes]]
"""What stands between the slashes of a path, in two parallel lists: as sent, and percent-decoded."""


def split_target(target: bytes) -> tuple[bytes | None, bytes, bytes]:
    """Authority, path and query (without `?`) of a target in origin or absolute form (RFC 9112 §3.2).

    The authority is None in origin form. The path is empty for `*` and for CONNECT's `host:port`, which
    belong to no path, and `/` where an absolute form has none.
    """
    if target[:1] == b"/":
        path, _, query = target.partition(b"?")
        return None, path, query
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        return None, b"", b""
    path, _, query = absolute[2].partition(b"?")
    return absolute[1], path or b"/", query


def split_path(path: bytes) -> Segments:
    """The segments of a path that starts with `/`; the root has one, which is empty."""
    raw = path.split(b"/")
    del raw[0]
    if _PERCENT in path:
        decoded = [unquote_to_bytes(segment) if _PERCENT in segment else segment for segment in raw]
    elif _DOT in path:
        decoded = raw
    else:
        return raw, raw
    if b"." in decoded or b".." in decoded:
        return _without_dots(raw, decoded)
    return raw, decoded


def _without_dots(raw: list[bytes], decoded: list[bytes]) -> Segments:
    kept: list[tuple[bytes, bytes]] = []
    for pair in zip(raw, decoded, strict=True):
        if pair[1] == b"..":
            del kept[-1:]
        elif pair[1] != b".":
            kept.append(pair)
    if decoded[-1] in (b".", b".."):
        kept.append((b"", b""))
    return [pair[0] for pair in kept], [pair[1] for pair in kept]


def host_name(authority: bytes) -> bytes:
    """The host of `user@Host:port` for comparing: lower case, no port, no dot of the DNS root."""
    host = authority.rpartition(b"@")[2]
    if host[:1] == b"[":
        return host.partition(b"]")[0].lower() + b"]"
    return host.partition(b":")[0].lower().removesuffix(b".")
