"""The web pages: routes with flips, diff groups with triage, the audit. Rendered here, without a build step.

A change is a form that answers with a redirect; what is refused is said on the page it came from.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from proxy.config.server import Role
from proxy.control.bodies import Flip, RampAction, Rollback, Triage, raw_body, validated
from proxy.control.door import Door, Endpoint
from proxy.control.groups_view import group_view
from proxy.control.mirrored_view import mirrored_view
from proxy.control.problems import REFUSALS, Refusal, refusal
from proxy.control.quality_api import QualityApi, Query, audit_view
from proxy.control.rendering import rendered
from proxy.control.routes_api import RoutesApi, author_of, known
from proxy.control.routes_view import routes_view
from proxy.ledger import LedgerUnavailable
from proxy.ledger.audit import Author, Source

AUDIT_PAGE = 100
GROUPS_PAGE = 100
"""Groups on a page: it is asked for again every two seconds."""

Page = Callable[[Request, str | None, int], Awaitable[Response]]
"""Renders a page: the request, a notice, the status."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The endpoints that answer with HTML."""

    routes_api: RoutesApi
    quality_api: QualityApi
    door: Door

    def endpoints(self) -> Iterator[Route]:
        """All of them, each behind the role that it needs; who has not signed in is asked to."""
        for method, path, role, endpoint in (
            ("GET", "/", Role.VIEWER, self.home),
            ("GET", "/differences", Role.VIEWER, self.differences),
            ("GET", "/differences/{signature}", Role.VIEWER, self.group),
            ("GET", "/audit", Role.VIEWER, self.audit),
            ("POST", "/routes/{id}/flip", Role.OPERATOR, after(self.flip, self.routes_page)),
            ("POST", "/routes/{id}/rollback", Role.OPERATOR, after(self.rollback, self.routes_page)),
            ("POST", "/routes/{id}/ramp", Role.OPERATOR, after(self.ramp, self.routes_page)),
            ("POST", "/rollback", Role.OPERATOR, after(self.rollback_all, self.routes_page)),
            ("POST", "/differences/{signature}/triage", Role.REVIEWER, after(self.triage, self.group_page)),
        ):
            yield Route(path, asking_to_sign_in(self.door.behind(role, endpoint)), methods=[method])

    # -- pages

    async def home(self, request: Request) -> Response:
        return await self.routes_page(request, None, 200)

    async def routes_page(self, request: Request, notice: str | None, status: int) -> Response:
        view = routes_view(self.routes_api.state, await self.routes_api.books_now())
        return rendered(request, "routes.html", status, notice=notice, **view)

    async def differences(self, request: Request) -> Response:
        query, now = Query(request, "route", "state"), self.quality_api.clock()
        route, state = query.text("route"), query.choice("state", ("open", "all"), "open")
        try:
            (found, total), notice = await self.quality_api.groups_page(route, state == "open"), None
        except LedgerUnavailable as error:
            (found, total), notice = ([], 0), str(error)
        groups = [group_view(group, now) for group in found[:GROUPS_PAGE]]
        mirrored = mirrored_view(self.quality_api.state.totals, route)
        return rendered(
            request,
            "differences.html",
            groups=groups,
            total=total,
            route=route,
            state=state,
            notice=notice,
            mirrored=mirrored,
        )

    async def group(self, request: Request) -> Response:
        return await self.group_page(request, None, 200)

    async def group_page(self, request: Request, notice: str | None, status: int) -> Response:
        view = await self.quality_api.group_view(request.path_params["signature"])
        return rendered(request, "group.html", status, group=view, notice=notice)

    async def audit(self, request: Request) -> Response:
        query = Query(request, "route", "cursor")
        route, before = query.text("route"), query.number("cursor", None, 2**62)
        entries = await self.quality_api.audit_page(route, before, AUDIT_PAGE)
        more = entries[-1].id if len(entries) == AUDIT_PAGE else None
        shown = [audit_view(entry) for entry in entries]
        return rendered(request, "audit.html", entries=shown, route=route, next=more)

    # -- forms

    async def flip(self, request: Request) -> str:
        route, form = self._route(request), await form_of(request)
        weight = {"weight": f"{form.get('weight', '')}%"} if form.get("stage") == "canary" else {}
        said = {key: form[key] for key in ("stage", "reason") if key in form}
        body = validated({**said, **weight}, Flip)
        return _landing(
            route, await self.routes_api.put(route, body, by_form(request, body.reason), _version(form))
        )

    async def rollback(self, request: Request) -> str:
        route, form = self._route(request), await form_of(request)
        author = by_form(request, validated({"reason": form.get("reason", "")}, Rollback).reason)
        return _landing(route, await self.routes_api.take_back(route, author, _version(form)))

    async def rollback_all(self, request: Request) -> str:
        form = await form_of(request)
        author = by_form(request, validated({"reason": form.get("reason", "")}, Rollback).reason)
        return _landing("", await self.routes_api.take_all_back(author))

    async def ramp(self, request: Request) -> str:
        route, form = self._route(request), await form_of(request)
        said = {key: form[key] for key in ("action", "reason") if key in form}
        body = validated(said, RampAction)
        author = by_form(request, body.reason or f"{body.action} by hand")
        await self.routes_api.drive(route, body, author, _version(form))
        return f"/#{quote(route)}"

    async def triage(self, request: Request) -> str:
        signature, form = request.path_params["signature"], await form_of(request)
        said = {key: form[key] for key in ("verdict", "note", "until") if form.get(key)}
        body = validated(said, Triage)
        await self.quality_api.triaged(signature, body, by_form(request, body.note))
        return f"/differences/{quote(signature, safe='')}"

    def _route(self, request: Request) -> str:
        return known(self.routes_api.snapshot(), request.path_params["id"])


def after(change: Callable[[Request], Awaitable[str]], page: Page) -> Endpoint:
    """An endpoint that makes a change, then leads to where that shows; a refusal is said on its page."""

    async def endpoint(request: Request) -> Response:
        try:
            return RedirectResponse(await change(request), 303)
        except REFUSALS as error:
            said = refusal(error)
            return await page(request, said.detail, said.status)

    return endpoint


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, as browsers send it without files. Raises Refusal."""
    try:
        return dict(parse_qsl((await raw_body(request)).decode(), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        raise Refusal(400, "bad-form", "This is not a form of this page.") from None


def asking_to_sign_in(endpoint: Endpoint) -> Endpoint:
    """The endpoint for people: they are led to signing in, and read why they may not."""

    async def asking(request: Request) -> Response:
        try:
            return await endpoint(request)
        except REFUSALS as error:
            said = refusal(error)
            if said.status == 401:
                return RedirectResponse("/login", 303)
            return rendered(request, "refused.html", said.status, notice=said.detail)

    return asking


def by_form(request: Request, reason: str) -> Author:
    """Whoever sent a form."""
    return Author(author_of(request, reason).actor, Source.UI, reason)


def _version(form: dict[str, str]) -> int | None:
    """The version that the page showed, so that nobody flips what somebody else just flipped."""
    text = form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _landing(route: str, made: dict[str, Any]) -> str:
    """Where a flip leads. Raises Refusal, for the page to say, where replicas do not serve by it yet."""
    replicas = made["replicas"]
    if replicas["missing"] or "unknown" in replicas:
        late = ", ".join(replicas["missing"]) or replicas["unknown"]
        raise Refusal(200, "unconfirmed", f"This is decided, but not everybody serves by it yet: {late}")
    return f"/#{quote(route)}"
