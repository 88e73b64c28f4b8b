"""Runs in an environment of its own: `python aiohttp_app.py PORT ORIGIN`."""

import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
CLIENT: web.AppKey[aiohttp.ClientSession] = web.AppKey("client", aiohttp.ClientSession)


async def client(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=512, keepalive_timeout=3600)
    app[CLIENT] = aiohttp.ClientSession(connector=connector, auto_decompress=False)
    yield
    await app[CLIENT].close()


def forwarder(origin: str):
    async def forward(request: web.Request) -> web.StreamResponse:
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP]
        body = request.content if request.can_read_body else None
        url = origin + request.raw_path
        async with request.app[CLIENT].request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            response = web.StreamResponse(status=answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    response.headers.add(name, value)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            return response

    return forward


def main() -> None:
    port, origin = sys.argv[1:]
    app = web.Application(client_max_size=0)
    app.cleanup_ctx.append(client)
    app.router.add_route("*", "/{path:.*}", forwarder(origin))
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, loop=uvloop.new_event_loop())


if __name__ == "__main__":
    main()
