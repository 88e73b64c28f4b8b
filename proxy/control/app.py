"""The control plane's HTTP side: health checks, metrics, the API under /api/v1."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from proxy.control.metrics import exposition
from proxy.control.routes_view import route_view, routes_view
from proxy.state import State


def health_routes(state: State) -> list[Route]:
    """What every part answers: alive, ready, and in figures."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        """200 when traffic may come, else 503; either with what an operator wants to know first."""
        fleet = state.fleet
        detail = {
            "ready": state.unready is None,
            "reason": state.unready,
            "version": fleet.version,
            "workers": {str(pid): version for pid, version in fleet.workers.items()},
            "config_errors": list(fleet.config_errors),
        }
        return JSONResponse(detail, 200 if state.unready is None else 503)

    async def metrics(_: Request) -> Response:
        return Response(exposition(state), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def api_routes(state: State) -> list[Route]:
    """The API as far as it reads."""

    async def routes(_: Request) -> Response:
        return JSONResponse(routes_view(state))

    async def route(request: Request) -> Response:
        view = route_view(state, request.path_params["id"])
        if view is None:
            raise HTTPException(404, f"There is no route {request.path_params['id']!r} in routes.yaml.")
        return JSONResponse(view)

    return [Route("/api/v1/routes", routes), Route("/api/v1/routes/{id}", route)]


async def problem(_: Request, error: Exception) -> Response:
    """Every error of this port is a problem document (RFC 9457)."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "The control plane failed at this request."
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse(document, status, headers, media_type="application/problem+json")


def status_app(state: State) -> Starlette:
    """Health and metrics alone, for a data plane without a control plane beside it."""
    return Starlette(
        routes=health_routes(state), exception_handlers={HTTPException: problem, Exception: problem}
    )


def control_app(state: State) -> Starlette:
    """The whole control plane."""
    routes = [*health_routes(state), *api_routes(state)]
    return Starlette(routes=routes, exception_handlers={HTTPException: problem, Exception: problem})
