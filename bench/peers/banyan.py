"""The product as it ships: access log to a file, metrics, one request in a hundred traced, 500 routes.

The measured routes stand at canary, half of the merchants each way; both sides lead to the one origin.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from bench.machine import free_port
from bench.peers.base import Command, Peer, Site
from bench.venvs import ROOT

ROUTES = 500
CANARY = {"stage": "canary", "weight": 50}
KINDS = (("", "GET"), ("", "POST"), ("/{id}", "GET"), ("/{id:int}/lines/{n}", "GET"), ("/{id}/void", "POST"))
TRACING = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}


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


def routes_yaml(site: Site, setup: Setup) -> str:
    """The configuration file, as JSON, which is YAML."""
    url = f"http://127.0.0.1:{site.origin}"
    modern = f"http://127.0.0.1:{setup.modern}" if setup.modern else url
    measured = measured_routes(setup)
    return json.dumps(
        {
            "version": 1,
            "server": {
                "listen": f"127.0.0.1:{site.port}",
                "workers": setup.workers,
                "limits": {"connections": 16000},
            },
            "control": {"listen": f"127.0.0.1:{free_port()}"},
            "ledger": f"sqlite:///{site.folder}/banyan.db",
            "shadow": {
                "socket": str(site.folder / "shadow.sock"),
                "log": {"path": str(site.folder / "diffs.jsonl")},
            },
            "backends": {
                "legacy": {"url": url, "pool": {"connections": 512}},
                "modern": {"url": modern, "pool": {"connections": 512}},
            },
            "defaults": {"legacy": "legacy", "sticky": ["header:X-Merchant-Id", "client_ip"]},
            "routes": [*measured, *other_routes(setup.routes - len(measured))],
        },
        indent=1,
    )


def banyan(key: str, title: str, setup: Setup | None = None) -> Peer:
    """One way to run the product; the default is as it ships, on one worker."""
    chosen = setup or Setup()

    def command(site: Site) -> Command:
        config = site.folder / "routes.yaml"
        config.write_text(routes_yaml(site, chosen))
        argv = [sys.executable, "-m", "proxy", "serve", "--config", str(config)]
        return Command(argv, {"PYTHONPATH": str(ROOT), **TRACING, **chosen.env})

    return Peer(key, title, command)


EXPRESS = banyan("banyan", "Banyan")
ASGI = banyan("banyan-asgi", "Banyan, ASGI lane", Setup(env={"BANYAN_LANE": "asgi"}))
