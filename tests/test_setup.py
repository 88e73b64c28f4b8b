"""`.ci/setup` on a pretended machine: what it installs, when it must not, and what it says when it cannot."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.checkout import ROOT

VERSION = re.findall(r"^UV_VERSION=(\S+)", (ROOT / ".ci/setup").read_text(), re.MULTILINE)[0]
TOOLS = ["bash", "cat", "chmod", "cp", "cut", "dirname", "env", "mkdir", "rm", "sha256sum", "sort", "tee"]

UV = """
if [ "$1" = --version ]; then echo "uv {version}"; exit; fi
echo "uv $*${{UV_PYTHON:+ with $UV_PYTHON}}" >> {log}
mkdir -p .venv/bin && cp "$0" .venv/bin/banyan
"""
# `venv` yields an interpreter whose pip yields a uv.
PYTHON = """
case "$*" in
    *"-m venv"*) mkdir -p .cache/uv/bin && cp {bin}/python3 .cache/uv/bin/python ;;
    *"-m pip install"*) echo "pip ${{*##* }}" >> {log} && cp {bin}/spare-uv .cache/uv/bin/uv ;;
esac
"""
APT = """
echo "apt-get $*" >> {log}
case "$*" in
    *" install "*) for name in "$@"; do echo "#!/bin/sh" > "{bin}/$name"; chmod +x "{bin}/$name"; done ;;
esac
"""
# Everything but apt-get would touch the real machine.
SUDO = 'case "$*" in -n*) ;; *apt-get*) "$@" ;; esac'


@dataclass(frozen=True)
class Machine:
    """A checkout, and a PATH that holds a few tools and what was pretended."""

    checkout: Path
    bin: Path
    log: Path

    def has(self, name: str, script: str = "", **words: str) -> None:
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + script.format(bin=self.bin, log=self.log, **words))
        path.chmod(0o755)

    def setup(self, *commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
        none = {"DEBIAN_PYTHON": str(self.bin / "none")}
        environment = {"PATH": str(self.bin), "HOME": str(self.checkout)} | none | variables
        return subprocess.run(
            [self.checkout / ".ci/setup", *commands],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def did(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A user without sudo, on a Debian that has Python and a good uv."""
    machine = Machine(tmp_path / "checkout", tmp_path / "bin", tmp_path / "log")
    (machine.checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/setup", machine.checkout / ".ci/setup")
    for name in ("pyproject.toml", "uv.lock"):
        (machine.checkout / name).write_text(name)
    machine.bin.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (machine.bin / tool).symlink_to(found)
    machine.has("id", "echo 1000")
    machine.has("apt-get", APT)
    machine.has("python3", PYTHON)
    machine.has("uv", UV, version=VERSION)
    return machine


def test_a_ready_machine_is_left_alone(machine: Machine) -> None:
    machine.has("wrk")
    assert machine.setup("wrk").returncode == 0
    assert machine.did() == ["uv sync --locked --compile-bytecode"]
    again = machine.setup("wrk")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert machine.did() == ["uv sync --locked --compile-bytecode"]


@pytest.mark.parametrize(
    ("script", "named", "taken"),
    [
        ("", {}, " with {debian}"),
        ("exit 1", {}, ""),
        ("", {"UV_PYTHON": "3.12"}, " with 3.12"),
    ],
    ids=["new enough", "too old", "another is named"],
)
def test_debians_python_goes_first(machine: Machine, script: str, named: dict[str, str], taken: str) -> None:
    machine.has("debian", script)
    debian = str(machine.bin / "debian")
    machine.setup(DEBIAN_PYTHON=debian, **named)
    sync = "uv sync --locked --compile-bytecode"
    assert machine.did() == [sync + taken.format(debian=debian)]


def test_another_interpreter_is_another_environment(machine: Machine) -> None:
    machine.has("debian", "")
    machine.setup(DEBIAN_PYTHON=str(machine.bin / "debian"))
    machine.setup(DEBIAN_PYTHON=str(machine.bin / "debian"))
    machine.setup()
    assert len(machine.did()) == 2


def test_a_new_lock_file_is_synced(machine: Machine) -> None:
    machine.setup()
    (machine.checkout / "uv.lock").write_text("newer")
    machine.setup()
    assert machine.did() == ["uv sync --locked --compile-bytecode"] * 2


def test_without_root_and_sudo_one_line_says_what_to_install(machine: Machine) -> None:
    done = machine.setup("php", "wrk")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith(
        "apt-get install --no-install-recommends php-cli php-curl php-mbstring php-sqlite3 php-xml wrk"
    )
    assert machine.did() == []


def test_with_sudo_only_the_missing_is_installed(machine: Machine) -> None:
    machine.has("sudo", SUDO)
    machine.has("caddy")
    done = machine.setup("wrk", "caddy", "redis-server")
    assert done.returncode == 0, done.stderr
    update, install, sync = machine.did()
    assert update.endswith(" update")
    assert install.endswith(" install --yes --no-install-recommends wrk redis-server")
    assert sync == "uv sync --locked --compile-bytecode"


def test_a_package_that_cannot_be_installed_is_named(machine: Machine) -> None:
    machine.has("sudo", SUDO)
    machine.has("apt-get", "exit 100")
    done = machine.setup("wrk")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "setup: failed: apt-get install --no-install-recommends wrk"


@pytest.mark.parametrize("found", ["no uv", "an old uv"])
def test_uv_is_brought_into_the_checkout(machine: Machine, found: str) -> None:
    (machine.bin / "uv").rename(machine.bin / "spare-uv")
    if found == "an old uv":
        machine.has("uv", UV, version="0.4.30")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert machine.did() == [f"pip uv=={VERSION}", "uv sync --locked --compile-bytecode"]
    assert (machine.checkout / ".cache/uv/bin/uv").exists()


def test_a_uv_that_cannot_be_had_ends_it(machine: Machine) -> None:
    (machine.bin / "uv").unlink()
    machine.has("python3", PYTHON)  # without a spare uv, its pip fails
    done = machine.setup()
    assert done.returncode != 0
    assert machine.did() == [f"pip uv=={VERSION}"]
    assert ".venv" not in done.stderr


def test_a_debian_python_without_venv_is_completed(machine: Machine) -> None:
    (machine.bin / "uv").unlink()
    machine.has("python3", "exit 1")
    done = machine.setup()
    assert done.returncode == 1
    assert done.stderr.endswith("apt-get install --no-install-recommends python3-venv\n")


def test_a_compiler_without_the_headers_of_python_is_none(machine: Machine) -> None:
    machine.has("gcc", "exit 1")
    done = machine.setup("cc")
    assert done.stderr.endswith("apt-get install --no-install-recommends gcc python3-dev\n")
    machine.has("gcc", "cat >/dev/null")
    assert machine.setup("cc").returncode == 0


def test_an_unknown_command_is_refused(machine: Machine) -> None:
    done = machine.setup("cobol")
    assert (done.returncode, done.stderr) == (1, "setup: no Debian package is known for 'cobol'\n")
