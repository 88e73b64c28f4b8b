"""The Kubernetes manifests: rendered by kubectl, valid by schema, true to one another and to the program."""

import re
import signal
import subprocess
import time
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from proxy.config.loading import load
from tests.support.checkout import ROOT, run
from tests.support.manifests import (
    Manifest,
    containers,
    named,
    of_kind,
    pods,
    ports,
    rendered,
    routes_text,
    selected,
)

OLDEST, NEWEST = "1.32", "1.37"

pytestmark = pytest.mark.parametrize("overlay", ["base", "overlays/example"])


def routes(overlay: str) -> Manifest:
    return dict(yaml.safe_load(routes_text(overlay)))


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration[:-1])


# --- kustomize and the schemas ---------------------------------------------------------------------


def test_every_file_is_used(overlay: str) -> None:
    folder = ROOT / "k8s" / overlay
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    used = [*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", []))]
    used += [file for generator in kustomization["configMapGenerator"] for file in generator["files"]]
    assert {path.name for path in folder.iterdir() if path.is_file()} - {"kustomization.yaml"} == {
        name for name in used if "/" not in name
    }


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_manifests_fit_the_schemas(overlay: str, version: str) -> None:
    for manifest in rendered(overlay):
        kubernetes_validate.validate(manifest, version, strict=True)


def test_everything_lives_in_one_namespace_and_no_secret_is_shipped(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    for manifest in rendered(overlay):
        assert manifest["kind"] != "Secret"
        if manifest is not namespace:
            assert manifest["metadata"]["namespace"] == namespace["metadata"]["name"]


def test_the_namespace_enforces_the_restricted_profile(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


# --- one manifest and another ----------------------------------------------------------------------


def test_services_select_one_kind_of_pod_and_name_its_port(overlay: str) -> None:
    for service in of_kind(overlay, "Service"):
        (pod,) = selected(overlay, service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports(pod["spec"]["containers"])


def test_no_service_reaches_both_clients_and_engineers_ports(overlay: str) -> None:
    services = of_kind(overlay, "Service")
    targets = [{port["targetPort"] for port in service["spec"]["ports"]} for service in services]
    assert sorted(map(sorted, targets)) == [["clients"], ["control"]]


def test_deployments_and_budgets_select_one_kind_of_pod(overlay: str) -> None:
    for manifest in of_kind(overlay, "Deployment") + of_kind(overlay, "PodDisruptionBudget"):
        assert len(selected(overlay, manifest["spec"]["selector"]["matchLabels"])) == 1


def test_pods_are_spread_among_their_own_kind(overlay: str) -> None:
    for pod in pods(overlay):
        for spread in pod["spec"]["topologySpreadConstraints"]:
            assert selected(overlay, spread["labelSelector"]["matchLabels"]) == [pod]


def test_the_autoscaler_owns_the_data_planes_replicas(overlay: str) -> None:
    (autoscaler,) = of_kind(overlay, "HorizontalPodAutoscaler")
    target = autoscaler["spec"]["scaleTargetRef"]
    deployment = named(overlay, target["kind"], target["name"])["spec"]
    assert "replicas" not in deployment
    assert autoscaler["spec"]["minReplicas"] >= 2
    measured = {metric["containerResource"]["container"] for metric in autoscaler["spec"]["metrics"]}
    assert measured == {"proxy"}
    assert measured <= {container["name"] for container in deployment["template"]["spec"]["containers"]}


def test_everything_not_allowed_is_denied(overlay: str) -> None:
    deny = named(overlay, "NetworkPolicy", "banyan-deny-all")["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_network_policies_select_pods_and_name_their_ports(overlay: str) -> None:
    for policy in of_kind(overlay, "NetworkPolicy"):
        chosen = selected(overlay, policy["spec"]["podSelector"].get("matchLabels", {}))
        assert chosen
        opened = {port["port"] for rule in policy["spec"].get("ingress", []) for port in rule["ports"]}
        assert opened <= ports([each for pod in chosen for each in pod["spec"]["containers"]]).keys()


def test_only_the_clients_port_is_open_to_all(overlay: str) -> None:
    open_ports = [
        port["port"]
        for policy in of_kind(overlay, "NetworkPolicy")
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule
        for port in rule["ports"]
    ]
    assert open_ports == ["clients"]


def test_probes_name_a_port_of_their_own_container(overlay: str) -> None:
    probed = set()
    for _, container in containers(overlay):
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                assert container[probe]["httpGet"]["port"] in ports([container])
                probed.add(container["name"])
    # The shadow worker has none on purpose: its health must not decide over the data plane's.
    assert probed == {"proxy", "control"}


def test_mounts_name_a_volume_and_routes_come_as_a_whole_directory(overlay: str) -> None:
    for pod, container in containers(overlay):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in mounts.values()} <= volumes.keys()
        # With a subPath an edit of the ConfigMap would never reach the pod.
        assert not any("subPath" in mount for mount in mounts.values())
        source = volumes[mounts["/etc/banyan"]["name"]]
        assert named(overlay, "ConfigMap", source["configMap"]["name"])


def test_pods_keep_to_the_restricted_profile(overlay: str) -> None:
    for pod, container in containers(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False


def test_memory_is_bounded_and_cpu_is_not(overlay: str) -> None:
    for _, container in containers(overlay):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"].keys() == {"memory"}


# --- the manifests and the program -----------------------------------------------------------------


def test_the_image_is_the_one_that_the_project_builds(overlay: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    version = re.search(r'image\.version="(.+?)"', dockerfile)
    user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)
    assert version and user
    for pod, container in containers(overlay):
        assert container["image"].rpartition("/")[2] == f"banyan:{version[1]}"
        assert pod["securityContext"]["runAsUser"] == int(user[1])
        assert pod["securityContext"]["runAsGroup"] == int(user[2])


def test_routes_pass_the_programs_own_check(overlay: str) -> None:
    secret = {"BANYAN_LEDGER": "postgresql://banyan@db/banyan"}
    assert load(routes_text(overlay), "routes.yaml", secret).errors == ()


def test_containers_run_commands_of_the_program(overlay: str) -> None:
    for _, container in containers(overlay):
        # Without a command of its own, a container runs the image's entry point.
        line = " ".join([*container.get("command", ["banyan"]), *container["args"]])
        called = re.search(r"\bbanyan ((\w+)( \w+)?) --config /etc/banyan/routes.yaml\b", line)
        assert called and called[2] == container["name"]
        done = run("banyan", *called[1].split(), "--help")
        assert done.returncode == 0
        assert "--config" in done.stdout


def test_the_ledger_s_tables_are_there_before_the_control_plane_is(overlay: str) -> None:
    (control,) = [pod["spec"] for pod in pods(overlay) if pod["spec"]["containers"][0]["name"] == "control"]
    (first,) = control["initContainers"]
    assert first["args"][:2] == ["ledger", "upgrade"]
    assert [one["name"] for one in first["env"]] == ["BANYAN_LEDGER"]


def test_ports_are_those_of_the_configuration(overlay: str) -> None:
    config = routes(overlay)
    declared = ports([container for _, container in containers(overlay)])
    assert {name: f"0.0.0.0:{port}" for name, port in declared.items()} == {
        "clients": config["server"]["listen"],
        "status": config["server"]["status"],
        "control": config["control"]["listen"],
    }


def test_metrics_are_scraped_where_they_are_served(overlay: str) -> None:
    for pod in pods(overlay):
        scraped = int(pod["metadata"]["annotations"]["prometheus.io/port"])
        declared = ports(pod["spec"]["containers"])
        assert scraped in {declared.get("status"), declared.get("control")}


def test_what_is_written_lies_on_a_volume(overlay: str) -> None:
    shadow = routes(overlay)["shadow"]
    written = {"proxy": [shadow["socket"]], "shadow": [shadow["socket"], shadow["log"]["path"]]}
    for _, container in containers(overlay):
        mounts = [mount for mount in container["volumeMounts"] if not mount.get("readOnly")]
        for path in written.get(container["name"], []):
            assert str(Path(path).parent) in {mount["mountPath"] for mount in mounts}


def test_the_grace_period_covers_pre_stop_and_drain(overlay: str) -> None:
    drain = seconds(routes(overlay)["server"]["timeouts"]["drain"])
    for pod, container in containers(overlay):
        if container in pod.get("initContainers", ()):
            continue  # it ends by itself, before any client comes
        pre_stop = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod["terminationGracePeriodSeconds"] > pre_stop + drain


@pytest.mark.parametrize("secret", ["BANYAN_TOKENS", "BANYAN_WEBHOOK_SECRET"])
def test_what_only_the_control_plane_needs_reaches_it_alone(overlay: str, secret: str) -> None:
    holders = [
        container["name"]
        for _, container in containers(overlay)
        if any(variable["name"] == secret for variable in container["env"])
    ]
    assert holders == ["control"]


@pytest.mark.parametrize("needed", ["banyan/backends", "banyan/webhooks"])
def test_the_control_plane_reaches_whom_it_replays_to_and_whom_it_tells(overlay: str, needed: str) -> None:
    egress = named(overlay, "NetworkPolicy", "banyan-control")["spec"]["egress"]
    allowed = [
        peer.get("namespaceSelector", {}).get("matchLabels", {}) for rule in egress for peer in rule["to"]
    ]
    assert {needed: "allowed"} in allowed


# --- the shadow container's loop -------------------------------------------------------------------


def shadow_loop(overlay: str, banyan: str, folder: Path) -> subprocess.Popen[bytes]:
    """Starts the shadow container's command with `banyan` (a script's text) in the program's place."""
    program = folder / "banyan"
    program.write_text(f"#!/bin/sh\n{banyan}\n")
    program.chmod(0o755)
    container = next(container for _, container in containers(overlay) if container["name"] == "shadow")
    return subprocess.Popen(
        [*container["command"], *container["args"]], env={"PATH": f"{folder}:/usr/bin:/bin"}, cwd=folder
    )


def wait_for(path: Path, lines: int) -> list[str]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and len(found := path.read_text().splitlines()) >= lines:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{path.name} did not reach {lines} lines")


def test_a_shadow_worker_that_dies_is_started_again(overlay: str, tmp_path: Path) -> None:
    loop = shadow_loop(overlay, 'echo "$*" >> starts; kill -9 $$', tmp_path)
    try:
        starts = wait_for(tmp_path / "starts", 2)
        assert loop.poll() is None
    finally:
        loop.send_signal(signal.SIGTERM)
        loop.wait(30)
    assert starts[0].split() == ["shadow", "--config", "/etc/banyan/routes.yaml"]


def test_a_shadow_worker_may_finish_when_the_pod_stops(overlay: str, tmp_path: Path) -> None:
    worker = (
        "trap 'echo drained >> log; exit' TERM; echo started >> log; for _ in $(seq 600); do sleep 0.05; done"
    )
    loop = shadow_loop(overlay, worker, tmp_path)
    wait_for(tmp_path / "log", 1)
    loop.send_signal(signal.SIGTERM)
    loop.wait(30)
    assert (tmp_path / "log").read_text().splitlines() == ["started", "drained"]
