"""fastapi-proxy-lib: FastAPI in front, httpx behind, on uvicorn."""

from bench.peers.asgiproxy import UVICORN, uvicorn_in
from bench.peers.base import Command, Peer, Site
from bench.venvs import venv


def command(site: Site) -> Command:
    home = venv("fastapi-proxy-lib", ["fastapi-proxy-lib", "fastapi", *UVICORN])
    return uvicorn_in(home, "fastapi_proxy_lib_app:app", site)


PEER = Peer("fastapi-proxy-lib", "fastapi-proxy-lib", command)
