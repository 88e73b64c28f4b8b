"""Host patterns: `api.example.com`, or `*.example.com` for every name below that one, at any depth."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_HOST: Final = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")


def parse_host(text: str) -> bytes:
    """Read a host pattern into the form in which hosts compare. Raises ValueError for what is none."""
    host = text.lower().removesuffix(".")
    if not host.isascii():
        raise ValueError(f"{text!r}: write the host in its ASCII form, as in 'xn--bcher-kva.example'")
    if not _HOST.fullmatch(host) or ".." in host:
        raise ValueError(f"{text!r} is no host: write 'api.example.com' or '*.example.com', without a port")
    return host.encode()


def host_rank(host: bytes | None) -> tuple[int, int]:
    """Less is more specific: an exact host, then the longest wildcard, then none."""
    if host is None:
        return 2, 0
    return (1, -len(host)) if host[:1] == b"*" else (0, 0)


def host_fits(pattern: bytes | None, host: bytes) -> bool:
    """Whether a host, in the form in which hosts compare, is one that the pattern means."""
    if pattern is None or pattern[:1] != b"*":
        return pattern in (None, host)
    return len(host) >= len(pattern) and host.endswith(pattern[1:])


class Hosts(Generic[T]):
    """One thing for each host pattern, and for a host all that fit, the most specific first."""

    def __init__(self, filed: Mapping[bytes | None, T]) -> None:
        self._filed = dict(filed)
        self._exact = {host: thing for host, thing in filed.items() if host and host[:1] != b"*"}
        self._below = {host[1:]: thing for host, thing in filed.items() if host and host[:1] == b"*"}
        self.everywhere = (filed[None],) if None in filed else ()
        """What is filed under no host."""
        self.named = bool(self._exact or self._below)
        """Whether the host matters at all."""

    def all(self) -> Iterator[T]:
        """Everything, the most specific first."""
        return (self._filed[host] for host in sorted(self._filed, key=host_rank))

    def fitting(self, host: bytes) -> tuple[T, ...]:
        """One look-up for each label of the host."""
        found = [self._exact[host]] if host in self._exact else []
        dot = host.find(b".", 1)
        while dot > 0:
            suffix = host[dot:]
            if suffix in self._below:
                found.append(self._below[suffix])
            dot = host.find(b".", dot + 1)
        return (*found, *self.everywhere)
