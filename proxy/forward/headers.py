"""The head that a backend gets: the client's lines as they came, less what ends here, plus who asked. Pure."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

from proxy.http1.fields import HOP_BY_HOP
from proxy.http1.request import CHUNKED, Request, authority
from proxy.outcome import Trace
from proxy.routing.head import Head

Network = IPv4Network | IPv6Network

FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
    }
)
"""What a client could say about itself, and only a trusted proxy may."""

_DROP = HOP_BY_HOP | {b"x-banyan-debug", b"x-banyan-shadow"}
_DROP_UNTRUSTED = _DROP | FORWARDED
_VIA = b"Via: 1.%d banyan"
_TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class HeadEdit:
    """What a route's side changes: lower-case names to drop, lines to add, a Host to set in its place."""

    drop: frozenset[bytes] = frozenset()
    add: tuple[bytes, ...] = ()
    host: bytes | None = None


NO_EDIT = HeadEdit()


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of a client connection."""

    address: str
    secure: bool
    trusted: bool

    @property
    def proto(self) -> bytes:
        return b"https" if self.secure else b"http"


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
    """The nearest address in X-Forwarded-For that is no trusted proxy; the peer's own if it is not trusted."""
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
    HTTP/1.0 client that sent no Host.
    """
    head = request.head
    drop = _DROP if peer.trusted else _DROP_UNTRUSTED
    if request.nominated:
        drop = drop | request.nominated
    if edit.drop:
        drop = drop | edit.drop
    lines = [b"%b %b HTTP/1.1" % (head.method, target)]
    lines += [line for lower, line, _ in head.fields if lower not in drop]
    host = head.get(b"host")
    replaced = edit.host or authority(head.target)
    if replaced is not None or host is None:
        _set_host(lines, replaced or default_host)
    lines += edit.add
    _add_forwarded(lines, head, peer, host if replaced is None or host is not None else replaced)
    lines.append(_VIA % head.minor)
    if not valid_request_id(head.get(b"x-request-id")):
        lines.append(b"X-Request-Id: " + trace.request_id)
    _set_traceparent(lines, head, trace)
    _add_framing(lines, request)
    lines.append(b"\r\n")
    return b"\r\n".join(lines)


def _set_host(lines: list[bytes], host: bytes) -> None:
    """Put this Host where the client's stood, or first."""
    line = b"Host: " + host
    for index, old in enumerate(lines):
        if old[:5].lower() == b"host:":
            lines[index] = line
            return
    lines.insert(1, line)


def _add_forwarded(lines: list[bytes], head: Head, peer: Peer, host: bytes | None) -> None:
    """Say who asked; a trusted proxy's word is kept, and the hop before us is appended to its chain."""
    address, trusted = peer.address.encode(), peer.trusted
    if trusted:
        chain = head.get_all(b"x-forwarded-for")
        if chain:
            lines[:] = [line for line in lines if line[:16].lower() != b"x-forwarded-for:"]
            address = b", ".join([*chain, address])
    lines.append(b"X-Forwarded-For: " + address)
    if not (trusted and head.get(b"x-forwarded-proto")):
        lines.append(b"X-Forwarded-Proto: " + peer.proto)
    if host and not (trusted and head.get(b"x-forwarded-host")):
        lines.append(b"X-Forwarded-Host: " + host)


def _set_traceparent(lines: list[bytes], head: Head, trace: Trace) -> None:
    """Keep the client's traceparent unless a span of ours stands between it and the backend."""
    sent = head.get(b"traceparent")
    if sent == trace.traceparent:
        return
    if sent is not None:
        lines[:] = [line for line in lines if line[:12].lower() != b"traceparent:"]
    lines.append(b"traceparent: " + trace.traceparent)


def _add_framing(lines: list[bytes], request: Request) -> None:
    """The fields of this hop: chunks, an upgrade, the wish for trailers (RFC 9110 §6.5.1, §7.8)."""
    if request.length == CHUNKED:
        lines.append(b"Transfer-Encoding: chunked")
    if request.upgrade is not None:
        lines += [b"Connection: Upgrade", b"Upgrade: " + request.upgrade]
    elif b"te" in request.nominated and request.head.get(b"te") == b"trailers":
        lines += [b"Connection: TE", b"TE: trailers"]
