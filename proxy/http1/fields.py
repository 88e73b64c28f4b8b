"""Header fields: the grammar of a field line, and which fields end at this hop."""

import re
from collections.abc import Iterable
from typing import Final

from proxy.http1.errors import malformed
from proxy.routing.head import Field

TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
"""One byte of a method or a field name (RFC 9110 §5.6.2)."""

FIELD_LINES: Final = rb"(?:" + TOKEN + rb"++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+"
"""Any number of field lines. No space before the colon, no folding, no control bytes (RFC 9112 §5)."""

UNDERSCORE: Final = ord("_")
"""Looked for as a number: `bytes in bytes` makes CPython raise, format and drop an error first."""

HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that mean this connection only and are never forwarded (RFC 9110 §7.6.1)."""

FRAMING: Final = frozenset({b"content-length", b"host", b"transfer-encoding"})
"""What `Connection` may not nominate for removal: dropping it would change where the message ends or goes."""

FORWARDED: Final = frozenset(
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

MISTAKEN: Final = frozenset({b"proxy"})
"""What CGI hands to the application as `HTTP_PROXY`, which HTTP clients there take for the address of their
proxy (httpoxy, CVE-2016-5385). HTTP knows no such field."""

_IDENTIFYING: Final = frozenset({b"authorization", b"cookie", b"set-cookie"})
_DESCRIBING: Final = frozenset({b"content-encoding", b"content-range", b"content-type", b"expect"})

NOT_IN_TRAILERS: Final = FRAMING | HOP_BY_HOP | FORWARDED | MISTAKEN | _IDENTIFYING | _DESCRIBING
"""Fields that a trailer section may not carry: they would change what the head said (RFC 9110 §6.5.1)."""

_BLOCK: Final = re.compile(FIELD_LINES)


def parse_field_line(line: bytes) -> Field:
    """Split one valid field line (without its CRLF)."""
    name, _, value = line.partition(b":")
    return name.lower(), line, value.strip(b" \t")


def parse_trailers(block: bytes) -> list[Field]:
    """The trailer section of a chunked message; `block` holds whole lines with their CRLF.

    Raises `BadRequest` for a line that is no field line, or a field that may not stand in trailers.
    """
    if _BLOCK.fullmatch(block) is None:
        raise malformed("a trailer line is not a valid header field")
    trailers = [parse_field_line(line) for line in block.split(b"\r\n")[:-1]]
    for lower, _, _ in trailers:
        if lower in NOT_IN_TRAILERS or UNDERSCORE in lower:
            raise malformed(f"the field {lower.decode('latin-1')} may not stand in trailers")
    return trailers


def tokens(values: Iterable[bytes]) -> list[bytes]:
    """The lower-case members of a comma-separated list field such as `Connection`."""
    return [token.strip(b" \t").lower() for value in values for token in value.split(b",")]
