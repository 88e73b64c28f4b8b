"""`idempotency`, `learns` and `follows` of a route: payments stay on one stack, and happen once."""

from typing import Annotated, Literal

from pydantic import Field

from proxy.config.base import Section
from proxy.config.units import HOUR, Timeout
from proxy.config.values import Flag, HeaderName, KebabCase, OneOrMore, parsed, source_of

Tenant = Annotated[str, parsed(source_of("header", "cookie", "query"))]
EntityKey = Annotated[str, parsed(source_of("path", "query", "form", "header", "json", "cres"))]


def _learned_from(text: str) -> str:
    """A JSONPath into the response's body, or one of its headers."""
    return text if text.startswith("$") else _HEADER(text)


_HEADER = source_of("header")


class Idempotency(Section):
    """Idempotency keys: a request with a key that is known is not executed again."""

    header: HeaderName = "Idempotency-Key"
    """Where the key is."""
    required: Flag = False
    """Whether a request without a key is refused with 400."""
    replay: Literal["all", "success", "off"] = "all"
    """Which finished responses are replayed; off = the backend that had the first try answers again."""
    ttl: Timeout = 168 * HOUR
    """How long a key is remembered."""
    tenant: Tenant = "header:Authorization"
    """What tells one client's keys from another's: `header:NAME`, `cookie:NAME`, `query:NAME`."""


class Learns(Section):
    """Which side created an entity, learned from the response that did."""

    kind: KebabCase
    """What it is, such as payment."""
    from_: OneOrMore[Annotated[str, parsed(_learned_from)]] = Field(alias="from")
    """Where its id is: a JSONPath into the response, or `header:Location`; the first that is there."""


class Follows(Section):
    """Requests about an entity go to the side that created it."""

    kind: KebabCase
    """What it is, such as payment."""
    key: EntityKey
    """Where its id is: `path:NAME`, `query:NAME`, `form:NAME`, `header:NAME`, `json:PATH`, `cres:PATH`."""
    unknown: Literal["legacy", "modern", "probe"] = "legacy"
    """Who serves one that is not known; probe asks both sides by GET."""
