"""`server` and `control`: where clients come in, and where engineers and QA do."""

import re
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, PlainSerializer, PlainValidator

from proxy.config.addresses import Address
from proxy.config.base import Section
from proxy.config.scalars import typed
from proxy.config.units import KIB, MINUTE, PERCENT, SECOND, Percent, Size, Timeout
from proxy.config.values import Cidr, Flag, Listen, Nullable, Text, WebUrl, Whole, parsed

AUTO = "auto"


class Limits(Section):
    """What a client may use. 0 = none."""

    url: Size = 16 * KIB
    """Bytes of the request target; beyond it 414."""
    headers: Size = 64 * KIB
    """Bytes of all header lines together; beyond it 431."""
    header_count: Whole = 200
    """Header lines; beyond it 431."""
    body: Size = 0
    """Bytes of a request body; beyond it 413."""
    connections: Whole = 10_000
    """Client connections of one worker process."""


class ServerTimeouts(Section):
    """How long clients may take."""

    header: Timeout = 10 * SECOND
    """From the first byte of a request to the end of its head."""
    keep_alive: Timeout = 75 * SECOND
    """How long an idle connection stays open."""
    body_idle: Timeout = MINUTE
    """The longest pause inside a request body."""
    drain: Timeout = 30 * SECOND
    """What requests under way get to finish after SIGTERM."""


class ServerTls(Section):
    """TLS towards clients."""

    cert: Text
    """File with the certificate chain, PEM."""
    key: Text
    """File with its private key, PEM."""


class Tracing(Section):
    """Spans, exported by OTLP over HTTP when `endpoint` is set."""

    sample: Percent = 1 * PERCENT
    """Percent of requests that get a span."""
    endpoint: Nullable[WebUrl] = None
    """URL of the collector, such as http://otel:4318/v1/traces."""


def _workers(value: object) -> int | None:
    value = typed(value)
    if value == AUTO:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1024:
        raise ValueError("must be a number of processes from 1 to 1024, or auto for one per core")
    return value


Workers = Annotated[
    int | None,
    PlainValidator(_workers, json_schema_input_type=Annotated[int, Field(ge=1, le=1024)] | Literal["auto"]),
    PlainSerializer(lambda count: AUTO if count is None else count, return_type=int | str, when_used="json"),
]
"""A number of processes; None is `auto`."""


class Server(Section):
    """Where clients come in."""

    listen: Listen = Address("127.0.0.1", 8080)
    """Address of the data plane."""
    status: Nullable[Listen] = None
    """Address of /healthz, /readyz and /metrics for `banyan proxy` run alone, in a container."""
    workers: Workers = 1
    """Data-plane processes; `auto` = one per core."""
    trusted_proxies: tuple[Cidr, ...] = ()
    """Networks whose X-Forwarded-* are believed; those of others are replaced."""
    limits: Limits = Limits()
    """What a client may use."""
    timeouts: ServerTimeouts = ServerTimeouts()
    """How long clients may take."""
    tls: ServerTls | None = None
    """TLS towards clients; null = plain HTTP."""
    debug_headers: Flag = False
    """Whether every response says which route, backend and reason it had."""
    access_log: Text = "-"
    """File of the access log, JSON lines; `-` = standard output, `off` = none."""
    tracing: Tracing = Tracing()
    """Spans of requests."""


class Role(StrEnum):
    """What a token may do: a viewer reads, a reviewer triages too, an operator flips too."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    OPERATOR = "operator"


class Token(NamedTuple):
    """Who may use the control plane; `digest` is the SHA-256 of the token, in hexadecimal."""

    name: str
    role: Role
    digest: str


_TOKEN = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.@-]*):([a-z]+):([0-9A-Fa-f]{64})")


def _tokens(text: str) -> tuple[Token, ...]:
    """`name:role:sha256`, separated by commas. Errors do not repeat the text, which is half a secret."""
    parts = [part.strip() for part in text.split(",")]
    tokens = tuple(_token(part, place) for place, part in enumerate(parts, 1) if part)
    if len({token.name for token in tokens}) < len(tokens):
        raise ValueError("must not name anybody twice")
    return tokens


def _token(text: str, place: int) -> Token:
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise ValueError(f"must be name:role:sha256, separated by commas; number {place} is not of that form")
    if match[2] not in tuple(Role):
        raise ValueError(f"number {place} has no known role: use viewer, reviewer or operator")
    return Token(match[1], Role(match[2]), match[3].lower())


Tokens = Annotated[
    tuple[Token, ...],
    parsed(_tokens),
    PlainSerializer(lambda tokens: ",".join(":".join(t) for t in tokens), return_type=str, when_used="json"),
]


class Control(Section):
    """Where engineers and QA come in; never on the clients' port."""

    listen: Listen = Address("127.0.0.1", 9900)
    """Address of the control API and the web UI."""
    tokens: Tokens = Field(default=(), repr=False)
    """`name:role:sha256(token)`, comma-separated. Empty = loopback only, absent = `BANYAN_TOKENS`."""
