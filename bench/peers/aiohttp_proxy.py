"""An aiohttp server that forwards with an aiohttp client: the fastest pair of the kind in pure Python."""

from pathlib import Path

from bench.peers.base import Command, Peer, Site
from bench.venvs import venv

APP = Path(__file__).parent / "apps" / "aiohttp_app.py"


def command(site: Site) -> Command:
    python = venv("aiohttp", ["aiohttp", "uvloop"]) / "python"
    return Command([str(python), str(APP), str(site.port), f"http://127.0.0.1:{site.origin}"])


PEER = Peer("aiohttp", "aiohttp", command)
