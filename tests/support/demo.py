"""The demo's two sides for tests: the real PHP gateway and the real FastAPI service, on free ports.

The fixtures `legacy_app` and `modern_app` last for a file of tests and share one database (`demo_home`) and a
stopped clock, so answers can be compared byte by byte. Lists are short and all that is new is of one second:
so no file finds what another's tests left. A test that needs a database of its own calls `seeded` and
`running_legacy` or `running_modern` itself.
"""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from demo.story import origins, parts

NOW = "2026-03-02T09:15:00+00:00"
"""The stopped clock of both sides: 10:15 in Berlin, where the gateway keeps its time."""

API_KEY = {"Authorization": "Bearer sk_demo_m1", "X-Merchant-Id": "m_1"}
"""What merchant m_1 sends; most of the seed's payments are theirs."""

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer: header names in lower case, in order, with duplicates."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str | None:
        """The first value of this header (name in lower case)."""
        return next((value for field, value in self.fields if field == name), None)


@dataclass(frozen=True, slots=True)
class App:
    """One running side."""

    address: parts.Address
    home: origins.Home

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`."""
        return self.address.url

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request on a connection of its own; the target goes out as it is."""
        return send(self.address, method, target, body, headers)

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Reply:
        """A GET."""
        return self.send("GET", target, None, headers)


def send(
    address: parts.Address,
    method: str,
    target: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request to any address: redirects are not followed, only Host and Content-Length are added."""
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=30)) as connection:
        connection.request(method, target, body, dict(headers or {}))
        answer = connection.getresponse()
        fields = tuple((name.lower(), value) for name, value in answer.getheaders())
        return Reply(answer.status, fields, answer.read())


def post_form(
    app: App, target: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> Reply:
    """A form post."""
    return app.send("POST", target, urlencode(fields).encode(), {**FORM, **(headers or {})})


def create_payment(app: App, **fields: object) -> dict[str, Any]:
    """A new payment of merchant m_1, made through the gateway's API."""
    body = {"amount": "50.00", "currency": "EUR", "reference": "T-1", **fields}
    reply = app.send("POST", "/api/payments", json.dumps(body).encode(), {**API_KEY, **JSON})
    assert reply.status == 201, reply
    made: dict[str, Any] = json.loads(reply.body)
    return made


def show_payment(app: App, payment_id: str) -> dict[str, Any]:
    """A payment as the gateway shows it."""
    shown: dict[str, Any] = json.loads(app.get(f"/payment.php?id={payment_id}").body)
    return shown


def seeded(path: Path, now: str | None = NOW) -> origins.Home:
    """A new database with the seed in this directory."""
    home = origins.Home(path, now)
    origins.seed(origins.require_php(), home)
    return home


def wait_until_free(address: parts.Address) -> None:
    """Until nobody listens there any more."""
    deadline = time.monotonic() + 60
    while parts.in_use(address):
        assert time.monotonic() < deadline, f"somebody still listens on {address}"
        time.sleep(0.05)


@contextmanager
def running_legacy(home: origins.Home) -> Iterator[App]:
    """The PHP gateway on a free port, over a seeded home."""
    address = parts.free_address()
    part = parts.start(origins.legacy(origins.require_php(), home, address), home.path)
    try:
        yield App(address, home)
    finally:
        part.stop()


@contextmanager
def running_modern(home: origins.Home, env: Mapping[str, str] | None = None) -> Iterator[App]:
    """The FastAPI service on a free port, over a seeded home; `env` may name another database."""
    address = parts.free_address()
    part = parts.start(origins.modern(home, address, env), home.path)
    try:
        yield App(address, home)
    finally:
        part.stop()


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> origins.Home:
    """The database of both sides."""
    return seeded(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def legacy_app(demo_home: origins.Home) -> Iterator[App]:
    """The PHP gateway."""
    with running_legacy(demo_home) as app:
        yield app


@pytest.fixture(scope="module")
def modern_app(demo_home: origins.Home) -> Iterator[App]:
    """The FastAPI service, on the gateway's database."""
    with running_modern(demo_home) as app:
        yield app
