"""`routes` and `defaults`: which endpoint stands where on its way from legacy to modern."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from proxy.config.base import Section
from proxy.config.matching import Match
from proxy.config.payments import Follows, Idempotency, Learns
from proxy.config.ramp import Ramp
from proxy.config.shadow import Shadow
from proxy.config.units import Percent
from proxy.config.values import (
    CLIENT_IP,
    HeaderName,
    HeaderValue,
    KebabCase,
    Name,
    Nullable,
    Text,
    parsed,
    source_of,
)
from proxy.http1.fields import FRAMING, HOP_BY_HOP
from proxy.routing.rewrite import parse_rewrite

Stage = Literal["legacy", "shadow", "canary", "modern"]
FallbackReason = Literal["connect", "open_breaker", 502, 503, 504]
StickySource = Annotated[str, parsed(source_of("header", "cookie", "query", "path", CLIENT_IP))]
CohortSource = Annotated[str, parsed(source_of("header", "cookie", "query", "path", CLIENT_IP))]


def _rewrite(text: str) -> str:
    return parse_rewrite(text).source


def _editable(name: str) -> str:
    if name.lower().encode() in HOP_BY_HOP | FRAMING:
        raise ValueError(f"{name} cannot be changed here: the proxy itself says it, for each connection")
    return name


EditableName = Annotated[HeaderName, AfterValidator(_editable)]


class HeaderEdits(Section):
    """What is changed in the request's header before modern gets it."""

    set: dict[EditableName, HeaderValue] = Field(default_factory=dict)
    """Fields that are set, in place of what the client sent."""
    remove: tuple[EditableName, ...] = ()
    """Fields that are taken out."""


class Modern(Section):
    """The modern side of a route; `modern: NAME` for short."""

    backend: Name
    """A name from `backends`."""
    path: Nullable[Annotated[str, parsed(_rewrite)]] = None
    """Path that modern wants instead: `/v1/{name}` from the match, `{query.name}` from the query."""
    headers: HeaderEdits = HeaderEdits()
    """What is changed in the request's header."""


def _short_form(value: object) -> object:
    return {"backend": value} if isinstance(value, str) else value


class Cohort(Section):
    """Sticky keys that do not follow their bucket: `{header:X-Merchant-Id: [m_1, m_2]}`."""

    always: dict[CohortSource, tuple[Text, ...]] = Field(default_factory=dict)
    """Served by modern at any weight."""
    never: dict[CohortSource, tuple[Text, ...]] = Field(default_factory=dict)
    """Served by legacy at any weight."""


class Inheritable(Section):
    """The keys of a route that `defaults` may hold for all routes."""

    legacy: Name = "legacy"
    """Backend of the legacy side; in `defaults` also where a request goes that no route matches."""
    modern: Annotated[
        Modern | None, BeforeValidator(_short_form, json_schema_input_type=str | Modern | None)
    ] = None
    """The modern side; null = there is none yet."""
    stage: Stage = "legacy"
    """Where the route stands."""
    weight: Percent = 0
    """Stage canary only: percent of sticky keys that modern serves."""
    sticky: tuple[StickySource, ...] = ("header:X-Merchant-Id", "cookie:PHPSESSID", "client_ip")
    """Where the sticky key is; the first that is present counts, none = legacy."""
    group: Nullable[KebabCase] = None
    """Routes of one group share the buckets: one key sees one side on all of them."""
    cohort: Cohort | None = None
    """Sticky keys that do not follow their bucket."""
    fallback: tuple[FallbackReason, ...] = ("connect", "open_breaker", 502, 503, 504)
    """Stages canary and modern: safe methods fall back to legacy on these; [] = never."""
    shadow: Shadow | None = None
    """Mirroring to the other side; null = as stage shadow needs it, with these defaults, else none."""
    ramp: Ramp | None = None
    """The plan by which the route is flipped gradually."""
    idempotency: Idempotency | None = None
    """Idempotency keys."""
    learns: Learns | None = None
    """Learn which side created an entity."""
    follows: Follows | None = None
    """Serve an entity where it was created."""


class Defaults(Inheritable):
    """What every route inherits, key by key."""


class Endpoint(Section):
    """What each route must say for itself."""

    id: KebabCase
    """Unique name, kebab-case."""
    match: Match
    """Which requests it is for."""


class RouteConfig(Inheritable, Endpoint):
    """One endpoint."""
