"""The API for noise: which places vary by themselves, by what was learned and by what people ruled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.config.base import Section
from proxy.config.server import Role
from proxy.config.snapshot import Snapshot
from proxy.control.bodies import Note, json_body
from proxy.control.door import Door
from proxy.control.ledger_access import LedgerAccess
from proxy.control.problems import Refusal
from proxy.control.quality_api import Query
from proxy.control.routes_api import author_of, known
from proxy.ledger import noise
from proxy.ledger.audit import Author
from proxy.ledger.noise import Path, RouteNoise, Ruling
from proxy.state import State
from shadow.noise import SIGNIFICANCE, chance
from shadow.signature import general


class RuleBody(Section):
    """What somebody says of a path; `learned` leaves it to what was learned."""

    route: str
    path: Note
    ruling: Literal["pinned", "forbidden", "learned"]
    note: Note = ""


@dataclass(frozen=True, slots=True)
class NoiseApi:
    """The endpoints."""

    state: State
    books: LedgerAccess

    def endpoints(self, door: Door) -> Iterator[Route]:
        """Both, each behind the role that it needs."""
        yield Route("/api/v1/noise", door.behind(Role.VIEWER, self.listed), methods=["GET"])
        yield Route("/api/v1/noise", door.behind(Role.REVIEWER, self.ruled), methods=["POST"])

    async def listed(self, request: Request) -> Response:
        """Every path that ever varied, or that somebody ruled about."""
        return JSONResponse({"noise": await self.views(Query(request, "route").text("route"))})

    async def ruled(self, request: Request) -> Response:
        """Pin, forbid, or leave to what was learned; workers heed it within half a minute."""
        body = await json_body(request, RuleBody)
        return JSONResponse(await self.rule(body, author_of(request, body.note)))

    async def views(self, route: str | None) -> list[dict[str, Any]]:
        """Every path, or those of one route. Raises Refusal where there never was that route."""
        found = await self.books.read(noise.load)
        if route is not None and route not in found:
            known(self._snapshot(), route)
        return [
            noise_view(name, path, of)
            for name, of in found.items()
            for path in of.paths
            if route in (None, name)
        ]

    async def rule(self, body: RuleBody, author: Author) -> dict[str, Any]:
        """What is known of the path from now on. Raises Refusal."""
        known(self._snapshot(), body.route)
        path = general(body.path)
        if path in ("", "status"):
            raise Refusal(
                422, "invalid-body", "path must be a place that can vary: not empty, not the status."
            )
        ruling = None if body.ruling == "learned" else Ruling(body.ruling)
        await self.books.write(noise.rule, body.route, path, ruling, author)
        found = (await self.books.read(noise.load))[body.route]
        return next(noise_view(body.route, one, found) for one in found.paths if one.path == path)

    def _snapshot(self) -> Snapshot:
        assert self.state.snapshot is not None  # the door has looked
        return self.state.snapshot


def noise_view(route: str, path: Path, of: RouteNoise) -> dict[str, Any]:
    """One path, as the API says it: in how many pairs of one side, and of both, it differed; and until when
    that is remembered, unless it differs again. What somebody ruled stays.
    """
    return {
        "route": route,
        "path": path.path,
        "is_noise": is_noise(path, of),
        "ruling": path.ruling,
        "same_side": {"differed": path.differed, "pairs": of.pairs},
        "both_sides": {"differed": path.mirrored, "pairs": of.mirrored},
        "seen": path.seen.isoformat(),
        "expires": (path.seen + noise.KEEP).isoformat() if path.ruling is None else None,
    }


def is_noise(path: Path, of: RouteNoise) -> bool:
    """As the shadow worker judges a value that may vary; money never may."""
    if path.ruling is not None:
        return path.ruling is Ruling.PINNED
    likely = chance(path.mirrored, of.mirrored, path.differed, of.pairs)
    return path.differed > 0 and likely >= SIGNIFICANCE
