"""The checkout as a whole: import rules that hold and can be broken, one version, nothing out of place."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.support.checkout import ROOT, run

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOW = ROOT / ".github/workflows/ci.yml"


def tracked() -> list[Path]:
    """Every file of the project: committed, or about to be."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.splitlines() if (path := ROOT / name).is_file()]


# --- import rules ----------------------------------------------------------------------------------


def test_the_import_rules_hold() -> None:
    done = run("lint-imports", "--no-logo", "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("contract", "module", "statement"),
    [
        ("shadow", "shadow/__init__.py", "import proxy.routing.head"),
        ("layers", "proxy/routing/head.py", "import proxy.config"),
        ("layers", "proxy/forward/__init__.py", "import proxy.telemetry"),
        ("planes", "proxy/control/__init__.py", "import proxy.forward"),
        ("cycles", "proxy/routing/head.py", "import proxy.http1.request"),
        ("pure", "proxy/routing/head.py", "import asyncio"),
        ("pure", "proxy/decision/__init__.py", "from time import monotonic"),
    ],
)
def test_breaking_an_import_rule_is_noticed(
    tmp_path: Path, contract: str, module: str, statement: str
) -> None:
    for package in ("proxy", "shadow"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{statement}\n")
    done = run("lint-imports", "--no-logo", "--no-cache", "--contract", contract, cwd=tmp_path)
    assert done.returncode == 1
    assert "1 broken" in done.stdout


def test_what_is_held_pure_is_what_must_be_covered_whole() -> None:
    contracts = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
    paths = [name.replace(".", "/") for name in contracts["pure"]["source_modules"]]
    pure = {path + ("/*" if (ROOT / path).is_dir() else ".py") for path in paths}
    exempt = {name.split(" -> ")[0].replace(".", "/") + ".py" for name in contracts["pure"]["ignore_imports"]}
    assert variable("PURE") == pure
    assert variable("IMPURE") == exempt


# --- one version, known places ---------------------------------------------------------------------


def test_the_installed_version_is_the_projects() -> None:
    assert version("banyan-proxy") == PYPROJECT["project"]["version"]


def test_the_changelog_has_a_place_for_what_comes_and_names_each_release() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", heading) for heading in headings[1:])


def test_the_license_is_the_one_that_the_package_declares() -> None:
    assert PYPROJECT["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_nothing_lies_beside_the_known_places() -> None:
    places = {"bench", "demo", "docs", "k8s", "proxy", "shadow", "tests"}
    files = {
        "CHANGELOG.md",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "README.md",
        "pyproject.toml",
        "routes.yaml",
    }
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {name for name in found if not name.startswith(".")} - {"uv.lock"} <= places | files


def test_tests_are_flat() -> None:
    """A folder tests/proxy would shadow the package of that name."""
    folders = {
        path.parent.relative_to(ROOT).as_posix() for path in tracked() if path.name.startswith("test_")
    }
    assert folders == {"tests"}


def test_no_file_names_a_place_on_someones_machine() -> None:
    somewhere = re.compile(rb"(?<![\w.])/(?:home|root|work|Users)/[a-z]")
    guilty = [path for path in tracked() if path.suffix != ".lock" and somewhere.search(path.read_bytes())]
    assert guilty == []


# --- make and continuous integration ---------------------------------------------------------------


def variable(name: str) -> set[str]:
    """The comma- or space-separated words of a variable of the Makefile."""
    found = re.search(rf"^{name} [:?]?= (.+)$", MAKEFILE, re.MULTILINE)
    assert found
    return set(re.split(r"[, ]+", found[1]))


def targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    return set(phony.split())


def test_make_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE)) == targets()


@pytest.mark.parametrize("script", ["run", "setup"])
def test_scripts_stop_at_the_first_error(script: str) -> None:
    path = ROOT / ".ci" / script
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text()


def test_the_workflow_fits_its_schema() -> None:
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)
    assert done.returncode == 0, done.stdout


def test_the_workflow_runs_targets_that_exist_and_actions_that_cannot_change() -> None:
    text = WORKFLOW.read_text()
    assert set(yaml.safe_load(text)["jobs"]["make"]["strategy"]["matrix"]["target"]) <= targets()
    assert set(re.findall(r"make (\w+)", (ROOT / ".ci/run").read_text())) <= targets()
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40} # v[\d.]+", used) for used in re.findall(r"uses: (.+)", text))
