"""asgiproxy: Starlette in front, an aiohttp client behind, on uvicorn."""

from pathlib import Path

from bench.peers.base import Command, Peer, Site
from bench.venvs import venv

APPS = Path(__file__).parent / "apps"
UVICORN = ("uvicorn", "uvloop", "httptools")


def uvicorn_in(home: Path, app: str, site: Site) -> Command:
    """Runs one of the small apps beside this file under the uvicorn of another environment."""
    serve = [
        str(home / "uvicorn"),
        "--app-dir",
        str(APPS),
        app,
        "--host",
        "127.0.0.1",
        "--port",
        str(site.port),
    ]
    quiet = ["--no-access-log", "--log-level", "warning"]
    return Command([*serve, *quiet], {"ORIGIN": f"http://127.0.0.1:{site.origin}"})


def command(site: Site) -> Command:
    return uvicorn_in(venv("asgiproxy", ["asgiproxy", *UVICORN]), "asgiproxy_app:app", site)


PEER = Peer("asgiproxy", "asgiproxy", command)
