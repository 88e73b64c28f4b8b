"""Addresses: where servers listen, where upstreams are, which peers are trusted.

Every parser raises ValueError with the rest of a sentence that begins with the key: "must be …".
"""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NamedTuple

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_PORT = re.compile(r"[0-9]{1,5}")
_WEB_URL = re.compile(r"https?://([^/?#@]+)([/?][!-~]*)?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a server listens; port 0 lets the system choose. An IPv6 host stands without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Origin(NamedTuple):
    """Scheme (`http` or `https`), host and port of an upstream."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{Address(self.host, self.port)}"


def address(text: str) -> Address:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:0`."""
    host, _, port = text.rpartition(":")
    if not _is_host(host) or not _is_port(port):
        raise ValueError("must be an address host:port, such as 127.0.0.1:8080 or [::1]:8080")
    return Address(host.strip("[]"), int(port))


def origin(text: str) -> Origin:
    """`http://host:port`. No path: what a client asks for is forwarded byte for byte."""
    scheme, separator, rest = text.partition("://")
    default = _DEFAULT_PORTS.get(scheme.lower())
    if default is None or not separator:
        raise ValueError("must be a URL that begins with http:// or https://, such as http://127.0.0.1:8081")
    if "@" in rest:
        raise ValueError("must not contain a user or a password")
    authority, _, path = rest.partition("/")
    if path or "?" in authority or "#" in authority:
        raise ValueError("must end after the host and port: targets are forwarded as clients send them")
    host, port = _split_port(authority, default)
    if not _is_host(host) or not _is_port(port) or int(port) == 0:
        raise ValueError("must name a host and a port after ://, such as http://127.0.0.1:8081")
    return Origin(scheme.lower(), host.strip("[]").lower(), int(port))


def web_url(text: str) -> str:
    """An http or https URL with any path, query included."""
    parts = _WEB_URL.fullmatch(text)
    host, port = _split_port(parts[1] if parts else "", 80)
    if not _is_host(host) or not _is_port(port):
        raise ValueError("must be a URL that begins with http:// or https://")
    return text


def network(text: str) -> IPv4Network | IPv6Network:
    """`10.0.0.0/8`, or one address."""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        wider = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be a network such as 10.0.0.0/8 or fd00::/8, or one IP address") from None
    raise ValueError(f"has bits set beyond its prefix; did you mean {wider}?")


def _split_port(authority: str, default: int) -> tuple[str, str]:
    host, colon, port = authority.rpartition(":")
    if not colon or authority.endswith("]"):
        return authority, str(default)
    return host, port


def _is_host(text: str) -> bool:
    """A host name, an IPv4 address, or an IPv6 address in brackets."""
    if text.startswith("[") and text.endswith("]"):
        return _is_ipv6(text[1:-1])
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _is_port(text: str) -> bool:
    return _PORT.fullmatch(text) is not None and int(text) <= 65535
