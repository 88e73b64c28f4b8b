"""`match` of a route: which requests it is for."""

from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from proxy.config.base import Section
from proxy.config.values import Flag, HeaderName, Method, Nullable, Text, parsed
from proxy.routing.hosts import parse_host
from proxy.routing.template import Template, parse_template
from proxy.routing.values import regex

PathTemplate = Annotated[
    Template,
    parsed(parse_template),
    PlainSerializer(lambda template: template.source, return_type=str, when_used="json"),
]
Host = Annotated[str, parsed(lambda text: parse_host(text).decode())]
RegexText = Annotated[str, parsed(lambda text: regex(text).pattern.pattern)]
ExactText = Annotated[str, parsed(str)]
_ONE_OF = "must be a text, or one of {regex: …} and {present: true}"


class ValueMatch(Section):
    """What the value of a header, query or form variable must be: exactly one of the three."""

    exact: ExactText | None = None
    """The very text; `{exact: x}` is the long form of `x`."""
    regex: RegexText | None = None
    """A regular expression that fits the whole value."""
    present: Flag | None = None
    """true: there, with any value; false: not there."""

    @model_validator(mode="after")
    def _one(self) -> "ValueMatch":
        if sum(value is not None for value in (self.exact, self.regex, self.present)) != 1:
            raise ValueError(_ONE_OF)
        return self


def _short_form(value: object) -> object:
    if value is None:
        return {}
    if isinstance(value, list):
        raise ValueError(_ONE_OF)
    return value if isinstance(value, dict | ValueMatch) else {"exact": value}


Matcher = Annotated[ValueMatch, BeforeValidator(_short_form, json_schema_input_type=str | ValueMatch)]


class Match(Section):
    """Which requests a route is for. The most specific route wins, whatever the order in the file."""

    path: PathTemplate
    """`/a/{name}`: one segment; `{name:int}`: one of digits; `/a/{rest:path}`: all that follows."""
    methods: tuple[Method, ...] = ()
    """Methods, upper case; none = any."""
    host: Nullable[Host] = None
    """Exact, or `*.example.com`; null = any."""
    headers: dict[HeaderName, Matcher] = Field(default_factory=dict)
    """Headers that must be so; a text must be equal."""
    query: dict[Text, Matcher] = Field(default_factory=dict)
    """Query variables that must be so; read as PHP does if the legacy backend's dialect is php."""
    form: dict[Text, Matcher] = Field(default_factory=dict)
    """Form variables that must be so; only the first 64 KiB of a form body are looked at."""
