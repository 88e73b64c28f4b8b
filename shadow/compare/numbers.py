"""Exact numbers: JSON's as int or Decimal, never as binary floats."""

import math
import re
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import TypeAlias

Number: TypeAlias = int | Decimal

# RFC 8259 §6. A text that is not of this form ("00123", "+5", " 7") is no number to anyone but PHP.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
# Beyond this many digits an int is slow to build and Python refuses to print it; a Decimal is linear.
_INT_DIGITS = 4000
# Enough digits for any tolerance to be exact; exponents out of range become infinite or zero instead of
# raising.
_WIDE = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def from_text(text: str) -> Number:
    """The exact value of a JSON number's text."""
    if len(text) < _INT_DIGITS and not any(mark in text for mark in ".eE"):
        return int(text)
    return Decimal(text)


def from_string(text: str) -> Number | None:
    """A number written as a string, or None. The sign of a zero and leading zeros must not get lost."""
    if not _NUMBER.fullmatch(text):
        return None
    number = from_text(text)
    return None if number == 0 and text.startswith("-") else number


def same_double(one: Number, other: Number) -> bool:
    """Whether both are the same IEEE double written with more or fewer digits.

    Never true between two integers: those are exact at any size, and PHP's float for one above int64 is a
    loss.
    """
    left = to_double(one)
    if left != to_double(other) or not math.isfinite(left):
        return False
    return not (_is_integer(one) and _is_integer(other))


def to_double(number: Number) -> float:
    """The nearest IEEE double, infinite beyond their range (float() of such an int would raise)."""
    return float(Decimal(number))


def _is_integer(number: Number) -> bool:
    if isinstance(number, int):
        return True
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and (exponent >= 0 or number == number.to_integral_value())


def within(one: Number, other: Number, tolerance: Decimal) -> bool:
    """Whether two numbers are at most `tolerance` apart, the bounds included."""
    return _WIDE.subtract(Decimal(one), Decimal(other)).copy_abs() <= tolerance
