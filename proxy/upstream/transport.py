"""The same upstream core as an httpx transport: for health checks, replay and tests, not for the hot path."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx

from proxy.http1.fields import HOP_BY_HOP
from proxy.http1.response import Response
from proxy.upstream.backend import Backend
from proxy.upstream.call import Call
from proxy.upstream.errors import UpstreamError
from proxy.upstream.failures import Failure
from proxy.upstream.stream import Stream

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_ERRORS: dict[Failure, type[httpx.TransportError]] = {
    Failure.CONNECT: httpx.ConnectError,
    Failure.CONNECT_TIMEOUT: httpx.ConnectTimeout,
    Failure.POOL_TIMEOUT: httpx.PoolTimeout,
    Failure.BREAKER_OPEN: httpx.ConnectError,
    Failure.BULKHEAD: httpx.PoolTimeout,
    Failure.RESET: httpx.ReadError,
    Failure.RESPONSE_TIMEOUT: httpx.ReadTimeout,
    Failure.PROTOCOL: httpx.RemoteProtocolError,
    Failure.TRUNCATED: httpx.RemoteProtocolError,
    Failure.IDLE_TIMEOUT: httpx.ReadTimeout,
}


class BackendTransport(httpx.AsyncBaseTransport):
    """Sends httpx requests through a backend's pool, with its timeouts, retries and breaker.

    The url's host and port are ignored: the backend's addresses are used. A `target` extension is sent raw.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = _call(request)
        stream = Stream(self._backend.loop, partial(self._backend.exchange, call))
        try:
            stream.exchange.start()
            response = await _converse(request, call, stream)
        except UpstreamError as error:
            raise _ERRORS[error.failure](str(error), request=request) from error
        except BaseException:
            stream.close()
            raise
        return httpx.Response(
            response.status,
            headers=[(line.partition(b":")[0], value) for _, line, value in response.fields],
            stream=_Body(stream, request),
            extensions={"http_version": b"HTTP/1.1", "reason_phrase": response.reason},
        )


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Stream, request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while data := await self._stream.read():
                yield data
        except UpstreamError as error:
            raise _ERRORS[error.failure](str(error), request=self._request) from error

    async def aclose(self) -> None:
        self._stream.close()


async def _converse(request: httpx.Request, call: Call, stream: Stream) -> Response:
    """Send the body and wait for the head, which may come first: then the rest is not wanted any more."""
    upload = asyncio.ensure_future(_upload(request, call, stream))
    answer = asyncio.ensure_future(stream.response())
    try:
        await asyncio.wait({upload, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await upload
        return await answer
    finally:
        upload.cancel()
        answer.cancel()
        await asyncio.gather(upload, answer, return_exceptions=True)


async def _upload(request: httpx.Request, call: Call, stream: Stream) -> None:
    if call.has_body:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for piece in request.stream:
            if piece:
                await stream.send(piece)
            await asyncio.sleep(0)  # a body that never waits must not keep the answer from being heard
        stream.exchange.finish([])


def _call(request: httpx.Request) -> Call:
    """The request's head as bytes; httpx has set Host and the body's framing."""
    target = request.extensions.get("target", request.url.raw_path)
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), target)]
    chunked = request.headers.get("transfer-encoding", "").lower() == "chunked"
    for name, value in request.headers.raw:
        if name.lower() not in HOP_BY_HOP:
            lines.append(b"%b: %b" % (name, value))
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    return Call(
        b"\r\n".join([*lines, b"\r\n"]),
        safe=request.method in SAFE,
        is_head=request.method == "HEAD",
        has_body=chunked or request.headers.get("content-length", "0") != "0",
        chunked=chunked,
    )
