"""Signing in and out of the web pages: a token becomes a session, in a cookie that scripts cannot read."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from proxy.control.access import Way, refuse_forgeries, refuse_strangers, token_named
from proxy.control.door import Door
from proxy.control.pages import form_of
from proxy.control.problems import REFUSALS, refusal
from proxy.control.rendering import rendered
from proxy.control.sessions import COOKIE, LASTS, issue


@dataclass(frozen=True, slots=True)
class SigningIn:
    """The endpoints of the login form."""

    door: Door

    def endpoints(self) -> Iterator[Route]:
        yield Route("/login", self.form, methods=["GET"])
        yield Route("/login", self.sign_in, methods=["POST"])
        yield Route("/logout", self.sign_out, methods=["POST"])

    async def form(self, request: Request) -> Response:
        return rendered(request, "login.html")

    async def sign_in(self, request: Request) -> Response:
        try:
            return await self._sign_in(request)
        except REFUSALS as error:
            said = refusal(error)
            return rendered(request, "login.html", said.status, notice=said.detail)

    async def _sign_in(self, request: Request) -> Response:
        if not self.door.tokens:
            refuse_strangers(request)
            return RedirectResponse("/", 303)
        refuse_forgeries(request, request.method, Way.LOOPBACK)
        form = await form_of(request)
        token = token_named(form.get("token", "").strip(), self.door.tokens)
        if token is None:
            return rendered(request, "login.html", 401, notice="This token is not among control.tokens.")
        answer = RedirectResponse("/", 303)
        value = issue(await self.door.key(), token, time.time())
        # Behind a proxy that ends TLS the browser still talks TLS: its Origin says so.
        secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")
        answer.set_cookie(COOKIE, value, LASTS, path="/", secure=secure, httponly=True, samesite="strict")
        return answer

    async def sign_out(self, request: Request) -> Response:
        refuse_forgeries(request, request.method, Way.LOOPBACK)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer
