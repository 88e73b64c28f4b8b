"""A backend whose every answer can be checked: `python -m bench.backend PORT`.

GET  /bytes/SEED/SIZE   SIZE bytes that SEED alone determines; `?pieces=N&pause=S` drips them out, chunked.
POST /echo              the body as it came, streamed back while it still arrives.
POST /count             reads everything, then says how much it was and its CRC-32.
"""

import asyncio
import random
import sys
import zlib
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


def body_of(seed: int, size: int) -> bytes:
    """The bytes that belong to a seed; a mixed-up answer cannot pass for the right one."""
    return random.Random(seed).randbytes(size)


async def produce(request: Request) -> Response:
    body = body_of(request.path_params["seed"], request.path_params["size"])
    pieces = int(request.query_params.get("pieces", 0))
    if not pieces:
        return Response(body, media_type="application/octet-stream")
    pause = float(request.query_params.get("pause", 0))
    return StreamingResponse(dripping(body, pieces, pause), media_type="application/octet-stream")


async def dripping(body: bytes, pieces: int, pause: float) -> AsyncIterator[bytes]:
    step = len(body) // pieces + 1
    for at in range(0, len(body), step):
        yield body[at : at + step]
        await asyncio.sleep(pause)


class Echo:
    """Bare ASGI: a StreamingResponse also listens for a disconnect, and so swallows pieces of the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": True})
        await send({"type": "http.response.body"})


async def count(request: Request) -> Response:
    size = crc = 0
    async for piece in request.stream():
        size += len(piece)
        crc = zlib.crc32(piece, crc)
    return JSONResponse({"bytes": size, "crc": crc})


async def healthy(request: Request) -> Response:
    return Response("ok")


app = Starlette(
    routes=[
        Route("/bytes/{seed:int}/{size:int}", produce),
        Route("/echo", Echo(), methods=["POST"]),
        Route("/count", count, methods=["POST"]),
        Route("/healthz", healthy),
    ]
)


if __name__ == "__main__":
    port = int(sys.argv[1])
    uvicorn.run(
        app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_keep_alive=60
    )
