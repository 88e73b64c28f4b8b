"""The product as it ships: access log to a file, metrics, one request in a hundred traced, 500 routes.

The measured routes stand at canary, half of the merchants each way; both sides lead to the one origin.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.machine import free_port
from bench.peers.base import Command, Peer, Site
from bench.venvs import ROOT

ROUTES = 500
CANARY = {"stage": "canary", "weight": 50}
KINDS = (("", "GET"), ("", "POST"), ("/{id}", "GET"), ("/{id:int}/lines/{n}", "GET"), ("/{id}/void", "POST"))


@dataclass(frozen=True, slots=True)
class Setup:
    """What differs between two measured Banyans. `stage` is merged into the measured routes."""

    routes: int = ROUTES
    workers: int = 1
    stage: dict[str, Any] = field(default_factory=lambda: CANARY)
    env: dict[str, str] = field(default_factory=dict)
    modern: int | None = None  # port of the modern side, where it is not the origin's


def measured_routes(setup: Setup) -> list[dict[str, Any]]:
    """The three routes that the loads call."""
    wanted = [
        ("payment-show", "/api/payments/{payment_id}", "GET"),
        ("payment-create", "/api/payments", "POST"),
        ("export-download", "/api/exports/{name}", "GET"),
    ]
    return [
        {"id": name, "match": {"path": path, "methods": [method]}, "modern": "modern", **setup.stage}
        for name, path, method in wanted
    ]


def other_routes(count: int) -> list[dict[str, Any]]:
    """`count` more routes of the kinds that a real application has, so that the index has a load."""
    routes = []
    for number in range(count):
        tail, method = KINDS[number % len(KINDS)]
        path = f"/api/v{number % 3 + 1}/resource{number // len(KINDS)}{tail}"
        match = {"path": path, "methods": [method]}
        routes.append({"id": f"other-{number}", "match": match, "modern": "modern", "stage": "legacy"})
    return routes


def all_routes(setup: Setup) -> list[dict[str, Any]]:
    measured = measured_routes(setup)
    return [*measured, *other_routes(setup.routes - len(measured))]


def skeleton(site: Site, workers: int) -> dict[str, Any]:
    """The parts of routes.yaml that say where things are: everything but backends and routes."""
    return {
        "version": 1,
        "server": {
            "listen": f"127.0.0.1:{site.port}",
            "workers": workers,
            "limits": {"connections": 16000},
            "access_log": f"{site.folder}/access.log",
            # The origin answers 200 to anything, which is all that an exporter wants of a collector.
            "tracing": {"endpoint": f"http://127.0.0.1:{site.origin}/v1/traces", "sample": 1},
        },
        "control": {"listen": f"127.0.0.1:{free_port()}"},
        "ledger": f"sqlite:///{site.folder}/banyan.db",
        "shadow": {"socket": f"{site.folder}/shadow.sock", "log": {"path": f"{site.folder}/diffs.jsonl"}},
        "defaults": {"legacy": "legacy", "sticky": ["header:X-Merchant-Id", "client_ip"]},
    }


def configuration(site: Site, setup: Setup) -> dict[str, Any]:
    """What the product is measured with."""
    legacy = f"http://127.0.0.1:{site.origin}"
    modern = f"http://127.0.0.1:{setup.modern}" if setup.modern else legacy
    return {
        **skeleton(site, setup.workers),
        "backends": {
            "legacy": {"url": legacy, "pool": {"connections": 512}},
            "modern": {"url": modern, "pool": {"connections": 512}},
        },
        "routes": all_routes(setup),
    }


def serve(site: Site, configuration: dict[str, Any], env: Mapping[str, str]) -> Command:
    """Writes routes.yaml, as JSON, which is YAML, and runs the whole product on it."""
    config = site.folder / "routes.yaml"
    config.write_text(json.dumps(configuration, indent=1))
    argv = [sys.executable, "-m", "proxy", "serve", "--config", str(config)]
    return Command(argv, {"PYTHONPATH": str(ROOT), **env})


def banyan(key: str, title: str, setup: Setup | None = None) -> Peer:
    """One way to run the product; the default is as it ships, on one worker."""
    chosen = setup or Setup()
    return Peer(key, title, lambda site: serve(site, configuration(site, chosen), chosen.env))


EXPRESS = banyan("banyan", "Banyan")
ASGI = banyan("banyan-asgi", "Banyan, ASGI lane", Setup(env={"BANYAN_LANE": "asgi"}))
