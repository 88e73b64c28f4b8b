"""A running proxy whose backends are down, slow, flaky or full, each at its own first path segment."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.banyan import Banyan, Lane
from tests.support.dataplane import Proxies, backend
from tests.support.origin import Origin

ONCE = {"attempts": 1, "on": []}
EAGER = {
    "attempts": 3,
    "on": ["connect", "stale", 502, 503, 504],
    "backoff": {"base": "1ms", "cap": "5ms"},
}
BREAKER = {"consecutive_failures": 3, "open_for": "5s", "half_open_probes": 1}
HEALTH = {"interval": "100ms", "timeout": "1s", "unhealthy_after": 2, "healthy_after": 1}


@pytest.fixture(scope="session")
def second_origin() -> Iterator[Origin]:
    origin = Origin()
    yield origin
    origin.close()


@pytest.fixture(scope="session")
def checked_origins() -> Iterator[list[Origin]]:
    """Two origins of the backend with health checks, which nobody else is to see."""
    origins = [Origin(), Origin()]
    yield origins
    for origin in origins:
        origin.close()


@pytest.fixture(scope="session")
def closed_port() -> Iterator[int]:
    """A port that refuses connections, and that nobody else can take."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture(scope="session")
def full_port() -> Iterator[int]:
    """A port whose queue is full: connections to it are neither taken nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as stack:
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def url_of(origin: Origin) -> str:
    return f"http://127.0.0.1:{origin.port}"


def config(
    origin: Origin, second: Origin, checked: list[Origin], closed_port: int, full_port: int
) -> dict[str, Any]:
    """A backend for each kind of fault, chosen by the first segment of the path."""
    closed = f"http://127.0.0.1:{closed_port}"
    backends = {
        "steady": backend(origin),
        "down": backend(origin, url=closed),
        "deaf": backend(origin, url=f"http://127.0.0.1:{full_port}", timeouts={"connect": "500ms"}),
        "slow": backend(origin, timeouts={"connect": "30s", "response": "1500ms"}),
        "patient": backend(origin, timeouts={"connect": "30s", "response": "2s"}),
        "stalling": backend(origin, timeouts={"connect": "30s", "response": "5m", "idle": "1s"}),
        "flaky": backend(origin, retries=EAGER),
        "once": backend(origin, retries=ONCE),
        "breaking": backend(origin, retries=ONCE, breaker=BREAKER),
        "small": backend(origin, max_in_flight=2),
        "single": backend(origin, pool={"connections": 1}),
        "pair": backend(origin, url=[url_of(origin), url_of(second)]),
        "half-broken": backend(
            origin,
            url=[url_of(origin), url_of(second)],
            retries=ONCE,
            breaker={"consecutive_failures": 2, "open_for": "60s", "half_open_probes": 1},
        ),
        "half-down": backend(origin, url=[closed, url_of(origin)], retries=EAGER),
        "checked": backend(origin, url=[*map(url_of, checked)], health={"path": "/healthz", **HEALTH}),
    }
    routes = [{"id": name, "match": {"path": f"/{name}/{{rest:path}}"}, "legacy": name} for name in backends]
    routes.append(
        {
            "id": "falls-back",
            "match": {"path": "/falls-back"},
            "legacy": "steady",
            "modern": "down",
            "stage": "modern",
        }
    )
    return {"backends": backends, "defaults": {"legacy": "steady"}, "routes": routes}


@pytest.fixture(scope="session")
def faulty_proxy(
    lane: Lane,
    main_origin: Origin,
    second_origin: Origin,
    checked_origins: list[Origin],
    closed_port: int,
    full_port: int,
    proxies: Proxies,
) -> Banyan:
    settings = config(main_origin, second_origin, checked_origins, closed_port, full_port)
    return proxies.get("faulty", lane, settings)
