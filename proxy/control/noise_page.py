"""The web page of noise: what varies by itself, as learned and as ruled, and the form to rule about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proxy.config.server import Role
from proxy.control.bodies import validated
from proxy.control.door import Door
from proxy.control.noise_api import NoiseApi, RuleBody
from proxy.control.pages import after, asking_to_sign_in, by_form, form_of
from proxy.control.problems import Refusal
from proxy.control.quality_api import Query
from proxy.control.rendering import rendered
from proxy.ledger import LedgerUnavailable

PATHS_PAGE = 200
"""Paths on the page: it is asked for again every two seconds."""


@dataclass(frozen=True, slots=True)
class NoisePage:
    """The endpoints."""

    api: NoiseApi
    door: Door

    def endpoints(self) -> Iterator[Route]:
        """Viewers look, reviewers rule."""
        shown = self.door.behind(Role.VIEWER, self.shown)
        ruled = self.door.behind(Role.REVIEWER, after(self.ruled, self.page))
        yield Route("/noise", asking_to_sign_in(shown), methods=["GET"])
        yield Route("/noise", asking_to_sign_in(ruled), methods=["POST"])

    async def shown(self, request: Request) -> Response:
        return await self.page(request, None, 200)

    async def page(self, request: Request, notice: str | None, status: int) -> Response:
        route = Query(request, "route").text("route")
        found: list[dict[str, Any]] = []
        try:
            found = await self.api.views(route)
        except (LedgerUnavailable, Refusal) as error:
            notice = notice or str(error)
        found.sort(key=lambda path: (not path["is_noise"], path["route"], path["path"]))
        return rendered(
            request,
            "noise.html",
            status,
            paths=found[:PATHS_PAGE],
            total=len(found),
            route=route,
            notice=notice,
        )

    async def ruled(self, request: Request) -> str:
        form = await form_of(request)
        said = {key: form[key] for key in ("route", "path", "ruling", "note") if key in form}
        body = validated(said, RuleBody)
        await self.api.rule(body, by_form(request, body.note))
        route = Query(request, "route").text("route")
        return "/noise" + (f"?{urlencode({'route': route})}" if route else "")
