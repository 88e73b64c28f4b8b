"""The kinds of text and number that the keys of routes.yaml take, each with what is wrong in plain words.

Every parser raises ValueError with the rest of a sentence that begins with the key: "must be …".
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    Strict,
)
from pydantic_core import CoreSchema, core_schema

from proxy.config.addresses import Address, Origin, address, network, origin, web_url
from proxy.config.errors import did_you_mean
from proxy.config.scalars import Substituted, typed

_T = TypeVar("_T")
CLIENT_IP = "client_ip"
_MOST = 1_000_000_000

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_FIELD_VALUE = re.compile(r"([!-~\x80-\xff]([\t -~\x80-\xff]*[!-~\x80-\xff])?)?")  # RFC 9110 section 5.5
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PATH = re.compile(r"/[!-~]*")


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def not_empty(items: tuple[_T, ...]) -> tuple[_T, ...]:
    if not items:
        raise ValueError("must not be empty")
    return items


def kebab_case(text: str) -> str:
    if not _KEBAB.fullmatch(text):
        raise ValueError(
            "must be kebab-case: lower-case letters, digits and single hyphens, as in payment-show"
        )
    return text


def plain_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be a name of letters, digits, '.', '_' and '-', as in payments")
    return text


def method(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be an HTTP method such as GET")
    if text == "*":
        raise ValueError("'*' is no method: leave methods out, and any is meant")
    if text != text.upper():
        raise ValueError(f"must be upper case, as methods are case-sensitive; did you mean {text.upper()}?")
    return text


def header_name(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError("must be a header name: letters, digits and -, as in X-Source")
    return text


def header_value(text: str) -> str:
    if (
        not all((" " <= char <= "\xff" and char != "\x7f") or char == "\t" for char in text)
        or text != text.strip()
    ):
        raise ValueError("must be a header value: printable latin-1, no line break, no space at either end")
    return text


def path(text: str) -> str:
    """An absolute path that needs no encoding."""
    if not _PATH.fullmatch(text):
        raise ValueError("must be a path that begins with /, such as /healthz")
    return text


def source_of(*kinds: str) -> Callable[[str], str]:
    """A parser of `kind:NAME`, or `client_ip` where it is among the kinds."""
    forms = ", ".join(kind if kind == CLIENT_IP else f"{kind}:NAME" for kind in kinds)

    def parse(text: str) -> str:
        kind, colon, name = text.partition(":")
        if kind not in kinds or (kind == CLIENT_IP) is bool(colon) or (colon and not name):
            hint = "" if kind in kinds else did_you_mean(kind, kinds)
            raise ValueError(f"must be one of {forms}{hint}")
        return text if kind != "header" else f"header:{header_name(name)}"

    return parse


def zone(text: str) -> str:
    """A name of the IANA time zone database."""
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("must be a time zone such as Europe/Berlin or UTC") from None
    return text


def expect_text(value: object) -> str:
    """Text as it is, never made from something else: `2` and `"2"` differ to whoever compares a header."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool | int | float):
        shown = str(value).lower() if isinstance(value, bool) else value
        raise ValueError(f'must be text: write "{shown}" in quotes')
    raise ValueError("must be text")


def _boolean(value: object) -> object:
    value = typed(value)
    if isinstance(value, str) and value.lower() in ("yes", "no", "on", "off", "y", "n"):
        raise ValueError(f"must be true or false, not {value}")
    return value


def _nothing_if_empty(value: object) -> object:
    return None if isinstance(value, Substituted) and typed(value) is None else value


class _Listed:
    """Takes a lone text for a list with one element."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        def listed(value: object) -> object:
            return [value] if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}


def parsed(parse: Callable[[str], _T]) -> PlainValidator:
    """A validator of text that becomes something else; its JSON form is the text of that again."""
    return PlainValidator(lambda value: parse(expect_text(value)), json_schema_input_type=str)


def _port_as_text(value: object) -> object:
    """A port alone is a number in YAML; what is wrong with it is not that it lacks quotes."""
    return str(value) if type(value) is int else value


_AS_TEXT = PlainSerializer(str, return_type=str, when_used="json")

Flag = Annotated[bool, Strict(), BeforeValidator(_boolean)]
Whole = Annotated[int, Strict(), Field(ge=0, le=_MOST), BeforeValidator(typed)]
Positive = Annotated[int, Strict(), Field(ge=1, le=_MOST), BeforeValidator(typed)]
Number = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False), BeforeValidator(typed)]
Fraction = Annotated[float, Strict(), Field(gt=0, lt=1), BeforeValidator(typed)]

Text = Annotated[str, parsed(not_blank)]
KebabCase = Annotated[str, parsed(kebab_case)]
Name = Annotated[str, parsed(plain_name)]
Method = Annotated[str, parsed(method)]
HeaderName = Annotated[str, parsed(header_name)]
HeaderValue = Annotated[str, parsed(header_value)]
Path = Annotated[str, parsed(path)]
WebUrl = Annotated[str, parsed(web_url)]
Zone = Annotated[str, parsed(zone)]
Listen = Annotated[Address, parsed(address), BeforeValidator(_port_as_text), _AS_TEXT]
Cidr = Annotated[IPv4Network | IPv6Network, parsed(network), _AS_TEXT]
Upstream = Annotated[Origin, parsed(origin), _AS_TEXT]

Nullable = Annotated[_T | None, BeforeValidator(_nothing_if_empty)]
"""A value or null; empty text from the environment is null too, as in `redis: ${REDIS_URL:-}`."""

OneOrMore = Annotated[tuple[_T, ...], AfterValidator(not_empty), _Listed()]
"""A list, or its only element without brackets."""
