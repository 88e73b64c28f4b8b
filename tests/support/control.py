"""The control plane in this process, over a ledger of its own: for what needs no running data plane."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from proxy.control import routes_api
from proxy.control.app import control_app
from proxy.ledger import Ledger, diffs, migrate
from proxy.ledger.diffs import Exchange, Seen
from proxy.rollout.bell import Bell
from proxy.state import State
from tests.support.config import snapshot

ROUTES = """\
routes:
  - {id: payment-show, match: {path: "/pay/{id}"}, modern: payments, stage: shadow, ramp: {steps: [5, 100]}}
  - {id: payment-list, match: {path: /pay}, modern: payments}
  - {id: admin, match: {path: /admin}}
"""
TOKENS = {role: f"secret-of-{role}" for role in ("viewer", "reviewer", "operator")}
"""A token for each role; whoever has it is called after it."""

HOST = "127.0.0.1:9900"
PATIENCE = 60.0
"""Seconds that a view waits for the ledger: on a busy machine even a file takes longer than people would."""
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Control:
    """A control plane in this process. `announced` are the versions that data planes were told of; `bell` is
    rung when one of them serves by a version."""

    client: httpx.AsyncClient
    ledger: Ledger
    state: State
    log: Path
    announced: list[int]
    bell: Bell

    async def get(self, path: str, **arguments: Any) -> httpx.Response:
        return await self.client.get(path, **arguments)

    async def post(self, path: str, document: Any = None, **arguments: Any) -> httpx.Response:
        """POST with JSON, or with what else is given."""
        body = {} if {"content", "data"} & arguments.keys() else {"json": document}
        return await self.client.post(path, **body, **arguments)


@contextlib.asynccontextmanager
async def control(
    home: Path,
    tokens: bool = False,
    peer: str = "127.0.0.1",
    url: str | None = None,
    heard: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Control]:
    """A control plane with the routes above, asked from `peer`. A `url` is taken as the ledger as it is;
    `heard` is what a data plane does that is told of a version."""
    ledger_url = url or f"sqlite:///{home / 'ledger.db'}"
    if url is None:
        migrate.upgrade(ledger_url)
    log = home / "diffs.jsonl"
    text = f"ledger: {ledger_url}\nshadow: {{log: {{path: {log}}}}}\n"
    if tokens:
        text += f"control: {{tokens: '{configured_tokens()}'}}\n"
    state = State(snapshot(text + ROUTES))
    announced: list[int] = []
    bell = Bell()

    def announce(version: int) -> None:
        announced.append(version)
        heard(version)

    app = control_app(state, announce, bell)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50000))
    client = httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes_api, "VIEW_PATIENCE", PATIENCE)
        async with client:
            yield Control(client, Ledger.open(ledger_url), state, log, announced, bell)


def configured_tokens() -> str:
    """`control.tokens` for the tokens above."""
    return ",".join(f"{role}:{role}:{digest(token)}" for role, token in TOKENS.items())


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def bearer(role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role]}"}


def diff(number: int, **changes: Any) -> dict[str, Any]:
    """A line of the diff log, one second after that of the number before."""
    difference = {
        "where": "body",
        "path": "$.items[3].amount",
        "kind": "changed",
        "primary": "10",
        "shadow": "9",
    }
    side = {"backend": "legacy", "status": 200, "ms": 1.5, "bytes": 10, "error": None}
    return {
        "id": f"d{number:05}",
        "time": (NOW + timedelta(seconds=number)).isoformat(),
        "route": "payment-show",
        "method": "GET",
        "target": "/pay/1",
        "trace_id": "0" * 32,
        "primary": side,
        "shadow": {**side, "backend": "payments"},
        "verdict": "mismatch",
        "reason": None,
        "differences": [{**difference, "severity": "critical", "noise": False}],
        "signature": "feed" * 4,
        "request": {"fields": [["X-A", "1"]], "body": ""},
        **changes,
    }


def lines(documents: list[dict[str, Any]]) -> bytes:
    """Lines of the diff log."""
    return b"".join(orjson.dumps(document) + b"\n" for document in documents)


def seen(ledger: Ledger, *documents: dict[str, Any], severity: str = "critical", count: int = 1) -> None:
    """What a shadow worker writes of mismatches, each with its sample."""
    ledger.write(lambda connection: diffs.record(connection, list(_sightings(documents, severity, count))))


def _sightings(documents: tuple[dict[str, Any], ...], severity: str, count: int) -> Iterator[Seen]:
    for one in documents:
        time = datetime.fromisoformat(one["time"])
        kept = Exchange(one["id"], time, orjson.dumps(one).decode())
        found = orjson.dumps(one["differences"]).decode()
        yield Seen(one["signature"], one["route"], severity, count, time, time, found, [kept])
