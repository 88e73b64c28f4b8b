"""A line of the access log: one JSON object of what is known of a request, without what may not be stored."""

import re
from datetime import UTC, datetime
from typing import Final

import orjson

from proxy.outcome import Lane, Outcome

MICROSECONDS: Final = 1_000_000

_SUSPECT: Final = re.compile(
    rb"\d(?:(?:[ +\-]|%20|%2[dD])?\d){11}|%3[0-9]|%25|eyJ|(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}"
    rb"|(?i:pan|card|number|cv[vc]|csc|cid|code|pin|track|passw|secret|key|token|auth|cookie|sign|cres|pares)"
)
"""Cheap test for targets that could carry what may not be stored; all others are logged as they came."""

_DIGITS: Final = re.compile(rb"(?:\d|%3[0-9])(?:(?:[ +\-]|%20|%2[dD])?(?:\d|%3[0-9])){12,}")
"""Thirteen digits and more, however they are separated or escaped: what a card number can look like."""


_NAMES: Final = frozenset(
    b"cvv cvv2 cvc cvc2 csc cid pin pan token tokens secret password passwd api-key api_key apikey signature"
    b" reset-password password-reset set-password verify-token".split()
)
"""Segments that name what follows them."""

_ENCODED: Final = re.compile(
    rb"(?:[MNO][DTjz][AEIMQUYcgk][w-z0-5]){4}[A-Za-z0-9+_=-]*|eyJ[A-Za-z0-9+_=-]{8,}"
)
"""Twelve digits, or a JSON object, in base64."""

_IDENTIFIER: Final = re.compile(rb"[^/]*[0-9]|[^/]{20}")
"""What no one would call a resource by."""

_OWN_ID: Final = re.compile(rb"[0-9a-f]{32}")

_PLAIN: Final = re.compile(rb"[ !#-\[\]-~]*+")
"""Bytes that stand for themselves in a JSON string."""

_HARMLESS: Final = re.compile(rb"(?:[!$&-/:;=@A-Z\[\]^_`a-z{|}~]++|[0-9]{1,11}+(?![0-9 %+\-]))*+")
"""A path as most are: plain, without a query, and without digits enough for a card number."""

_SHORT: Final = 10
"""Bytes of a segment that has no room for a card number, nor for anything in base64."""
_UNRESERVED: Final = b"/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PLAIN_PATH: Final = bytes(byte if byte in _UNRESERVED else 47 for byte in range(256))
"""For `translate`, which returns its very argument where all of a path is plain (RFC 3986 §2.3)."""

_CARD: Final = 13
"""Digits that the shortest card number has."""
_TEN: Final = b"0123456789"

_EXPRESS: Final = Lane.EXPRESS
_NUMBERS: Final = [b"%d" % number for number in range(1000)]
_PADDED: Final = [b"%03d" % number for number in range(1000)]
"""Formatting a number costs more than the rest of its field."""

_ANSWERED: Final[dict[tuple[str, str, str, str, int, str, str], bytes]] = {}
_SECONDS: Final[dict[int, bytes]] = {}
"""What was said last; `lru_cache` costs as much again as a look-up."""
_REMEMBERED: Final = 1024


def line_of(outcome: Outcome) -> bytes:
    """The line with its newline: what the request was, who answered, how long it took, what went wrong.

    Put together by hand: for the few fields that a client chooses JSON is written properly, all others are
    names of this program's own or of routes.yaml, which need no escapes.
    """
    second, took = int(outcome.started), int(outcome.duration * MICROSECONDS)
    micros = int((outcome.started - second) * MICROSECONDS)
    trace_id = outcome.trace.traceparent[3:35]
    return (
        b'{"time":"%b.%b%bZ","client":"%b","method":"%b","target":%b,"status":%b,"ms":%b.%b,'
        b'"bytes_in":%b,"bytes_out":%b,%b"request_id":%b,"trace_id":"%b"}\n'
    ) % (
        _second(second),
        _PADDED[micros // 1000],
        _PADDED[micros % 1000],
        outcome.client.encode(),
        outcome.method,
        _target(outcome.target),
        _number(outcome.status),
        _number(took // 1000),
        _PADDED[took % 1000],
        _number(outcome.bytes_in),
        _number(outcome.bytes_out),
        _answered(outcome),
        _request_id(outcome.trace.request_id, trace_id),
        trace_id,
    )


def _number(number: int) -> bytes:
    return _NUMBERS[number] if 0 <= number < 1000 else b"%d" % number


def _answered(outcome: Outcome) -> bytes:
    """The part of the line that is the same for all requests which a route treats in the same way."""
    lane = "express" if outcome.lane is _EXPRESS else "asgi"
    key = (outcome.route, outcome.side, outcome.backend, outcome.reason, outcome.tries, outcome.error, lane)
    said = _ANSWERED.get(key)
    if said is None:
        if len(_ANSWERED) >= _REMEMBERED:
            _ANSWERED.clear()
        said = _ANSWERED[key] = (
            f'"route":"{outcome.route}","side":"{outcome.side}","backend":"{outcome.backend}",'
            f'"reason":"{outcome.reason}","tries":{outcome.tries},"error":"{outcome.error}","lane":"{lane}",'
        ).encode()
    return said


def _target(target: bytes) -> bytes:
    named, short = False, True
    for segment in target.lower().split(b"/"):
        named = named or segment in _NAMES
        short = short and len(segment) <= _SHORT
    if short and not named and target.translate(_PLAIN_PATH) == target:
        return b'"%b"' % target
    if named or _ENCODED.search(target):
        target = _without_named(target)
    if _HARMLESS.fullmatch(target):
        return b'"%b"' % target
    return _quoted(without_secrets(target) if _SUSPECT.search(target) else target)


def _without_named(target: bytes) -> bytes:
    """The path without what its segments name as a secret, and without what is in base64."""
    path, mark, query = target.partition(b"?")
    segments = path.split(b"/")
    for place, name in enumerate(segments[:-1], start=1):
        if name.lower() in _NAMES and _IDENTIFIER.match(segments[place]):
            segments[place] = b"[redacted]"
    return _ENCODED.sub(b"[redacted]", b"/".join(segments)) + mark + query


def _quoted(text: bytes) -> bytes:
    if text.isalnum() or _PLAIN.fullmatch(text):
        return b'"%b"' % text
    return orjson.dumps(text.decode("latin-1"))


def _second(second: int) -> bytes:
    """RFC 3339 in UTC, as far as it is the same for many lines."""
    said = _SECONDS.get(second)
    if said is None:
        _SECONDS.clear()
        said = _SECONDS[second] = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
    return said


def without_secrets(target: bytes) -> bytes:
    """The path with long numbers masked; a query that could hold a secret is left out whole."""
    path, mark, query = target.partition(b"?")
    if mark and _SUSPECT.search(query):
        query = b"[redacted]"
    return _DIGITS.sub(b"[digits]", path) + mark + query


def _request_id(request_id: bytes, trace_id: bytes) -> bytes:
    """An id that a client or a proxy before this one chose can be a card number too."""
    if request_id == trace_id:  # one of ours: 32 hexadecimal digits
        return b'"%b"' % request_id
    if len(request_id) - len(request_id.translate(None, _TEN)) < _CARD:
        return _quoted(request_id)  # too few digits: an escaped one has two
    return _quoted(request_id if _OWN_ID.fullmatch(request_id) else _DIGITS.sub(b"[digits]", request_id))
