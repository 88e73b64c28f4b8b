"""Values as people read them: a difference's two sides as text."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import assert_never

from shadow.compare import values
from shadow.compare.model import Absent, Difference, Json, Kind, Value


def shown(difference: Difference) -> tuple[str | None, str | None]:
    """Both values as text, None for one that is absent.

    Strings stand as they are, everything else as JSON with all digits; where the types differ strings are
    quoted.
    """
    quoted = difference.kind is Kind.TYPE
    return text_of(difference.primary, quoted), text_of(difference.shadow, quoted)


def text_of(value: Value, quoted: bool = False) -> str | None:
    """The text of one value; None for ABSENT."""
    match value:
        case Absent():
            return None
        case str() if not quoted:
            return value
        case _:
            return "".join(_json(value))


def _json(value: Json) -> Iterator[str]:
    """Compact JSON, every digit kept. Iterative: a body may be nested deeper than the stack."""
    todo: list[Json | _Mark] = [value]
    while todo:
        match todo.pop():
            case _Mark() as mark:
                yield mark
            case str() as text:
                yield json.dumps(text, ensure_ascii=False)
            case dict() as members:
                yield "{"
                todo += [_Mark("}"), *_reversed_members(members)]
            case list() as items:
                yield "["
                todo += [_Mark("]"), *_reversed_items(items)]
            case None | bool() | int() | Decimal() as scalar:
                yield values.plain(scalar)
            case other:
                assert_never(other)


class _Mark(str):
    """Punctuation among the values still to write."""


def _reversed_items(items: list[Json]) -> "Iterator[Json | _Mark]":
    for index in reversed(range(len(items))):
        yield items[index]
        if index:
            yield _Mark(",")


def _reversed_members(members: dict[str, Json]) -> "Iterator[Json | _Mark]":
    for index, (name, value) in reversed(list(enumerate(members.items()))):
        yield value
        yield _Mark(("," if index else "") + json.dumps(name, ensure_ascii=False) + ":")
