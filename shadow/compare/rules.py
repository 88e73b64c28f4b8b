"""One entry of `compare.rules` → the treatment it asks for. Every refusal is a ValueError that says what to
write.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from zoneinfo import ZoneInfo

import re2

from shadow.compare.instants import Instant
from shadow.compare.treatment import PLAIN, Pattern, Preset, Treatment

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600)}
_PATTERN_MEMORY = 1 << 20  # bytes that one compiled pattern may take


def treatment(key: str, value: object) -> Treatment:
    """What one key of a rule asks for; `path` and `map` ask for no treatment."""
    reader = _READERS.get(key)
    return reader(value) if reader is not None and value is not None else PLAIN


def paired(found: Treatment) -> Treatment:
    """The treatment of a whole rule, if what it says of pairing makes sense."""
    if found.key is not None and not found.unordered:
        raise ValueError("says how to pair the elements of an unordered list: add unordered: true")
    return found


def status_pairs(value: object) -> set[frozenset[int]]:
    """`map: {422: 400}` → the pairs of status codes that count as equal."""
    if not isinstance(value, Mapping) or not value:
        raise ValueError("holds pairs of status codes, as in {422: 400}")
    return {frozenset((_status_code(one), _status_code(other))) for one, other in value.items()}


def preset(name: object) -> Preset:
    """An opt-in rule by its name."""
    if name not in tuple(Preset):
        raise ValueError(f"no rule is called {name!r}{meant(str(name), tuple(Preset))}")
    return Preset(str(name))


def meant(word: str, known: tuple[str, ...]) -> str:
    """The end of a refusal: the closest known word, or all of them."""
    close = get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"is true or false, not {value!r}")
    return value


def _status_code(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and 100 <= int(text) <= 599):
        raise ValueError(f"{value!r} is no status code")
    return int(text)


def _switch(asked: Treatment) -> Callable[[object], Treatment]:
    return lambda value: asked if flag(value) else PLAIN


def _key(value: object) -> Treatment:
    if not isinstance(value, str) or not value:
        raise ValueError("is the name of a member, as in key: id")
    return Treatment(key=value)


def _within(value: object) -> Treatment:
    try:
        tolerance = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"is a number, as in 0.001, not {value!r}") from None
    if isinstance(value, bool) or not tolerance.is_finite() or tolerance < 0:
        raise ValueError(f"is a number from 0 on, not {value!r}")
    return Treatment(within=tolerance)


def _instant(value: object) -> Treatment:
    if value is True:
        return Treatment(instant=Instant())
    if not isinstance(value, Mapping) or not set(value) <= {"zone", "within"}:
        raise ValueError("is true, or {zone: Europe/Berlin, within: 2s}")
    zone = str(value.get("zone", "UTC"))
    try:
        info = ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{zone!r} is no time zone: write a name like Europe/Berlin") from None
    return Treatment(instant=Instant(info, duration(value.get("within", 0))))


def duration(value: object) -> Fraction:
    """Seconds, from a number of seconds or from a text like 250ms, 2s, 5m."""
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value >= 0:
        return Fraction(str(value))
    matched = _DURATION.fullmatch(str(value))
    if matched is None:
        raise ValueError(f"{value!r} is no duration: write one like 250ms, 2s or 5m")
    return Fraction(matched[1]) * _UNITS[matched[2]]


def _pattern(value: object) -> Treatment:
    if not isinstance(value, str):
        raise ValueError("is a regular expression in quotes")
    return Treatment(pattern=linear_pattern(value))


def linear_pattern(text: str) -> Pattern:
    """RE2's reading of a pattern: without look-around and back-references, and always linear."""
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(text, options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        reason = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(
            f"{text!r} is not RE2's syntax (no look-around, no back-references): {reason}"
        ) from None
    return compiled


def _rule(value: object) -> Treatment:
    names = value if isinstance(value, list | tuple) else [value]
    return Treatment(presets=frozenset(preset(name) for name in names))


_READERS: Mapping[str, Callable[[object], Treatment]] = {
    "money": _switch(Treatment(money=True)),
    "unordered": _switch(Treatment(unordered=True)),
    "key": _key,
    "instant": _instant,
    "within": _within,
    "pattern": _pattern,
    "rule": _rule,
}
RULE_KEYS = ("path", "map", *_READERS)
