"""JSON text → exact values (RFC 8259): every digit kept, duplicate names and NaN refused, depth and size
bounded.
"""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import TypeVar

from shadow.compare.model import Json, Kind, Limits, OverLimit

T = TypeVar("T")

# What can stand at the end of a text that was cut: nothing, or the beginning of a number, a word or an
# escape.
_BEGUN = re.compile(r"-|[.eE][+-]?|t(ru?)?|f(a(ls?)?)?|n(ul?)?|u[0-9a-fA-F]{0,3}|")
# How a member's name ends; within a string, too, what looks like it.
_NAME = re.compile(r'"[ \t\n\r]*:')


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is no JSON that can be compared."""

    kind: Kind
    reason: str


class _Duplicate(Exception):
    pass


class _Constant(Exception):
    pass


def parse(text: str, limits: Limits) -> Json | Unreadable:
    """The value of a JSON text, or why it has none; OverLimit for what is too deep or too large to look at.

    A text that ends in the middle of a value is CUT_BODY, another error INVALID_BODY.
    """
    if text.count(",") > limits.values:
        raise OverLimit(f"the JSON has over {limits.values} values")
    try:
        return _load(text, limits)
    except _Duplicate as error:
        return Unreadable(Kind.DUPLICATE_KEY, f"the name {str(error)!r} stands twice in one object")
    except _Constant as error:
        return Unreadable(Kind.INVALID_BODY, f"{error} is no JSON")
    except InvalidOperation:
        raise OverLimit("the JSON has a number whose exponent is out of range") from None
    except RecursionError:
        raise OverLimit(f"the JSON is nested deeper than {limits.depth}") from None
    except json.JSONDecodeError as error:
        return Unreadable(Kind.CUT_BODY if _is_cut(text, error) else Kind.INVALID_BODY, str(error))


def plain(text: str) -> object:
    """The same text as plain JSON data with binary floats: what a JSONPath filter expects to look at."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None
    except ValueError:
        return json.loads(text, parse_int=float)


def _load(text: str, limits: Limits) -> Json:
    try:
        return _decode(text, limits, None)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # An integer of more digits than Python converts (sys.set_int_max_str_digits): Decimal takes any
        # number.
        return _decode(text, limits, Decimal)


def _decode(text: str, limits: Limits, parse_int: Callable[[str], Decimal] | None) -> Json:
    """The value, bounded in depth: the parser's own bound depends on the stack, the documented one does not.

    A name that stands twice leaves fewer members than the text has names. Counting those finds too many where
    a string holds what looks like one: then, and only then, each object is looked at.
    """
    value: Json = json.loads(text, parse_float=Decimal, parse_int=parse_int, parse_constant=_refuse)
    depth, members = _extent(value)
    # There is a colon behind each name, so that as many colons as members leave no name that stands twice.
    if members != text.count(":") and members != len(_NAME.findall(text)):
        json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_refuse_twins)
    if depth > limits.depth:
        raise OverLimit(f"the JSON is nested deeper than {limits.depth}")
    return value


def _extent(value: Json) -> tuple[int, int]:
    """How deep a value is nested, and how many members all its objects have."""
    depth, members, level = 0, 0, [value]
    while True:
        kinds = set(map(type, level))  # most levels hold scalars alone, or objects alone
        if dict not in kinds and list not in kinds:
            return depth, members
        objects = _of_kind(dict, level, kinds)
        lists = _of_kind(list, level, kinds)
        depth += 1
        members += sum(map(len, objects))
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]


def _of_kind(kind: type[T], level: list[Json], kinds: set[type]) -> list[T]:
    if kind not in kinds:
        return []
    return [found for found in level if type(found) is kind]


def _refuse_twins(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        names = Counter(name for name, _ in pairs)
        raise _Duplicate(names.most_common(1)[0][0])


def _refuse(constant: str) -> Json:
    raise _Constant(constant)


def _is_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether the text ended where it should have gone on."""
    rest = text[error.pos :].rstrip()
    return error.msg.startswith("Unterminated string") or bool(_BEGUN.fullmatch(rest))
