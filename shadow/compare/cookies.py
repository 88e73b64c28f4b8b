"""Set-Cookie fields by name and attributes (RFC 6265 §4.1, §5.2). Values are not compared: they are
sessions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from shadow.compare.model import ABSENT, Kind, Value

Found = tuple[Kind, Value, Value]

# How far apart two lifetimes may be that were computed from the clock.
_CLOCKS: Final = 5.0
_SECONDS: Final = re.compile(r"-?[0-9]+")
_FLAGS = ("secure", "httponly", "partitioned")


@dataclass(frozen=True, slots=True)
class Cookie:
    """One Set-Cookie. lifetime: seconds from the response's Date on, 0 if deleted, None in a session."""

    name: str
    attributes: Mapping[str, str]
    lifetime: float | None
    expires: datetime | None

    @property
    def deleted(self) -> bool:
        return self.lifetime is not None and self.lifetime <= 0


def differences(primary: Sequence[str], shadow: Sequence[str], dates: tuple[str, str]) -> Iterator[Found]:
    """What differs between two answers' Set-Cookie lines. `dates`: each answer's Date, "" if it has none.

    The values of what is found read `name` for a cookie and `name; attribute=value` for an attribute.
    """
    ones, others = _jar(primary, dates[0]), _jar(shadow, dates[1])
    for name, one in ones.items():
        if name in others:
            yield from _attributes(one, others[name])
        else:
            yield Kind.MISSING, name, ABSENT
    yield from ((Kind.EXTRA, ABSENT, name) for name in others if name not in ones)


def _jar(lines: Iterable[str], date: str) -> dict[str, Cookie]:
    """What a browser would hold after these lines: of one name, domain and path, the last."""
    cookies = [_parse(line, date) for line in lines]
    jar = {_place(cookie): cookie for cookie in cookies}
    named: dict[str, Cookie] = {}
    for cookie in jar.values():
        label = cookie.name
        while label in named:  # one name set for two places is two cookies
            label += "'"
        named[label] = cookie
    return named


def _place(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.name, cookie.attributes.get("domain", ""), cookie.attributes.get("path", "")


def _parse(line: str, date: str) -> Cookie:
    pair, *rest = line.split(";")
    attributes: dict[str, str] = {}
    for part in rest:
        name, _, value = part.partition("=")
        attributes[name.strip().lower()] = value.strip()
    attributes.pop("", None)
    expires = _date(attributes.pop("expires", ""))
    lifetime = _lifetime(attributes.pop("max-age", ""), expires, _date(date))
    return Cookie(pair.partition("=")[0].strip(), _canonical(attributes), lifetime, expires)


def _canonical(attributes: Mapping[str, str]) -> dict[str, str]:
    found = dict(attributes)
    found |= {name: "" for name in _FLAGS if name in found}
    for name in ("samesite", "domain", "priority"):
        if name in found:
            found[name] = found[name].lower().removeprefix("." if name == "domain" else "")
    return found


def _lifetime(max_age: str, expires: datetime | None, now: datetime | None) -> float | None:
    """Max-Age wins over Expires (RFC 6265 §5.3); without a Date, Expires tells deletions alone."""
    if _SECONDS.fullmatch(max_age):
        return max(0.0, float(max_age))
    if expires is None:
        return None
    if now is None:
        return 0.0 if expires.year < 2000 else float("inf")
    return max(0.0, (expires - now).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return date.replace(tzinfo=UTC) if date is not None and date.tzinfo is None else date


def _attributes(one: Cookie, other: Cookie) -> Iterator[Found]:
    names = [*one.attributes, *(name for name in other.attributes if name not in one.attributes)]
    for name in names:
        left, right = one.attributes.get(name), other.attributes.get(name)
        if left != right:
            yield Kind.CHANGED, _written(one.name, name, left), _written(one.name, name, right)
    if not _same_lifetime(one, other):
        yield Kind.CHANGED, _lived(one), _lived(other)


def _written(cookie: str, name: str, value: str | None) -> str:
    if value is None:
        return cookie
    return f"{cookie}; {name}={value}" if value else f"{cookie}; {name}"


def _same_lifetime(one: Cookie, other: Cookie) -> bool:
    if one.lifetime is None or other.lifetime is None:
        return one.lifetime is other.lifetime
    if one.deleted or other.deleted:
        return one.deleted and other.deleted
    if float("inf") in (one.lifetime, other.lifetime) or one.expires == other.expires is not None:
        return True
    return abs(one.lifetime - other.lifetime) <= _CLOCKS


def _lived(cookie: Cookie) -> str:
    if cookie.lifetime is None:
        return f"{cookie.name}; until the browser closes"
    return f"{cookie.name}; deleted" if cookie.deleted else f"{cookie.name}; max-age={cookie.lifetime:.0f}"
