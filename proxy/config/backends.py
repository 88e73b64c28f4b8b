"""`backends`: the services that answer, and how each is to be treated."""

from typing import Literal

from proxy.config.base import Section
from proxy.config.units import MINUTE, PERCENT, SECOND, Duration, Percent, Timeout
from proxy.config.values import Flag, Nullable, OneOrMore, Path, Positive, Text, Upstream, Whole

RetryReason = Literal["connect", "stale", 502, 503, 504]


class BackendTimeouts(Section):
    """How long a backend may take."""

    connect: Timeout = SECOND
    """To accept a connection, TLS included."""
    response: Timeout = 30 * SECOND
    """To send the head of its response."""
    idle: Timeout = MINUTE
    """The longest pause inside a response body, or in taking a request's."""


class Pool(Section):
    """Connections to one URL of a backend."""

    connections: Positive = 256
    """The most that are open at once, in one worker process."""
    keep_alive: Timeout = 30 * SECOND
    """How long an idle one stays open."""


class Backoff(Section):
    """Random waits before another try: up to `base`, doubled each time, at most `cap`."""

    base: Duration = 0.025 * SECOND
    """The longest wait before the second try."""
    cap: Duration = 0.25 * SECOND
    """The longest wait before any try."""


class Retries(Section):
    """Another try where it is safe: safe methods, or not a byte was sent."""

    attempts: Positive = 2
    """Tries in all; 1 = no retries."""
    on: tuple[RetryReason, ...] = ("connect", "stale", 502, 503, 504)
    """What is tried again: no connection, a stale one, or these statuses."""
    budget: Percent = 20 * PERCENT
    """Retries under way, in percent of the requests under way."""
    backoff: Backoff = Backoff()
    """Random waits before another try."""


class Breaker(Section):
    """Stops asking a backend that keeps failing."""

    consecutive_failures: Positive = 5
    """Failures in a row that open it."""
    open_for: Timeout = 5 * SECOND
    """How long nothing is sent."""
    half_open_probes: Positive = 1
    """Requests let through at once to see whether it is well again."""


class Health(Section):
    """Active checks, for a backend that has this key."""

    path: Path = "/healthz"
    """What is asked for by GET; any 2xx is healthy."""
    interval: Timeout = 5 * SECOND
    """Between two checks."""
    timeout: Timeout = SECOND
    """Of one check."""
    unhealthy_after: Positive = 3
    """Failures in a row that take a URL out."""
    healthy_after: Positive = 2
    """Successes in a row that take it in again."""


class BackendTls(Section):
    """TLS towards a backend; for https URLs."""

    ca: Nullable[Text] = None
    """File with the authorities to trust, PEM; null = the system's."""
    cert: Nullable[Text] = None
    """File with a client certificate, PEM."""
    key: Nullable[Text] = None
    """File with its private key, PEM."""
    verify: Flag = True
    """Whether the backend's certificate must be valid for its name."""


class Backend(Section):
    """One service."""

    url: OneOrMore[Upstream]
    """`http://host:port` or https; or a list of them: round robin over the healthy ones."""
    dialect: Literal["php", "plain"] = "php"
    """How query, form and cookie matchers read, and which diff preset applies."""
    host: Literal["preserve", "backend"] = "preserve"
    """The Host that is sent: the client's, or the backend's own."""
    timeouts: BackendTimeouts = BackendTimeouts()
    """How long it may take."""
    pool: Pool = Pool()
    """Connections to one of its URLs."""
    max_in_flight: Whole = 0
    """Requests under way at once; beyond it 503 with Retry-After. 0 = no limit."""
    retries: Retries = Retries()
    """Another try where it is safe."""
    breaker: Breaker = Breaker()
    """Stops asking a backend that keeps failing."""
    health: Health | None = None
    """Active checks; null = none."""
    tls: BackendTls = BackendTls()
    """TLS towards it."""
