"""Whom a request is for: its Host, and the authority that its target may name."""

import re
from typing import Final

from proxy.http1.errors import malformed
from proxy.routing.head import Head

_HOST: Final = re.compile(
    rb"[A-Za-z0-9._~\-]*+(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~\-]*+)*+(?::\d*+)?|\[[0-9A-Fa-f:.]++\](?::\d*+)?"
)
_HOSTS: Final[set[bytes]] = set()
_MOST_HOSTS: Final = 1000
_LONGEST_HOST: Final = 262
"""A name as long as DNS knows (RFC 1035 §2.3.4), a colon and a port."""
_ABSOLUTE: Final = re.compile(rb"(?i:https?)://([^/?]+)")
_FRAGMENT: Final = ord("#")


def check_host(head: Head, host: bytes | None) -> None:
    """One valid Host, and a target of a form that a gateway forwards (RFC 9112 §3.2)."""
    if host is None:
        if head.minor == 1:
            raise malformed("an HTTP/1.1 request without a Host header")
    elif not _is_host(host):
        raise malformed("the Host header is not a host name with an optional port")
    target = head.target
    if _FRAGMENT in target:
        raise malformed("the target carries a fragment")
    if target.startswith(b"/"):
        if head.method == b"CONNECT":
            raise malformed("CONNECT is not forwarded")
        return
    absolute = _ABSOLUTE.match(target)
    if absolute is None:
        if target == b"*" and head.method == b"OPTIONS":
            return
        raise malformed("the target is neither a path nor an http URL")
    if head.method == b"CONNECT" or _HOST.fullmatch(absolute[1]) is None:
        raise malformed("the target names no valid host")


def _is_host(value: bytes) -> bool:
    """Whether this is a name or an address, with or without a port. Few come again and again."""
    if value in _HOSTS:
        return True
    if _HOST.fullmatch(value) is None:
        return False
    if len(_HOSTS) >= _MOST_HOSTS:
        _HOSTS.clear()
    if len(value) <= _LONGEST_HOST:
        _HOSTS.add(value)
    return True


def authority(target: bytes) -> bytes | None:
    """The host and port of an absolute-form target, which overrule Host (RFC 9112 §3.2.2)."""
    if target.startswith(b"/"):
        return None
    match = _ABSOLUTE.match(target)
    return match[1] if match else None


def origin_form(target: bytes, method: bytes) -> bytes:
    """The target without the authority that an absolute form names; `*` for OPTIONS of a whole server.

    Any other target is returned as it is (RFC 9112 §3.2.1, §3.2.4).
    """
    match = _ABSOLUTE.match(target)
    if match is None:
        return target
    rest = target[match.end() :]
    if not rest and method == b"OPTIONS":
        return b"*"
    return rest if rest.startswith(b"/") else b"/" + rest
