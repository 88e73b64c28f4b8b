"""The head that a backend gets: the client's lines, less what ends here, plus who asked. Pure."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from proxy.http1.fields import FORWARDED, HOP_BY_HOP, MISTAKEN
from proxy.http1.request import CHUNKED, Request
from proxy.http1.target import authority, origin_form
from proxy.outcome import Trace
from proxy.routing.head import Head

Network = IPv4Network | IPv6Network

_DROP: Final = HOP_BY_HOP | MISTAKEN | {b"x-banyan-debug", b"x-banyan-shadow"}
_DROP_UNTRUSTED: Final = _DROP | FORWARDED
_NOT_FOR_OLD: Final = frozenset({b"expect"})
"""An HTTP/1.0 client cannot wait for a 100 (RFC 9110 §10.1.1)."""
_VIA: Final = (b"Via: 1.0 banyan", b"Via: 1.1 banyan")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class HeadEdit:
    """What a route's side changes: lower-case names to drop, lines to add, a Host to set in its place."""

    drop: frozenset[bytes] = frozenset()
    add: tuple[bytes, ...] = ()
    host: bytes | None = None


NO_EDIT: Final = HeadEdit()


class Peer:
    """Who is at the other end of a client connection. `forwarded` are the lines that say so to a backend."""

    __slots__ = ("address", "forwarded", "proto", "secure", "trusted")

    def __init__(self, address: str, secure: bool, trusted: bool) -> None:
        self.address = address
        self.secure = secure
        self.trusted = trusted
        self.proto = b"https" if secure else b"http"
        self.forwarded = b"X-Forwarded-For: %b\r\nX-Forwarded-Proto: %b" % (address.encode(), self.proto)


def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    """Whether this address belongs to a proxy whose X-Forwarded-* are believed."""
    if not trusted:
        return False
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in trusted)


def client_address(head: Head, peer: Peer, trusted: tuple[Network, ...]) -> str:
    """The nearest address in X-Forwarded-For that is no trusted proxy; the peer's if it is not trusted."""
    if not peer.trusted:
        return peer.address
    chain = b",".join(head.get_all(b"x-forwarded-for")).decode("latin-1").split(",")
    for address in reversed([item.strip() for item in chain if item.strip()]):
        if not is_trusted(address, trusted):
            return address
    return peer.address


def valid_traceparent(value: bytes | None) -> bool:
    """W3C Trace Context, version 00."""
    return value is not None and _TRACEPARENT.fullmatch(value) is not None


def valid_request_id(value: bytes | None) -> bool:
    """Kept if it is of sensible length; field values hold no control bytes but tab by now."""
    return value is not None and 0 < len(value) <= 200


def upstream_head(
    request: Request, target: bytes, edit: HeadEdit, peer: Peer, trace: Trace, default_host: bytes
) -> bytes:
    """Request line and fields for the backend, ended by the empty line.

    Every line that is forwarded keeps its bytes and its order. `default_host` names the backend for an
    HTTP/1.0 client that sent no Host. Where the Host is not the client's, an absolute target loses the one it
    names: the two must not disagree (RFC 9112 §3.2.2).
    """
    head, named = request.head, request.named
    drop = _DROP if peer.trusted else _DROP_UNTRUSTED
    if request.nominated or edit.drop or head.minor == 0:
        drop = drop | request.nominated | edit.drop | (_NOT_FOR_OLD if head.minor == 0 else frozenset())
    if edit.host is not None:
        target = origin_form(target, head.method)
    lines = [b"%b %b HTTP/1.1" % (head.method, target)]
    lines += [line for lower, line, _ in head.fields if lower not in drop]
    asked_for = authority(head.target) or named.get(b"host")
    host = edit.host or asked_for or default_host
    if host != named.get(b"host"):
        _put(lines, b"host:" if b"host" in named else None, b"Host: " + host)
    lines += edit.add
    _add_forwarded(lines, head, peer, asked_for)
    lines.append(_VIA[head.minor])
    sent = named.get(b"x-request-id")
    if sent != trace.request_id:
        _put(lines, None if sent is None else b"x-request-id:", b"X-Request-Id: " + trace.request_id)
    sent = named.get(b"traceparent")
    if sent != trace.traceparent:
        _put(lines, None if sent is None else b"traceparent:", b"traceparent: " + trace.traceparent)
    _add_framing(lines, request)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def _put(lines: list[bytes], replaces: bytes | None, line: bytes) -> None:
    """Append this line, or put it where the first line with the prefix it replaces stands; others go."""
    if replaces is None:
        lines.append(line)
        return
    length = len(replaces)
    places = [at for at, old in enumerate(lines) if at and old[:length].lower() == replaces]
    lines[places[0]] = line
    for at in reversed(places[1:]):
        del lines[at]


def _add_forwarded(lines: list[bytes], head: Head, peer: Peer, host: bytes | None) -> None:
    """Say who asked; a trusted proxy's word is kept, and the hop before us is appended to its chain."""
    if not peer.trusted:
        lines.append(peer.forwarded)
        if host:
            lines.append(b"X-Forwarded-Host: " + host)
        return
    chain = head.get_all(b"x-forwarded-for")
    line = b"X-Forwarded-For: " + b", ".join([*chain, peer.address.encode()])
    _put(lines, b"x-forwarded-for:" if chain else None, line)
    if head.get(b"x-forwarded-proto") is None:
        lines.append(b"X-Forwarded-Proto: " + peer.proto)
    if host and head.get(b"x-forwarded-host") is None:
        lines.append(b"X-Forwarded-Host: " + host)


def _add_framing(lines: list[bytes], request: Request) -> None:
    """The fields of this hop: chunks, an upgrade, the wish for trailers (RFC 9110 §6.5.1, §7.8)."""
    if request.length == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    if request.upgrade is not None:
        lines += [b"Connection: Upgrade", b"Upgrade: " + request.upgrade]
    elif b"te" in request.nominated and request.head.get(b"te") == b"trailers":
        lines += [b"Connection: TE", b"TE: trailers"]
