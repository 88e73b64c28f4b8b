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

LONE: Final = re.compile(rb"(?<!\r)\n|\r(?=[^\n])")
"""Half of a line's end."""

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
        b"x-real-ip",
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
_NAME: Final = re.compile(TOKEN + rb"++")
_SHOWN: Final = bytes(byte if byte == 9 or (byte >= 32 and byte != 127) else 63 for byte in range(256))
"""For `translate`, which returns its very argument where nothing changes: control bytes become `?`."""


class FieldName:
    """What is known of a name. `hop`: it ends here. `ambiguous`: PHP cannot tell `X_User` from `X-User`."""

    __slots__ = ("ambiguous", "hop", "lower")

    def __init__(self, lower: bytes) -> None:
        self.lower = lower
        self.hop = lower in HOP_BY_HOP
        self.ambiguous = b"_" in lower


def field_name(name: bytes) -> FieldName | None:
    """What is known of this name; None if it is none: no space before the colon, no folding (RFC 9112 §5).

    Names are remembered as they are spelled, for few come again and again, and no secret is among them.
    """
    seen = _SEEN.get(name)
    if seen is not None:
        return seen
    if _NAME.fullmatch(name) is None:
        return None
    if len(_SEEN) >= _SEEN_MOST:
        _SEEN.clear()
    made = FieldName(name.lower())
    if len(name) <= _SEEN_LONGEST:
        _SEEN[name] = made
    return made


_SEEN: Final[dict[bytes, FieldName]] = {}
_SEEN_MOST: Final = 1000
_SEEN_LONGEST: Final = 64


def lines_of_head(block: bytes) -> list[bytes] | None:
    """The lines of a head, with an empty one behind the last CRLF.

    None if the last one has no end, or if there is a control byte in them, or a CR or LF that ends none
    (RFC 9112 §2.2, RFC 9110 §5.5).
    """
    lines = block.split(b"\r\n")
    text = b"".join(lines)
    return lines if not lines[-1] and text.translate(_SHOWN) == text else None


def parse_field_line(line: bytes) -> Field:
    """Split one valid field line (without its CRLF)."""
    name, _, value = line.partition(b":")
    return name.lower(), line, value.strip(b" \t")


def parse_fields(block: bytes) -> list[Field]:
    """The trailer section of a chunked message; `block` holds whole lines with their CRLF.

    Raises `BadRequest` for a line that is no field line.
    """
    if _BLOCK.fullmatch(block) is None:
        raise malformed("a trailer line is not a valid header field")
    return [parse_field_line(line) for line in block.split(b"\r\n")[:-1]]


def parse_trailers(block: bytes) -> list[Field]:
    """The trailer section of a request, in which no field may stand that would change what its head said.

    Raises `BadRequest` for such a field, and as `parse_fields` does.
    """
    trailers = parse_fields(block)
    for lower, _, _ in trailers:
        if lower in NOT_IN_TRAILERS or b"_" in lower:
            raise malformed(f"the field {lower.decode('latin-1')} may not stand in trailers")
    return trailers


def tokens(values: Iterable[bytes]) -> list[bytes]:
    """The lower-case members of a comma-separated list field such as `Connection`."""
    return [token.strip(b" \t").lower() for value in values for token in value.split(b",")]
