"""The API for engineers: where routes stand, flips, rollbacks, ramps."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy import flips
from proxy.config.errors import did_you_mean
from proxy.config.server import Role
from proxy.config.snapshot import Snapshot
from proxy.control.access import Identity, Way
from proxy.control.bodies import Flip, RampAction, Rollback, json_body
from proxy.control.door import Door
from proxy.control.ledger_access import LedgerAccess
from proxy.control.problems import Refusal
from proxy.control.routes_view import Books, position_view, route_view, routes_view
from proxy.ledger import LedgerUnavailable
from proxy.ledger.audit import Author, Source
from proxy.ledger.overrides import Flip as Flipped
from proxy.ledger.positions import Position
from proxy.rollout.bell import Bell
from proxy.state import State

PATIENCE = 5.0
"""Seconds that a flip waits for the replicas to confirm; those that have not by then are named."""
LOOK = 0.1
"""Seconds between two looks at who has, where no bell rings."""
VIEW_PATIENCE = 1.5
"""Seconds that a table of routes waits for the ledger; then it is shown without."""
SAMPLED = timedelta(minutes=1)
"""What traffic is shown of where there is no data plane beside us."""
CLI = "banyan-cli/"
"""How the User-Agent of the command line begins: the audit tells it from other programs."""

_ENTITY_TAG = re.compile(r'"([0-9]{1,18})"')


@dataclass(frozen=True, slots=True)
class RoutesApi:
    """The endpoints. `announce` tells the data planes which version the ledger is at (0: unknown), and the
    bell rings when one of them serves by it."""

    state: State
    books: LedgerAccess
    announce: Callable[[int], None]
    bell: Bell

    def endpoints(self, door: Door) -> Iterator[Route]:
        """All of them, each behind the role that it needs."""
        for method, path, role, endpoint in (
            ("GET", "routes", Role.VIEWER, self.all),
            ("GET", "routes/{id}", Role.VIEWER, self.one),
            ("POST", "routes/{id}/flip", Role.OPERATOR, self.flip),
            ("POST", "routes/{id}/rollback", Role.OPERATOR, self.rollback),
            ("POST", "rollback", Role.OPERATOR, self.rollback_all),
            ("POST", "routes/{id}/ramp", Role.OPERATOR, self.ramp),
        ):
            yield Route(f"/api/v1/{path}", door.behind(role, endpoint), methods=[method])

    # -- reading

    async def all(self, _: Request) -> Response:
        return JSONResponse(routes_view(self.state, await self.books_now()))

    async def one(self, request: Request) -> Response:
        snapshot, books = self.snapshot(), await self.books_now()
        view = route_view(self.state, known(snapshot, request.path_params["id"]), books)
        tag = {} if books.trouble else {"ETag": f'"{view["version"]}"'}
        return JSONResponse(view, headers=tag)

    async def books_now(self) -> Books:
        """What the ledger says of all routes; a ledger that does not answer soon is trouble to be shown."""
        sampled = SAMPLED if self.state.alone else timedelta(0)
        try:
            return await asyncio.wait_for(self.books.read(Books.read, sampled), VIEW_PATIENCE)
        except TimeoutError:
            return Books(trouble="the ledger is unavailable: it does not answer")
        except LedgerUnavailable as error:
            return Books(trouble=str(error))

    def snapshot(self) -> Snapshot:
        """What is in force. Raises Refusal before there is anything."""
        if self.state.snapshot is None:
            raise Refusal(503, "starting", "The control plane is starting; ask again in a second.")
        return self.state.snapshot

    # -- changing

    async def flip(self, request: Request) -> Response:
        route = known(self.snapshot(), request.path_params["id"])
        body = await json_body(request, Flip)
        made = await self.put(route, body, author_of(request, body.reason), expected(request))
        return JSONResponse(made, headers={"ETag": f'"{made["version"]}"'})

    async def rollback(self, request: Request) -> Response:
        route = known(self.snapshot(), request.path_params["id"])
        body = await json_body(request, Rollback)
        made = await self.take_back(route, author_of(request, body.reason), expected(request))
        return JSONResponse(made, headers={"ETag": f'"{made["version"]}"'})

    async def rollback_all(self, request: Request) -> Response:
        body = await json_body(request, Rollback)
        return JSONResponse(await self.take_all_back(author_of(request, body.reason)))

    async def ramp(self, request: Request) -> Response:
        route = known(self.snapshot(), request.path_params["id"])
        body = await json_body(request, RampAction)
        author = author_of(request, body.reason or f"{body.action} by hand")
        return JSONResponse(await self.drive(route, body, author, expected(request)))

    async def put(self, route: str, to: Flip, author: Author, expect: int | None) -> dict[str, Any]:
        """Flip a route, and see who serves by it."""
        snapshot, position = self.snapshot(), to.position
        flipped = await self.books.run(
            lambda ledger: flips.flip(ledger, snapshot, route, position, author, expect)
        )
        confirmation = await self.confirmed(flipped.version)
        return {**flip_view(flipped), "apart": apart(snapshot, flipped), **confirmation}

    async def take_back(self, route: str, author: Author, expect: int | None) -> dict[str, Any]:
        """Put a route back to the stage before, and see who serves by it."""
        snapshot = self.snapshot()
        flipped = await self.books.run(lambda ledger: flips.rollback(ledger, snapshot, route, author, expect))
        confirmation = await self.confirmed(flipped.version)
        return {**flip_view(flipped), "apart": apart(snapshot, flipped), **confirmation}

    async def take_all_back(self, author: Author) -> dict[str, Any]:
        """Put everything to legacy, and see who serves by it."""
        snapshot = self.snapshot()
        flipped = await self.books.run(lambda ledger: flips.rollback_all(ledger, snapshot, author))
        confirmation = await self.confirmed(max((flip.version for flip in flipped), default=0))
        return {"flips": [flip_view(flip) for flip in flipped], **confirmation}

    async def drive(self, route: str, body: RampAction, author: Author, expect: int | None) -> dict[str, Any]:
        """Start, pause, resume or abort a ramp."""
        snapshot, command = self.snapshot(), flips.RampCommand(body.action)
        ramp = await self.books.run(
            lambda ledger: flips.ramp(ledger, snapshot, route, command, author, expect)
        )
        self.announce(0)
        return {"route": route, "state": ramp.state, "step": ramp.step, "reason": ramp.reason}

    async def confirmed(self, version: int) -> dict[str, Any]:
        """Wait until all live replicas serve by a version, but not for ever."""
        self.announce(version)
        began = time.monotonic()
        try:
            while True:
                rung, waited = self.bell.next(), time.monotonic() - began
                seen = await self.books.run(partial(flips.confirmation, version=version, waited=waited))
                waited = time.monotonic() - began
                if seen.complete or waited >= PATIENCE:
                    return {"replicas": asdict(seen), "seconds": round(waited, 3)}
                with suppress(TimeoutError):
                    await asyncio.wait_for(rung.wait(), LOOK)
        except LedgerUnavailable as error:
            nobody = asdict(flips.Confirmation((), (), ()))
            return {"replicas": {**nobody, "unknown": str(error)}, "seconds": None}


def known(snapshot: Snapshot, route: str) -> str:
    """The id of a route that there is. Raises Refusal."""
    if route in snapshot.routes:
        return route
    hint = did_you_mean(route, snapshot.routes) or "; `banyan routes` lists those there are"
    raise Refusal(404, "unknown-route", f"There is no route {route!r} in routes.yaml{hint}")


def expected(request: Request) -> int | None:
    """The version that If-Match names (RFC 9110 section 13.1.1); None where any will do. Raises Refusal."""
    header = request.headers.get("if-match", "*").strip()
    tag = _ENTITY_TAG.fullmatch(header)
    if tag is None and header != "*":
        raise Refusal(
            400, "bad-if-match", 'If-Match takes one version in quotes, as GET\'s ETag has it: "7".'
        )
    return int(tag[1]) if tag else None


def author_of(request: Request, reason: str) -> Author:
    """Who answers for a change that came this way."""
    identity: Identity = request.state.identity
    cli = request.headers.get("user-agent", "").startswith(CLI)
    source = Source.UI if identity.way is Way.SESSION else Source.CLI if cli else Source.API
    return Author(identity.name, source, reason)


def apart(snapshot: Snapshot, flip: Flipped) -> list[str]:
    """The routes of its group of which modern serves another share now: there some keys see both sides."""
    group = snapshot.routes[flip.route].spec.group
    others = (route for route in snapshot.routes.values() if route.id != flip.route)
    return [
        route.id
        for route in others
        if group is not None
        and route.spec.group == group
        and Position(route.plan.stage.value, route.plan.weight).share() != flip.became.share()
    ]


def flip_view(flip: Flipped) -> dict[str, Any]:
    """One change, as the API says it."""
    was, became = position_view(flip.was), position_view(flip.became)
    return {"route": flip.route, "was": was, "became": became, "version": flip.version}
