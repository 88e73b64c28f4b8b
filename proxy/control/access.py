"""Who asks, and whether they may: bearer tokens, sessions, and loopback where no token is configured."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from proxy.config.server import Role, Token
from proxy.control.problems import Refusal

SAFE = frozenset({"GET", "HEAD"})
_RANKS = {role: rank for rank, role in enumerate(Role)}


class Way(Enum):
    """How somebody came in."""

    LOOPBACK = auto()
    BEARER = auto()
    SESSION = auto()


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may do something."""

    name: str
    role: Role
    way: Way

    def may(self, role: Role) -> bool:
        """Whether this is somebody of that role or a higher one."""
        return _RANKS[self.role] >= _RANKS[role]


LOCAL = Identity("local", Role.OPERATOR, Way.LOOPBACK)
"""Everybody on this machine, while no token is configured."""


def token_named(presented: str, tokens: Sequence[Token]) -> Token | None:
    """The configured token that this is. Takes the same time whichever it is, or is not."""
    digest = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).hexdigest()
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def bearer(header: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750 section 2.1)."""
    scheme, _, credentials = (header or "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def refuse_strangers(connection: HTTPConnection) -> None:
    """Without tokens only this machine may come in, and only under its own name.

    A page of any website may let its name point to 127.0.0.1 and then ask us as its own origin (DNS
    rebinding): the Host it sends gives it away.
    """
    peer = connection.client.host if connection.client else ""
    if not is_loopback(peer) or not is_loopback(host_of(connection.headers.get("host", ""))):
        raise Refusal(
            403,
            "loopback-only",
            "Without control.tokens the control plane answers only this machine, at 127.0.0.1 or localhost; "
            "configure tokens to let others in.",
        )


def refuse_forgeries(connection: HTTPConnection, method: str, way: Way) -> None:
    """A change that a page of another origin made the browser send is refused (CSRF).

    Browsers say where a request comes from; a client that sends neither field is no browser, and does not
    come with a cookie.
    """
    if method in SAFE or way is Way.BEARER:
        return
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host", "")
    forged = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    foreign = site not in (None, "same-origin", "none")
    unsaid = way is Way.SESSION and origin is None and site is None
    if forged or foreign or unsaid:
        raise Refusal(403, "cross-origin", "Changes are taken from this page alone; open it and try there.")


def host_of(authority: str) -> str:
    """The host of a Host header, without port and brackets; empty where it is none."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as localhost."""
    if host in ("localhost", "localhost."):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
