"""pydantic's errors in plain words: what is wrong, and what is allowed."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from proxy.config.base import Section
from proxy.config.errors import KeyPath, Problem, did_you_mean
from proxy.config.models import Config

_CHOICE = re.compile(r"'([^']*)'|([0-9]+)")


def problems(error: ValidationError, below: KeyPath = ()) -> Iterator[Problem]:
    """Each error of a model as a problem; `below` is the key path of what was validated."""
    for detail in error.errors(include_url=False):
        path = below + tuple(step for step in detail["loc"] if step != "[key]")
        known = known_keys(path[:-1]) if detail["type"] == "extra_forbidden" else ()
        yield Problem(path, _sentence(detail, known), at_key=_is_about_the_key(detail))


def _unknown(key: str, known: tuple[str, ...]) -> str:
    return "unknown key" + (did_you_mean(key, known) or f"; known here: {', '.join(known)}")


def _is_about_the_key(detail: ErrorDetails) -> bool:
    return detail["type"] == "extra_forbidden" or detail["loc"][-1:] == ("[key]",)


def _sentence(detail: ErrorDetails, known: tuple[str, ...]) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(str(detail["loc"][-1]), known)
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return _choice(context["expected"], detail["input"])
        case "model_type" | "dict_type":
            return not_a_mapping(detail["input"])
        case "tuple_type":
            return not_a_list(detail["input"])
        case kind if kind in _SENTENCES:
            return _SENTENCES[kind].format_map(context)
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


_SENTENCES = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:,} or less",
    "finite_number": "must be a finite number",
}


def _choice(expected: str, given: object) -> str:
    """`'a', 'b' or 502`, as pydantic has it, without its quotes, and with what may have been meant."""
    allowed = [text or number for text, number in _CHOICE.findall(expected)]
    listed = " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]]))
    return f"must be {listed}{did_you_mean(given, allowed) if isinstance(given, str) else ''}"


def not_a_list(given: object) -> str:
    """What is said where a list is expected."""
    hint = f": write [{given}]" if isinstance(given, str | int) else ""
    return f"must be a list, not {_name(given)}{hint}"


def not_a_mapping(given: object) -> str:
    """What is said where a mapping is expected."""
    return f"must be a mapping of keys, not {_name(given)}"


def _name(value: object) -> str:
    """What something is, as it looks in the file."""
    if value is None or value == {}:
        return "empty"
    return _NAMES.get(type(value), "text")


_NAMES = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "a mapping"}


def known_keys(path: KeyPath) -> tuple[str, ...]:
    """The keys of the section that `path` leads to, as routes.yaml spells them."""
    kind: Any = Config
    for step in path:
        kind = _fields(kind)[step] if isinstance(kind, type) else get_args(kind)[-1 if _is_dict(kind) else 0]
        kind = _bare(kind)
    return tuple(map(str, _fields(kind)))


def _fields(section: type[Section]) -> dict[str | int, Any]:
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def _is_dict(kind: Any) -> bool:
    return get_origin(kind) is dict


def _bare(kind: Any) -> Any:
    """A type without its metadata and without `| None`."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    return kind
