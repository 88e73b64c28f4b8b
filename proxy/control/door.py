"""The way in: every endpoint behind it knows who asks, and that they may."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from proxy.config.server import Role, Token
from proxy.control import sessions
from proxy.control.access import (
    LOCAL,
    Identity,
    Way,
    bearer,
    refuse_forgeries,
    refuse_strangers,
    token_named,
)
from proxy.control.ledger_access import LedgerAccess
from proxy.control.problems import MARK, Refusal
from proxy.ledger import settings
from proxy.state import State

Endpoint = Callable[[Request], Awaitable[Response]]

_SESSION_KEY = "session-key"
_SHOW_A_TOKEN = (
    "Send a token of control.tokens: `Authorization: Bearer …`; for the command line, set BANYAN_TOKEN."
)


class Door:
    """Knows the tokens in force, and the key that sessions are signed with."""

    def __init__(self, state: State, books: LedgerAccess) -> None:
        self._state = state
        self._books = books
        self._key: bytes | None = None

    @property
    def tokens(self) -> Sequence[Token]:
        """Who may come in; nobody by token means: this machine alone."""
        if self._state.snapshot is None:
            raise Refusal(
                503, "starting", "The control plane is starting; ask again in a second.", {"Retry-After": "1"}
            )
        return self._state.snapshot.config.control.tokens

    def behind(self, role: Role, endpoint: Endpoint) -> Endpoint:
        """The endpoint for those of a role or a higher one; `request.state.identity` says who it is."""

        async def guarded(request: Request) -> Response:
            identity = await self.identify(request)
            if not identity.may(role):
                detail = f"This needs the role {role}, and {identity.name} is a {identity.role}."
                raise Refusal(403, "role", f"{detail} Come with a token of that role.")
            request.state.identity = identity
            response = await endpoint(request)
            response.headers.update(MARK)
            return response

        return guarded

    def inside(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint without a token, but for this machine alone where none is configured."""

        async def guarded(request: Request) -> Response:
            if not self.tokens:
                refuse_strangers(request)
            return await endpoint(request)

        return guarded

    async def identify(self, request: Request) -> Identity:
        """Who asks. Raises Refusal where that is nobody we know, or not them but a page of somebody else."""
        identity = await self._identity(request)
        refuse_forgeries(request, request.method, identity.way)
        return identity

    async def _identity(self, request: Request) -> Identity:
        tokens = self.tokens
        if not tokens:
            refuse_strangers(request)
            return LOCAL
        presented = bearer(request.headers.get("authorization"))
        if presented is not None:
            return _identity_of(token_named(presented, tokens), Way.BEARER)
        cookie = request.cookies.get(sessions.COOKIE)
        if cookie is None:
            return _identity_of(None, Way.SESSION)
        return _identity_of(sessions.read(await self.key(), cookie, tokens, time.time()), Way.SESSION)

    async def key(self) -> bytes:
        """The key of sessions, the same for all control planes. Raises LedgerUnavailable."""
        if self._key is None:
            agreed = await self._books.write(settings.agree, _SESSION_KEY, secrets.token_hex(32))
            self._key = bytes.fromhex(agreed)
        return self._key


def _identity_of(token: Token | None, way: Way) -> Identity:
    if token is None:
        raise Refusal(401, "unauthorized", _SHOW_A_TOKEN, {"WWW-Authenticate": "Bearer"})
    return Identity(token.name, token.role, way)
