"""The control plane's HTTP side: health checks, metrics, the API under /api/v1."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Route

from proxy.control.door import Door
from proxy.control.health import health_routes
from proxy.control.ledger_access import LedgerAccess
from proxy.control.noise_api import NoiseApi
from proxy.control.noise_page import NoisePage
from proxy.control.pages import Pages
from proxy.control.problems import REFUSALS, problem
from proxy.control.quality_api import QualityApi
from proxy.control.rendering import static_routes
from proxy.control.routes_api import RoutesApi
from proxy.control.signing_in import SigningIn
from proxy.rollout.bell import Bell
from proxy.state import State


def control_app(state: State, announce: Callable[[int], None], bell: Bell) -> Starlette:
    """The whole control plane. `announce` tells the data planes which version the ledger is at; the bell
    rings when one of them serves by it."""
    books = LedgerAccess(state)
    door = Door(state, books)
    routes_api, quality_api = RoutesApi(state, books, announce, bell), QualityApi(state, books)
    noise_api = NoiseApi(state, books)
    pages = [
        *Pages(routes_api, quality_api, door).endpoints(),
        *NoisePage(noise_api, door).endpoints(),
        *SigningIn(door).endpoints(),
        *static_routes(),
    ]
    health = [Route(one.path, door.inside(one.endpoint)) for one in health_routes(state)]
    return _app(
        [
            *health,
            *routes_api.endpoints(door),
            *quality_api.endpoints(door),
            *noise_api.endpoints(door),
            *pages,
        ]
    )


def _app(routes: list[Route]) -> Starlette:
    return Starlette(routes=routes, exception_handlers=dict.fromkeys((*REFUSALS, Exception), problem))
