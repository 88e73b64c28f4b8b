"""The control plane's HTTP side: health checks, metrics, the API under /api/v1."""

from collections.abc import Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from proxy.control.door import Door
from proxy.control.ledger_access import LedgerAccess
from proxy.control.metrics import exposition
from proxy.control.pages import Pages
from proxy.control.problems import REFUSALS, problem
from proxy.control.quality_api import QualityApi
from proxy.control.rendering import static_routes
from proxy.control.routes_api import RoutesApi
from proxy.control.signing_in import SigningIn
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
    return _app(health_routes(state))


def control_app(state: State, announce: Callable[[], None]) -> Starlette:
    """The whole control plane. `announce` tells the data planes to look into the ledger at once."""
    books = LedgerAccess(state)
    door = Door(state, books)
    routes_api, quality_api = RoutesApi(state, books, announce), QualityApi(state, books)
    pages = [
        *Pages(routes_api, quality_api, door).endpoints(),
        *SigningIn(door).endpoints(),
        *static_routes(),
    ]
    health = [Route(one.path, door.inside(one.endpoint)) for one in health_routes(state)]
    return _app([*health, *routes_api.endpoints(door), *quality_api.endpoints(door), *pages])


def _app(routes: list[Route]) -> Starlette:
    return Starlette(routes=routes, exception_handlers=dict.fromkeys((*REFUSALS, Exception), problem))
