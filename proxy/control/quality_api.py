"""The API for QA: single differences, groups of them and what people say of them; and the audit."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from proxy.config.server import Role
from proxy.config.snapshot import Snapshot
from proxy.control import diff_source
from proxy.control.bodies import Triage as TriageBody
from proxy.control.bodies import json_body, moment
from proxy.control.diff_filter import Diff, Filters
from proxy.control.door import Door
from proxy.control.groups_view import by_urgency, group_view
from proxy.control.ledger_access import LedgerAccess
from proxy.control.mirrored_view import mirrored_view
from proxy.control.problems import Refusal
from proxy.control.replay import replay
from proxy.control.routes_api import author_of, known
from proxy.ledger import audit, diffs
from proxy.ledger.audit import Author, Entry
from proxy.ledger.diffs import Exchange, Group, Triage
from proxy.state import State
from shadow.compare import Kind, Verdict

MOST = 500
"""Rows of one page."""
MOST_GROUPS = 1000
"""Groups that are looked at, the last seen; beyond that nobody looks."""


@dataclass(frozen=True, slots=True)
class QualityApi:
    """The endpoints. `clock` gives the time now, UTC."""

    state: State
    books: LedgerAccess
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def endpoints(self, door: Door) -> Iterator[Route]:
        """All of them, each behind the role that it needs."""
        for method, path, role, endpoint in (
            ("GET", "audit", Role.VIEWER, self.audit),
            ("GET", "diffs", Role.VIEWER, self.diffs),
            ("GET", "diffs/{id}", Role.VIEWER, self.diff),
            ("POST", "diffs/{id}/replay", Role.REVIEWER, self.replay),
            ("GET", "diff-groups", Role.VIEWER, self.groups),
            ("GET", "diff-groups/{signature}", Role.VIEWER, self.group),
            ("POST", "diff-groups/{signature}/triage", Role.REVIEWER, self.triage),
        ):
            yield Route(f"/api/v1/{path}", door.behind(role, endpoint), methods=[method])

    async def audit(self, request: Request) -> Response:
        query = Query(request, "route", "limit", "cursor")
        limit, before = query.number("limit", 100, MOST), query.number("cursor", None, 2**62)
        route = query.text("route")
        page = await self.audit_page(route, before, limit or 100)
        if route is not None and not page and before is None:
            known(self._snapshot(), route)
        more = page[-1].id if len(page) == limit else None
        return JSONResponse({"entries": [audit_view(entry) for entry in page], "next": more})

    async def audit_page(self, route: str | None, before: int | None, limit: int) -> list[Entry]:
        """The newest entries of the audit, before one that was seen."""
        return await self.books.read(audit.entries, route=route, before=before, limit=limit)

    async def diffs(self, request: Request) -> Response:
        names = ("route", "verdict", "kind", "path", "signature", "since", "until", "limit", "cursor")
        query, now = Query(request, *names), self.clock()
        since, until = (query.text(name) for name in ("since", "until"))
        filters = Filters(
            **{name: query.text(name) for name in ("route", "path", "signature")},
            verdict=query.choice("verdict", tuple(Verdict), "") or None,
            kind=query.choice("kind", tuple(Kind), "") or None,
            since=moment(since, now) if since else None,
            until=moment(until, now) if until else None,
        )
        limit = query.number("limit", 100, MOST) or 100
        page = await self.books.run(
            lambda ledger: diff_source.page(ledger, self._log(), filters, query.text("cursor"), limit)
        )
        if filters.route is not None and not page.diffs:
            known(self._snapshot(), filters.route)
        return JSONResponse({"diffs": page.diffs, "next": page.next, "source": page.source})

    async def diff(self, request: Request) -> Response:
        return JSONResponse(await self.found(request))

    async def replay(self, request: Request) -> Response:
        diff = await self.found(request)
        return JSONResponse(await replay(self._snapshot(), diff))

    async def found(self, request: Request) -> Diff:
        """The difference that a path names. Raises Refusal."""
        wanted = request.path_params["id"]
        found = await self.books.run(lambda ledger: diff_source.find(ledger, self._log(), wanted))
        if found is None:
            raise Refusal(
                404, "unknown-diff", f"No difference with the id {wanted!r} is kept; it may have aged out."
            )
        return found

    async def groups(self, request: Request) -> Response:
        query = Query(request, "route", "state", "limit")
        state = query.choice("state", ("open", "all"), "all")
        route, limit = query.text("route"), query.number("limit", 100, MOST)
        found, total = await self.groups_page(route, state == "open")
        if route is not None and not found:
            known(self._snapshot(), route)
        now = self.clock()
        shown = [group_view(group, now) for group in found[:limit]]
        mirrored = mirrored_view(self.state.totals, route)
        return JSONResponse({"groups": shown, "total": total, "mirrored": mirrored})

    async def groups_page(self, route: str | None, only_open: bool) -> tuple[list[Group], int]:
        """Groups, the most urgent first, and how many there are in all."""
        found, total = await self.books.read(_groups_and_total, route, only_open)
        return by_urgency(found, self.clock()), total

    async def group(self, request: Request) -> Response:
        return JSONResponse(await self.group_view(request.path_params["signature"]))

    async def group_view(self, signature: str) -> dict[str, Any]:
        """One group with the exchanges that are kept of it. Raises UnknownGroup."""
        group, samples = await self.books.read(_group_with_samples, signature)
        bodies = [json.loads(sample.body) for sample in samples]
        return {**group_view(group, self.clock()), "samples": bodies}

    async def triage(self, request: Request) -> Response:
        body = await json_body(request, TriageBody)
        group = await self.triaged(request.path_params["signature"], body, author_of(request, body.note))
        return JSONResponse(group_view(group, self.clock()))

    async def triaged(self, signature: str, body: TriageBody, author: Author) -> Group:
        """Keep what somebody says of a group. Raises UnknownGroup."""
        if body.until is not None and body.until <= self.clock():
            raise Refusal(422, "invalid-body", "until must be an instant that is still to come.")
        verdict = None if body.verdict == "open" else Triage(body.verdict)
        return await self.books.write(diffs.triage, signature, verdict, author, body.until)

    def _log(self) -> diff_source.LogFile:
        return diff_source.LogFile(self._snapshot().config.shadow.log.path)

    def _snapshot(self) -> Snapshot:
        assert self.state.snapshot is not None  # the door has looked
        return self.state.snapshot


def _groups_and_total(connection: Connection, route: str | None, only_open: bool) -> tuple[list[Group], int]:
    found = diffs.listed(connection, route=route, only_open=only_open, limit=MOST_GROUPS)
    total = diffs.count(connection, route=route, only_open=only_open)
    return found, total


def _group_with_samples(connection: Connection, signature: str) -> tuple[Group, list[Exchange]]:
    return diffs.find(connection, signature), diffs.exchanges(connection, signature)


class Query:
    """The query of a request. Raises Refusal for parameters that the endpoint does not have."""

    def __init__(self, request: Request, *names: str) -> None:
        self._given = request.query_params
        unknown = sorted(self._given.keys() - set(names))
        if unknown:
            known = ", ".join(names)
            raise Refusal(400, "bad-query", f"Unknown in this query: {', '.join(unknown)}; known: {known}.")

    def text(self, name: str) -> str | None:
        """A parameter; None where it is missing or empty."""
        return self._given.get(name) or None

    def number(self, name: str, default: int | None, most: int) -> int | None:
        """A whole number from 1 on."""
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:20]) <= most):
            raise Refusal(400, "bad-query", f"{name} must be a whole number from 1 to {most}.")
        return int(text)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        text = self.text(name)
        if text is None:
            return default
        if text not in allowed:
            raise Refusal(400, "bad-query", f"{name} must be one of {', '.join(allowed)}.")
        return text


def audit_view(entry: Entry) -> dict[str, Any]:
    """One change, as the API says it."""
    return {**asdict(entry), "time": entry.time.isoformat(), "source": entry.source.value}
