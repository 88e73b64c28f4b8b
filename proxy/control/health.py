"""Health checks and metrics, which every part answers. Loads neither the API nor the pages."""

from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from proxy.control.metrics import exposition
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
            "ledger": asdict(fleet.ledger),
        }
        return JSONResponse(detail, 200 if state.unready is None else 503)

    async def metrics(_: Request) -> Response:
        return Response(exposition(state), media_type="text/plain; version=0.0.4; charset=utf-8")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def status_app(state: State) -> Starlette:
    """Health and metrics alone, for a data plane without a control plane beside it."""
    return Starlette(routes=health_routes(state))
