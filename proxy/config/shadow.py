"""`shadow` of a route: how much is mirrored, and how the two answers are compared."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from proxy.config.base import Section
from proxy.config.units import KIB, PERCENT, SECOND, Duration, Percent, Size, Timeout
from proxy.config.values import Flag, HeaderName, Nullable, Number, OneOrMore, Text, Zone

Preset = Literal["php", "empty_map", "sparse_list", "numeric_string", "php_bool", "null_missing"]
RuleName = Literal["empty_map", "sparse_list", "numeric_string", "php_bool", "null_missing"]


class Instant(Section):
    """Two spellings of one moment."""

    zone: Zone = "UTC"
    """Time zone of values that name none."""
    within: Duration = 0.0
    """How far apart they may be."""


def _instant(value: object) -> object:
    return {} if value is True else value


def _status(value: object) -> int:
    text = str(value)
    if not _STATUS.fullmatch(text):
        raise ValueError("must be a status from 100 to 599")
    return int(text)


_STATUS = re.compile(r"[1-5][0-9]{2}")
_StatusNumber = Annotated[int, Field(ge=100, le=599)]
Status = Annotated[int, PlainValidator(_status, json_schema_input_type=_StatusNumber)]


class Rule(Section):
    """How the values at one path are compared: at least one key beside `path`."""

    path: Text
    """Where it holds: a JSONPath (RFC 9535) or an XPath."""
    money: Flag = False
    """An amount: compared exactly, never noise, a difference is critical."""
    instant: Annotated[
        Instant | None, BeforeValidator(_instant, json_schema_input_type=Instant | Literal[True] | None)
    ] = None
    """A moment, however it is written: true, or `{zone: Europe/Berlin, within: 2s}`."""
    within: Number | None = None
    """Numbers may differ by this much."""
    unordered: Flag = False
    """The order of the list's elements does not matter."""
    key: Nullable[Text] = None
    """With `unordered`: the member by which elements are paired."""
    pattern: Nullable[Text] = None
    """Both sides must fit this regular expression (RE2), and may differ otherwise."""
    rule: OneOrMore[RuleName] | None = None
    """One of the opt-in rules by name, or several."""
    map: dict[Status, Status] | None = None
    """With path `$`: pairs of statuses that are taken as equal."""

    @model_validator(mode="after")
    def _says_something(self) -> "Rule":
        if self.model_fields_set == {"path"}:
            raise ValueError(
                "must say how to compare: money, instant, within, unordered, pattern, rule or map"
            )
        return self


class Compare(Section):
    """What counts as a difference."""

    status: Flag = True
    """Whether statuses are compared."""
    headers: tuple[HeaderName, ...] = ("content-type", "location", "cache-control", "set-cookie")
    """Header fields that are compared."""
    presets: tuple[Preset, ...] | None = None
    """Opt-in rules for the whole body, or `php` for the automatic ones; null = by the legacy dialect."""
    ignore: tuple[Text, ...] = ()
    """What is not compared: JSONPaths, XPaths, `header:NAME`."""
    rules: tuple[Rule, ...] = ()
    """How single values are compared."""
    signed: Flag = False
    """Whether the body is signed, so that every byte counts."""


class Noise(Section):
    """Learning what differs by itself."""

    sample: Percent = 5 * PERCENT
    """Percent of mirrored safe requests that are sent to the primary's backend a second time."""


class Redact(Section):
    """What is hidden beyond what always is, before anything is written."""

    paths: tuple[Text, ...] = ()
    """More places to hide; with mode strict: the only places whose values are kept."""
    mode: Literal["mask", "strict"] = "mask"
    """mask: hide what is known to be secret; strict: keep nothing but what `paths` names."""


class Shadow(Section):
    """Mirroring of a route to the other side."""

    sample: Percent = 100 * PERCENT
    """Percent of requests that are mirrored."""
    writes: Literal["never", "attested"] = "never"
    """Whether requests that are not safe are mirrored too; attested is not offered yet."""
    reverse: Flag = False
    """At stage modern: mirror to legacy, so that a rollback stays safe."""
    timeout: Timeout = 10 * SECOND
    """How long the mirrored request may take."""
    max_body: Size = 256 * KIB
    """Largest body that is compared; beyond it the exchange is skipped and counted."""
    compare: Compare = Compare()
    """What counts as a difference."""
    noise: Noise = Noise()
    """Learning what differs by itself."""
    redact: Redact = Redact()
    """What is hidden before anything is written."""
