"""Send the request of a kept exchange to both sides once more, now, and see whether they still differ.

Only what is safe to repeat is sent, and without credentials, for those are not kept. Where the primary
answers with another status than it did then, nothing can be said of the bug.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from proxy.config.backends import Backend
from proxy.config.shadow import Shadow
from proxy.config.snapshot import Route, Snapshot
from proxy.control.diff_filter import Diff
from proxy.control.problems import Refusal
from proxy.http1.errors import BadRequest
from proxy.http1.request import HeadLimits, parse_request
from proxy.routing.entry import Match
from proxy.routing.head import Head
from proxy.tls import towards_backend
from shadow.compare import Answer, Policy, Request, Result
from shadow.comparing import Comparing
from shadow.redact import Redactor
from shadow.replay import Call, Observation, observe
from shadow.signature import general

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Fields that are left out: what is kept of them is a hash."""
_OF_THE_HOP = frozenset({"connection", "keep-alive", "te", "upgrade", "content-length", "transfer-encoding"})

Spot = tuple[str, str, str]


async def replay(snapshot: Snapshot, diff: Diff) -> dict[str, Any]:
    """What becomes of it now, and whether what differed then still does. Raises Refusal."""
    route, head, target = _resolved(snapshot, diff)
    shadow = route.spec.shadow or Shadow()
    fields = _fields(diff)
    lines = [f"{name}: {value}".encode() for name, value in fields]
    edited = [line for line in lines if line.partition(b":")[0].lower() not in route.modern_drop]
    sides = {
        route.legacy: _call(route.legacy, diff["method"], head.target, lines),
        str(route.modern): _call(str(route.modern), diff["method"], target, [*edited, *route.modern_add]),
    }
    names = [diff["primary"]["backend"], diff["shadow"]["backend"]]
    if not set(names) <= sides.keys():
        raise Refusal(
            409, "route-changed", f"{route.id} has other backends by now; there is nothing to repeat."
        )
    seen = [_observed(snapshot.config.backends[name], sides[name], shadow) for name in names]
    primary, other = await asyncio.gather(*seen)
    if primary.answer is None or other.answer is None:
        return _unanswered(names, (primary, other))
    policy = Policy.compile(
        shadow.compare.model_dump(mode="json", exclude_unset=True),
        php=any(snapshot.config.backends[name].dialect == "php" for name in names),
    )
    request = Request(diff["method"], head.target)
    async with Comparing() as comparing:
        result = await comparing.compare(request, primary.answer, other.answer, policy)
    redactor = Redactor(secrets.token_bytes(32), shadow.redact.paths, shadow.redact.mode == "strict")
    return _outcome(diff, result, (primary.answer, other.answer), redactor)


def _resolved(snapshot: Snapshot, diff: Diff) -> tuple[Route, Head, bytes]:
    """The route, the request's head, and modern's target. Raises Refusal where it cannot be repeated."""
    if diff["method"] not in SAFE:
        raise Refusal(
            409,
            "unsafe",
            f"A {diff['method']} may change something; only GET, HEAD and OPTIONS are repeated.",
        )
    route = snapshot.routes.get(diff["route"])
    if route is None or route.modern is None:
        raise Refusal(409, "route-changed", f"{diff['route']} has no two sides in routes.yaml any more.")
    lines = [f"{name}: {value}" for name, value in _fields(diff)]
    block = "\r\n".join([f"{diff['method']} {diff['target']} HTTP/1.1", *lines, ""])
    try:
        head = parse_request(block.encode(), HeadLimits(0, 0, 0)).head
    except BadRequest as error:
        raise Refusal(
            409, "redacted", f"What is kept of the request is no request any more: {error.detail}."
        ) from None
    match = snapshot.table.match(head, b"")
    if not isinstance(match, Match) or match.route != route.id:
        raise Refusal(409, "route-changed", f"The request would not reach {route.id} any more.")
    target = route.rewrite.render(head.target, match.params) if route.rewrite else head.target
    if target is None:
        raise Refusal(409, "redacted", "The request lacks what modern's path is made of.")
    return route, head, target


def _fields(diff: Diff) -> list[tuple[str, str]]:
    kept = (diff.get("request") or {}).get("fields", [])
    fields = [(name, value) for name, value in kept if name.lower() not in SECRET | _OF_THE_HOP]
    named = any(name.lower() == "host" for name, _ in fields)
    return fields if named else [("Host", "localhost"), *fields]


def _call(backend: str, method: str, target: bytes, lines: Sequence[bytes]) -> Call:
    first = method.encode() + b" " + target + b" HTTP/1.1"
    return Call(backend, b"\r\n".join([first, *lines, b"X-Banyan-Shadow: 1", b"\r\n"]), b"")


async def _observed(backend: Backend, call: Call, shadow: Shadow) -> Observation:
    async with httpx.AsyncHTTPTransport(verify=towards_backend(backend.tls)) as transport:
        return await observe(_To(str(backend.url[0]), transport), call, shadow.timeout, shadow.max_body)


class _To(httpx.AsyncBaseTransport):
    """Sends everything to one origin; target and Host stay as they are."""

    def __init__(self, origin: str, inner: httpx.AsyncBaseTransport) -> None:
        self._origin = httpx.URL(origin)
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = self._origin
        return await self._inner.handle_async_request(request)


def _unanswered(names: Iterable[str], seen: Iterable[Observation]) -> dict[str, Any]:
    why = [
        f"{name}: {one.failure or one.skip}" for name, one in zip(names, seen, strict=True) if not one.answer
    ]
    return {"verdict": "failed", "gone": False, "reason": ", ".join(why), "statuses": [], "differences": []}


def _outcome(diff: Diff, result: Result, answers: Sequence[Answer], redactor: Redactor) -> dict[str, Any]:
    now = [_difference(found, redactor) for found in result.differences]
    before = {_spot(one) for one in diff["differences"] if not one["noise"]}
    then, status = diff["primary"]["status"], answers[0].status
    doubt = result.unread or (
        f"the primary answered {then} then and {status} now" if status != then else None
    )
    return {
        "verdict": "inconclusive" if doubt else str(result.verdict),
        "gone": not doubt and not before & {_spot(one) for one in now},
        "reason": doubt,
        "statuses": [answer.status for answer in answers],
        "differences": now,
    }


def _difference(found: Any, redactor: Redactor) -> dict[str, Any]:
    path, primary, shadow = redactor.difference(found)
    said = {"where": str(found.where), "path": path, "kind": str(found.kind), "severity": str(found.severity)}
    return {**said, "primary": primary, "shadow": shadow, "noise": found.noise}


def _spot(difference: dict[str, Any]) -> Spot:
    return difference["where"], general(difference["path"]), difference["kind"]
