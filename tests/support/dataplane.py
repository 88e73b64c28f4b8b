"""Fixtures of the wire tests: one scripted origin and, for each lane, one running proxy in front of it."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.banyan import LANES, Banyan, Lane, running
from tests.support.origin import Origin
from tests.support.wire import Address, Wire

TRUSTED = "127.0.0.2"
"""The one client address whose forwarded headers are believed."""

STEADY: dict[str, Any] = {
    "retries": {"attempts": 2, "on": ["connect", "stale"]},
    "breaker": {"consecutive_failures": 1000000},
    "timeouts": {"connect": "30s", "response": "5m", "idle": "5m"},
}
"""Settings under which one test's failures do not change what the next test sees, and no timeout of the
backend's does what something else should have done before a test's own deadline."""

Connect = Callable[..., Wire]


def backend(origin: Origin, **settings: Any) -> dict[str, Any]:
    """A backend at this origin: steady, unless the settings say otherwise."""
    return {"url": f"http://127.0.0.1:{origin.port}", **STEADY, **settings}


def main_config(origin: Origin) -> dict[str, Any]:
    """Every stage, reachable by the first segment of the path; everything else goes to legacy."""
    return {
        "server": {"trusted_proxies": [f"{TRUSTED}/32"]},
        "backends": {
            "legacy": backend(origin, dialect="php", host="preserve"),
            "modern": backend(origin),
            "own-host": backend(origin, host="backend"),
        },
        "defaults": {"legacy": "legacy"},
        "routes": [
            {
                "id": "shadowed",
                "match": {"path": "/shadowed/{rest:path}"},
                "modern": "modern",
                "stage": "shadow",
            },
            {
                "id": "halfway",
                "match": {"path": "/canary/{rest:path}"},
                "modern": "modern",
                "stage": "canary",
                "weight": 50,
                "sticky": ["header:X-Merchant-Id"],
            },
            {"id": "moved", "match": {"path": "/modern/{rest:path}"}, "modern": "modern", "stage": "modern"},
            {
                "id": "rewritten",
                "match": {"path": "/rewritten/{id}"},
                "modern": {
                    "backend": "modern",
                    "path": "/v1/{id}",
                    "headers": {"set": {"X-Source": "banyan"}, "remove": ["X-Debug"]},
                },
                "stage": "modern",
            },
            {
                "id": "by-form",
                "match": {"path": "/form", "methods": ["POST"], "form": {"action": "pay"}},
                "modern": {"backend": "modern", "headers": {"set": {"X-Matched": "form"}}},
                "stage": "modern",
            },
            {"id": "own-host", "match": {"path": "/own-host/{rest:path}"}, "legacy": "own-host"},
        ],
    }


@pytest.fixture(scope="session")
def main_origin() -> Iterator[Origin]:
    origin = Origin()
    yield origin
    origin.close()


@pytest.fixture(scope="session", params=LANES)
def lane(request: pytest.FixtureRequest) -> Lane:
    """The way requests take through the data plane; every wire test runs on each."""
    lane: Lane = request.param
    return lane


class Proxies:
    """Running proxies by name and lane, until the session ends: pytest would begin anew with each lane."""

    def __init__(self, homes: pytest.TempPathFactory, stack: contextlib.ExitStack) -> None:
        self._homes = homes
        self._stack = stack
        self._running: dict[tuple[str, Lane], Banyan] = {}

    def get(self, name: str, lane: Lane, config: dict[str, Any]) -> Banyan:
        """The proxy of this name; the first to ask for it says what its configuration is."""
        if (name, lane) not in self._running:
            home = self._homes.mktemp(f"{name}-{lane}")
            self._running[name, lane] = self._stack.enter_context(running(home, config, lane))
        return self._running[name, lane]

    def terminate(self) -> None:
        """Ask all of them to end, so that they do it at the same time."""
        for banyan in self._running.values():
            banyan.terminate()


@pytest.fixture(scope="session")
def proxies(main_origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxies]:
    with contextlib.ExitStack() as stack:
        proxies = Proxies(tmp_path_factory, stack)
        yield proxies
        proxies.terminate()


@pytest.fixture(scope="session")
def main_proxy(lane: Lane, main_origin: Origin, proxies: Proxies) -> Banyan:
    return proxies.get("main", lane, main_config(main_origin))


@pytest.fixture
def origin(main_origin: Origin) -> Iterator[Origin]:
    """The origin, freshly forgetful. Whatever it was sent in the test must have been strict HTTP/1."""
    main_origin.forget()
    yield main_origin
    assert main_origin.violations == []


@pytest.fixture
def connect(main_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    """Opens client connections to the proxy, with nothing left behind it from another test."""
    yield from connector(main_proxy.address)


@pytest.fixture
def wire(connect: Connect) -> Wire:
    """One client connection to the proxy."""
    return connect()


def connector(address: Address) -> Iterator[Connect]:
    """The body of a `connect` fixture for the proxy at this address."""
    wires: list[Wire] = []

    def connect(**settings: Any) -> Wire:
        wires.append(Wire(address, **settings))
        return wires[-1]

    yield connect
    for wire in wires:
        wire.socket.close()
