"""Two values at one place: equal, equal by a rule, or different in a certain way."""

from collections.abc import Callable
from decimal import Decimal
from typing import assert_never

from shadow.compare import numbers
from shadow.compare.charsets import is_mojibake
from shadow.compare.model import Json, Kind
from shadow.compare.treatment import Pattern, Preset, Treatment

_TRUE = ("true", "True")
_FALSE = ("false", "False", "null", "None")

Note = Callable[[str], None]


def difference(one: Json, other: Json, treatment: Treatment, note: Note) -> Kind | None:
    """The kind in which two values differ, or None. `note` is told which treatment made two forms equal.

    Objects and arrays are only looked at as a whole here: as instants, or as being of another type.
    """
    if treatment.pattern is not None:
        if _fits(treatment.pattern, one) and _fits(treatment.pattern, other):
            return None
        return Kind.CHANGED if kind_of(one) == kind_of(other) else Kind.TYPE
    if type(one) is type(other):
        if one == other:
            return None
        if treatment.exact and (type(one) is str or type(one) is int):
            return _changed(one, other)
    name = _equal_as(one, other, treatment)
    if name:
        note(name)
        return None
    if kind_of(one) != kind_of(other) and not _alike(one, other, treatment):
        return Kind.TYPE
    return _changed(one, other)


def _changed(one: Json, other: Json) -> Kind:
    garbled = isinstance(one, str) and isinstance(other, str) and is_mojibake(one, other)
    return Kind.MOJIBAKE if garbled else Kind.CHANGED


def _alike(one: Json, other: Json, treatment: Treatment) -> bool:
    """Whether a treatment makes both the same type of thing, so that it is their values which differ."""
    if treatment.instant is not None and treatment.instant.same(one, other) is not None:
        return True
    if Preset.NUMERIC_STRING not in treatment.presets:
        return False
    return all(kind_of(_numeric(value)) == "number" for value in (one, other))


def _equal_as(one: Json, other: Json, treatment: Treatment) -> str:
    """The name of the treatment under which two values that are written differently are equal; "" if
    none is.
    """
    if treatment.instant is not None and (same := treatment.instant.same(one, other)) is not None:
        return "instant" if same else ""
    if name := _equal_numbers(one, other, treatment):
        return name
    if treatment.within is not None and isinstance(one, str) and isinstance(other, str):
        return _equal_numbers(_numeric(one), _numeric(other), treatment)
    if Preset.NUMERIC_STRING in treatment.presets and _equal_numbers(
        _numeric(one), _numeric(other), treatment
    ):
        return Preset.NUMERIC_STRING
    if Preset.PHP_BOOL in treatment.presets and (_echoed(one, other) or _echoed(other, one)):
        return Preset.PHP_BOOL
    return ""


def _equal_numbers(one: Json, other: Json, treatment: Treatment) -> str:
    if not isinstance(one, int | Decimal) or not isinstance(other, int | Decimal):
        return ""
    if isinstance(one, bool) or isinstance(other, bool):
        return ""
    if one == other:
        return "number"
    if not treatment.money and numbers.same_double(one, other):
        return "double"
    if treatment.within is not None and numbers.within(one, other, treatment.within):
        return "within"
    return ""


def _numeric(value: Json) -> Json:
    return numbers.from_string(value) if isinstance(value, str) else value


def _echoed(php: Json, value: Json) -> bool:
    """Whether `php` is what PHP makes of a bool or null when it prints it: 1 and nothing.

    Where everything is text (XML, CSV, forms), so is the other side's word for it.
    """
    if value is True or value in _TRUE:
        return php == "1" or (php == 1 and php is not True)
    return php == "" and (value is False or value is None or value in _FALSE)


def truth(value: Json) -> bool | None:
    """What a value means where PHP's echo of a bool is one; None if it is neither."""
    if value is True or value in _TRUE or value == "1" or value == 1:
        return True
    return False if value is False or value is None or value in _FALSE or value == "" else None


def _fits(pattern: Pattern, value: Json) -> bool:
    if isinstance(value, dict | list):
        return False
    try:
        return pattern.search(plain(value)) is not None
    except UnicodeEncodeError:
        return False  # half a surrogate pair is no text


def plain(value: "bool | int | Decimal | str | None") -> str:
    """A scalar's text: a string as it is, else as JSON writes it."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < 10**4000 else str(Decimal(value))
        case Decimal():
            return str(value)
        case _:
            assert_never(value)


def kind_of(value: Json) -> str:
    """The JSON type: null, boolean, number, string, array or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            assert_never(value)
