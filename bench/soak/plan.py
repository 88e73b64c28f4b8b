"""The product's configuration during a soak, and how it changes under load."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.peers.banyan import serve, skeleton
from bench.peers.base import Command, Site

KEEP_ALIVE = 2  # seconds an idle connection to a backend is kept


class Plan:
    """routes.yaml for two legacy and two modern backends, by their ports."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._file = Path()
        self._config: dict[str, Any] = {}

    @property
    def control(self) -> int:
        return int(self._config["control"]["listen"].rpartition(":")[2])

    def command(self, site: Site) -> Command:
        self._file = site.folder / "routes.yaml"
        self._config = {
            **skeleton(site, workers=1),
            "backends": {"legacy": self._backend(self._ports[:2]), "modern": self._backend(self._ports[2:])},
        }
        return serve(site, self._routed(50), {})

    def flip(self, weight: int) -> None:
        """Edits routes.yaml the way an editor does: a new file takes the old one's place."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._routed(weight)))
        fresh.replace(self._file)

    def _routed(self, weight: int) -> dict[str, Any]:
        paths = {"bytes": "/bytes/{seed}/{size}", "echo": "/echo"}
        stage = {"modern": "modern", "stage": "canary", "weight": weight}
        routes = [{"id": name, "match": {"path": path}, **stage} for name, path in paths.items()]
        return {**self._config, "routes": routes}

    def _backend(self, ports: Sequence[int]) -> dict[str, Any]:
        return {
            "url": [f"http://127.0.0.1:{port}" for port in ports],
            "pool": {"connections": 64, "keep_alive": f"{KEEP_ALIVE}s"},
            "timeouts": {"connect": "1s", "response": "10s", "idle": "10s"},
            "breaker": {"consecutive_failures": 5, "open_for": "1s", "half_open_probes": 1},
            "health": {
                "path": "/healthz",
                "interval": "500ms",
                "timeout": "500ms",
                "unhealthy_after": 2,
                "healthy_after": 1,
            },
        }
