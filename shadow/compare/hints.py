"""One line that says why two JSON values differ, where the cause is known: a PHP form, and the rule that
allows it.
"""

from decimal import Decimal

from shadow.compare import numbers, values
from shadow.compare.instants import Instant
from shadow.compare.model import ABSENT, Difference, Json, Where
from shadow.compare.treatment import Preset, Treatment

_UTC = Instant()


def explained(difference: Difference) -> str:
    """What is known of a difference beyond its two values; "" if nothing is.

    Worked out when someone looks, not while comparing: there can be thousands of differences.
    """
    one, other = difference.primary, difference.shadow
    if difference.hint or one is ABSENT or other is ABSENT or difference.where is not Where.BODY:
        return difference.hint
    return _structures(one, other) or _structures(other, one) or _scalars(one, other)


def is_sparse(value: Json) -> bool:
    """An object whose names are all array keys: what PHP writes for a list with holes."""
    return isinstance(value, dict) and bool(value) and all(_is_array_key(name) for name in value)


def _is_array_key(name: str) -> bool:
    return name.isascii() and name.isdigit() and (name == "0" or not name.startswith("0"))


def _structures(one: Json, other: Json) -> str:
    if one == [] and isinstance(other, dict):
        return "an empty PHP array is an empty map or an empty list; the rule empty_map allows it"
    if is_sparse(one) and isinstance(other, list):
        return "a PHP list with holes is written as an object; the rule sparse_list allows it"
    if isinstance(one, dict) and "timezone_type" in one:
        return "a PHP DateTime; the rule instant compares it"
    return ""


def _scalars(one: Json, other: Json) -> str:
    for preset in (Preset.NUMERIC_STRING, Preset.PHP_BOOL):
        if values.difference(one, other, Treatment(presets=frozenset((preset,))), _unnoted) is None:
            return f"the rule {preset} allows it"
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal) and _same_double(one, other):
        return "the same float: digits were lost above 2^53"
    if isinstance(one, str) and isinstance(other, str) and _UTC.same(one, other):
        return "the same time in two notations; the rule instant compares it"
    return _lost_zeros(one, other)


def _same_double(one: numbers.Number, other: numbers.Number) -> bool:
    return numbers.to_double(one) == numbers.to_double(other)


def _lost_zeros(one: Json, other: Json) -> str:
    for text, number in ((one, other), (other, one)):
        if isinstance(text, str) and text[:1] in ("0", "+", "-") and numbers.is_number(number):
            return "a leading zero or sign is lost"
    return ""


def _unnoted(_: str) -> None:
    """A hint counts nothing."""
