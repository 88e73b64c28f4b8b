"""Points in time as PHP and Python write them, for the `instant` rule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from email.utils import parsedate_to_datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from shadow.compare.model import Json

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?\s?([Zz]|[A-Z]{3,4}|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
# date("YmdHis"), and the basic format of ISO 8601.
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)T?(\d\d)(\d\d)(\d\d)()(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_MAIL = re.compile(
    r"[A-Z][a-z]{2,8}, \d{1,2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d\d) \d\d:\d\d:\d\d (?:[A-Z]{1,4}|[+-]\d{4})",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?(?::?(\d\d))?", re.ASCII)
_EPOCH = re.compile(r"\d{9,13}(?:\.\d{1,30})?", re.ASCII)
_FRACTION_DIGITS = 30
_NEVER = 10**15
_MILLISECONDS_FROM = 10**11  # as seconds this is the year 5138

# What PHP's format T and timezone_type 2 write; only abbreviations that name one offset are known here.
_ABBREVIATIONS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instant:
    """How to read times without an offset, and how far apart two may be."""

    zone: tzinfo = UTC
    within: Fraction = Fraction(0)

    def same(self, one: Json, other: Json) -> bool | None:
        """Whether both are the same instant within the tolerance (seconds); None when one is no instant."""
        ones, others = read(one, self.zone), read(other, self.zone)
        if not ones or not others:
            return None
        return any(abs(left - right) <= self.within for left in ones for right in others)


def read(value: Json, zone: tzinfo) -> list[Fraction]:
    """The epoch seconds that a value may mean: none, one, or two in the hour that a clock change repeats."""
    try:
        match value:
            case bool() | None | list():
                return []
            case int() | Decimal():
                return _epoch(Fraction(value)) if _is_plausible(value) else []
            case str():
                return _text(value.strip(), zone)
            case _:
                return _php_object(value)
    except (ValueError, OverflowError, KeyError):  # KeyError: there is no such zone
        return []


def _text(text: str, zone: tzinfo) -> list[Fraction]:
    if iso := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, digits, offset = iso.groups()
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        fraction = Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)
        return [seconds + fraction for seconds in _seconds(moment, _offset(offset) if offset else zone)]
    if _MAIL.fullmatch(text):
        return _seconds(parsedate_to_datetime(text).replace(tzinfo=None), _mail_zone(text))
    return _epoch(Fraction(text)) if _EPOCH.fullmatch(text) else []


def _mail_zone(text: str) -> tzinfo:
    return _named(text.rpartition(" ")[2])


def _php_object(value: Mapping[str, Json]) -> list[Fraction]:
    """What json_encode makes of a DateTime; timezone_type: 1 offset, 2 abbreviation, 3 name."""
    date, zone = value.get("date"), value.get("timezone")
    if not isinstance(date, str) or not isinstance(zone, str) or "timezone_type" not in value:
        return []
    return _text(date, _named(zone))


def _is_plausible(number: int | Decimal) -> bool:
    """Whether a number can be a time at all; a fraction made of 1e999999999 would fill the memory."""
    digits = number.as_tuple().exponent if isinstance(number, Decimal) else 0
    return isinstance(digits, int) and digits >= -_FRACTION_DIGITS and -_NEVER < number < _NEVER


def _epoch(seconds: Fraction) -> list[Fraction]:
    return [seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds]


def _seconds(moment: datetime, zone: tzinfo) -> list[Fraction]:
    both = {moment.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
    return [Fraction(seconds) for seconds in sorted(both)]


def _named(name: str) -> tzinfo:
    return _offset(name) if name in _ABBREVIATIONS or name[:1] in "+-" else ZoneInfo(name)


def _offset(text: str) -> tzinfo:
    if text[:1].isalpha():
        return timezone(timedelta(hours=_ABBREVIATIONS[text.upper()]))
    matched = _OFFSET.fullmatch(text)
    if matched is None:
        raise ValueError(f"no offset: {text}")
    sign, hours, minutes, seconds = matched.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return timezone(-size if sign == "-" else size)
