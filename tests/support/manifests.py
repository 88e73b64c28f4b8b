"""The Kubernetes manifests as kubectl renders them, and questions to ask of them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from tests.support.checkout import ROOT, run

Manifest = dict[str, Any]


@cache
def rendered(overlay: str) -> list[Manifest]:
    """All manifests of the kustomization in k8s/<overlay>."""
    done = run("kubectl", "kustomize", ROOT / "k8s" / overlay)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(overlay: str, kind: str) -> list[Manifest]:
    found = [manifest for manifest in rendered(overlay) if manifest["kind"] == kind]
    assert found, f"no {kind} in {overlay}"
    return found


def named(overlay: str, kind: str, name: str) -> Manifest:
    return next(found for found in of_kind(overlay, kind) if found["metadata"]["name"] == name)


def pods(overlay: str) -> list[Manifest]:
    """The pod templates of all deployments."""
    return [deployment["spec"]["template"] for deployment in of_kind(overlay, "Deployment")]


def selected(overlay: str, labels: dict[str, str]) -> list[Manifest]:
    """The pod templates that a selector with these labels picks."""
    return [pod for pod in pods(overlay) if labels.items() <= pod["metadata"]["labels"].items()]


def containers(overlay: str) -> Iterator[tuple[Manifest, Manifest]]:
    """Every container, those too that only begin, each with the spec of its pod."""
    for pod in pods(overlay):
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            yield pod["spec"], container


def ports(containers: list[Manifest]) -> dict[str, int]:
    """The ports that these containers declare, by name."""
    return {port["name"]: port["containerPort"] for found in containers for port in found.get("ports", [])}


def routes_text(overlay: str) -> str:
    """The routes.yaml that the ConfigMap carries."""
    return str(named(overlay, "ConfigMap", "banyan-routes")["data"]["routes.yaml"])
