"""The proxy a competent newcomer writes in an afternoon: Starlette in front, httpx behind, streaming."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from bench.peers.base import Command, Peer, Site
from bench.venvs import ROOT

HOP_BY_HOP = {b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=512, max_keepalive_connections=512)
    async with httpx.AsyncClient(base_url=os.environ["ORIGIN"], limits=limits, timeout=30) as client:
        app.state.client = client
        yield


async def forward(request: Request) -> StreamingResponse:
    client: httpx.AsyncClient = request.app.state.client
    url = httpx.URL(path=request.url.path, query=request.url.query.encode())
    headers = [(name, value) for name, value in request.headers.raw if name not in HOP_BY_HOP]
    body = request.stream() if "content-length" in request.headers else None
    answer = await client.send(
        client.build_request(request.method, url, headers=headers, content=body), stream=True
    )
    response = StreamingResponse(
        answer.aiter_raw(), status_code=answer.status_code, background=BackgroundTask(answer.aclose)
    )
    response.raw_headers = [
        (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in HOP_BY_HOP
    ]
    return response


app = Starlette(routes=[Route("/{path:path}", forward, methods=METHODS)], lifespan=lifespan)


def command(site: Site) -> Command:
    serve = ["-m", "uvicorn", "bench.peers.naive:app", "--host", "127.0.0.1", "--port", str(site.port)]
    return Command(
        [sys.executable, *serve, "--no-access-log", "--log-level", "warning"],
        {"ORIGIN": f"http://127.0.0.1:{site.origin}", "PYTHONPATH": str(ROOT)},
    )


PEER = Peer("naive", "Starlette + httpx", command)
