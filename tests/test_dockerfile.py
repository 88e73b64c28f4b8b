"""The container image, as far as it can be judged without Docker: linted, and its own commands run."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from proxy import native
from tests.support.checkout import ROOT, run

DOCKERFILE = (ROOT / "Dockerfile").read_text()
BUILDER, IMAGE = re.split(r"^FROM .*\n", DOCKERFILE, flags=re.MULTILINE)[1:]


def instructions(stage: str, keyword: str) -> list[str]:
    """The arguments of every such instruction of a stage, continuation lines joined."""
    joined = stage.replace("\\\n", " ")
    return [
        line.removeprefix(keyword).strip() for line in joined.splitlines() if line.startswith(f"{keyword} ")
    ]


def only(stage: str, keyword: str) -> str:
    (found,) = instructions(stage, keyword)
    return found


def copied() -> list[str]:
    """What the builder takes from the checkout."""
    return [source for line in instructions(BUILDER, "COPY") for source in shlex.split(line)[:-1]]


def uv() -> str:
    own = ROOT / ".cache/uv/bin/uv"
    found = str(own) if own.exists() else shutil.which("uv")
    assert found, "run `make setup` first"
    return found


def test_hadolint_has_nothing_to_say() -> None:
    done = run("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_build_context_is_exactly_what_is_copied() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert sorted(copied()) == sorted(line[1:] for line in lines if line.startswith("!"))


def test_versions_agree_with_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f'image.version="{project["version"]}"' in IMAGE
    setup = re.search(r"^UV_VERSION=(\S+)", (ROOT / ".ci/setup").read_text(), re.MULTILINE)
    assert setup and f"uv=={setup[1]}" in BUILDER


def test_the_process_is_neither_root_nor_stopped_the_hard_way() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", only(IMAGE, "USER"))
    assert only(IMAGE, "STOPSIGNAL") == "SIGTERM"
    # The exec form: with a shell in between, the signal would end at the shell.
    assert json.loads(only(IMAGE, "ENTRYPOINT")) == ["banyan"]


def test_the_data_plane_is_compiled_before_it_is_packed() -> None:
    runs = instructions(BUILDER, "RUN")
    (compiling,) = [at for at, line in enumerate(runs) if line.endswith(" .ci/compile")]
    (packing,) = [at for at, line in enumerate(runs) if "--no-editable" in line]
    assert compiling < packing
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["artifacts"]
    assert packed == [str(native.FOLDER.relative_to(ROOT))]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environment that the builder stage leaves, made by its own commands from what it copies."""
    build = tmp_path_factory.mktemp("build")
    for name in copied():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, build / name, ignore=shutil.ignore_patterns("__pycache__", "__native__"))
        else:
            (build / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, build / name)
    target = tmp_path_factory.mktemp("opt") / "banyan"
    syncs = [shlex.split(line) for line in instructions(BUILDER, "RUN") if " uv sync " in line]
    assert len(syncs) == 2
    for _mount, _uv, *args in syncs:
        environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(target)}
        subprocess.run([uv(), *args], cwd=build, env=environment, check=True, timeout=300)
    shutil.rmtree(build)
    return target


def test_the_built_environment_stands_alone(built: Path, tmp_path: Path) -> None:
    """Without the sources it was built from, without development tools, and writing nothing anywhere."""
    before = sorted(built.rglob("*"))
    environment = {"HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [built / "bin/banyan", "--help"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "proxy" in done.stdout
    assert sorted(built.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []
    assert not (built / "bin/pytest").exists()


def test_the_built_environment_has_the_database_drivers(built: Path) -> None:
    subprocess.run([built / "bin/python", "-c", "import psycopg, pymysql"], check=True, timeout=60)


class HealthServer(HTTPServer):
    """Answers /readyz with `status`."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), HealthHandler)


class HealthHandler(BaseHTTPRequestHandler):
    server: HealthServer

    def do_GET(self) -> None:
        self.send_response(self.server.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def health() -> Iterator[HealthServer]:
    with HealthServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def health_check(port: int) -> int:
    """The exit status of the image's HEALTHCHECK, asking this port."""
    _, _, command = only(IMAGE, "HEALTHCHECK").partition("CMD ")
    program, *args = json.loads(command.replace("9900", str(port)))
    return run(program, *args).returncode


@pytest.mark.parametrize(("status", "exit_status"), [(200, 0), (503, 1)])
def test_the_health_check_follows_readyz(health: HealthServer, status: int, exit_status: int) -> None:
    health.status = status
    assert health_check(health.server_port) == exit_status


def test_the_health_check_fails_where_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        assert health_check(held.getsockname()[1]) == 1
