"""demo/compose.yaml: valid by the Compose specification, and about the demo as it is."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from tests.support.checkout import ROOT, run

FILE = ROOT / "demo" / "compose.yaml"
TEXT = FILE.read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
DOCKERFILES = {name: service["build"] for name, service in SERVICES.items() if "build" in service}


def dockerfile(build: dict[str, str]) -> Path:
    return FILE.parent / build["context"] / build.get("dockerfile", "Dockerfile")


def test_it_is_valid_by_the_specification() -> None:
    assert PyCompose.from_yaml(TEXT).service_names() == list(SERVICES)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("init: true", "inti: true"), ("service_healthy", "service_helthy"), ("interval: 5s", "interval: soon")],
)
def test_the_specification_is_really_applied(right: str, wrong: str) -> None:
    with pytest.raises(ValueError):
        PyCompose.from_yaml(TEXT.replace(right, wrong))


def test_it_has_every_part_of_the_demo() -> None:
    assert set(SERVICES) == {"banyan", "ledger", "legacy", "modern", "redis", "postgres"}
    assert {name for name in SERVICES if "healthcheck" not in SERVICES[name]} == {"banyan", "ledger"}, (
        "the image has one, and what ends needs none"
    )


def test_the_ledger_s_tables_are_made_before_banyan_starts() -> None:
    (made,) = [word for word in SERVICES["ledger"]["command"] if word.startswith("--ledger=")]
    assert SERVICES["ledger"]["command"][:2] == ["ledger", "upgrade"]
    assert made in SERVICES["banyan"]["command"]
    assert SERVICES["banyan"]["depends_on"]["ledger"] == {"condition": "service_completed_successfully"}


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_both_sides_share_one_database() -> None:
    assert SERVICES["legacy"]["volumes"] == SERVICES["modern"]["volumes"] == ["payments:/data"]
    for name in ("legacy", "modern"):
        image = dockerfile(DOCKERFILES[name]).read_text()
        assert "DEMO_DB=/data/payments.db" in image
        assert "USER 10001:10001" in image, "one user, or one side cannot write what the other made"


def test_banyan_is_told_where_the_sides_are() -> None:
    environment = SERVICES["banyan"]["environment"]
    for variable, side in (("BANYAN_LEGACY_URL", "legacy"), ("BANYAN_PAYMENTS_URL", "modern")):
        port = re.search(r"EXPOSE (\d+)", dockerfile(DOCKERFILES[side]).read_text())
        assert port is not None
        assert environment[variable] == f"http://{side}:{port[1]}"
        assert f"${{{variable}:-" in (ROOT / "routes.yaml").read_text()


def test_the_token_it_names_is_the_one_that_opens() -> None:
    digest = hashlib.sha256(b"demo-operator").hexdigest()
    assert "`demo-operator`" in TEXT
    assert SERVICES["banyan"]["environment"]["BANYAN_TOKENS"] == f"demo:operator:{digest}"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_images_can_be_built_from_what_is_there(name: str) -> None:
    build = DOCKERFILES[name]
    file = dockerfile(build)
    context = (FILE.parent / build["context"]).resolve()
    for line in re.findall(r"^COPY (?!--from)(.*)$", file.read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (context / source).exists(), f"{file} copies {source}"


@pytest.mark.parametrize("name", ["legacy", "modern"])
def test_the_dockerfiles_are_linted(name: str) -> None:
    done = run("hadolint", dockerfile(DOCKERFILES[name]))
    assert done.returncode == 0, done.stdout
