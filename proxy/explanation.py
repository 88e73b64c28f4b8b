"""What `banyan explain` says of one request: the contest, the winner, the decision, what would be sent. Pure.

Built from the very functions that serve requests, so it cannot disagree with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from proxy.config.snapshot import Route, Snapshot
from proxy.decision.decide import NO_ROUTE, decide
from proxy.decision.stages import Side, Stage
from proxy.decision.sticky import Params
from proxy.forward.gateway import REWRITE_INCOMPLETE
from proxy.http1.errors import BadRequest
from proxy.http1.request import HeadLimits, parse_request
from proxy.routing.entry import NO_PARAMS, Match
from proxy.routing.explain import Candidate, contest
from proxy.routing.head import Head
from proxy.routing.methods import effective_method
from proxy.routing.request import FORM_LIMIT, TOO_LARGE, Body

FORM_TYPE = "application/x-www-form-urlencoded"


class NotARequest(ValueError):
    """What was asked about is no request that the proxy would take; says why."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, in the order in which it is decided. `route` is None where no route matches.

    `weight` in percent, where a canary decided. `target` is what the backend would be sent.
    """

    candidates: Sequence[Candidate[str]]
    route: str | None
    line: int | None
    stage: str
    weight: float | None
    bucket: int | None
    method: str
    side: str
    reason: str
    backend: str
    target: str
    mirror: str | None
    mirror_skip: str | None


def request_head(method: str, url: str, headers: Sequence[str], body: str | None, client: str) -> Head:
    """The head that such a request has. Raises NotARequest where the proxy would refuse it."""
    parts = urlsplit(url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query or url.endswith("?") else path
    lines = list(headers)
    names = {line.partition(":")[0].strip().lower() for line in lines}
    if "host" not in names:
        lines.insert(0, f"Host: {parts.netloc or 'localhost'}")
    if body is not None and "content-type" not in names:
        lines.append(f"Content-Type: {FORM_TYPE}")
    block = "\r\n".join([f"{method.upper()} {target} HTTP/1.1", *lines, ""])
    try:
        head = parse_request(block.encode(), HeadLimits(0, 0, 0)).head
    except BadRequest as error:
        raise NotARequest(f"the proxy would refuse this request: {error.detail}") from error
    head.client = client
    return head


def explain(snapshot: Snapshot, head: Head, body: bytes = b"", draw: int = 0) -> Explanation:
    """Decide as the data plane would. `draw` stands for the random number that mirroring samples with."""
    form: bytes | Literal[Body.TOO_LARGE] = body if len(body) <= FORM_LIMIT else TOO_LARGE
    match = snapshot.table.match(head, form)
    route, decision, params = None, NO_ROUTE, NO_PARAMS
    if isinstance(match, Match):
        route, params = snapshot.routes[match.route], match.params
        decision = decide(route.plan, head, params, draw)
    side, reason = decision.side, str(decision.reason)
    target = _target(route, side, head, params)
    if target is None:
        side, reason, target = Side.LEGACY, REWRITE_INCOMPLETE, head.target
    mirror, mirror_skip = decision.mirror, decision.mirror_skip and str(decision.mirror_skip)
    if mirror is not None and (mirror is side or _target(route, mirror, head, params) is None):
        mirror, mirror_skip = None, REWRITE_INCOMPLETE
    canary = route is not None and route.plan.stage is Stage.CANARY
    return Explanation(
        candidates=contest(snapshot.table, head, form),
        route=route.id if route else None,
        line=route.line if route else None,
        stage=str(route.plan.stage) if route else str(Stage.LEGACY),
        weight=route.plan.weight / 100 if route and canary else None,
        bucket=decision.bucket,
        method=effective_method(head, form).decode("latin-1"),
        side=str(side),
        reason=reason,
        backend=_backend(snapshot, route, side),
        target=target.decode("latin-1"),
        mirror=_backend(snapshot, route, mirror) if mirror else None,
        mirror_skip=mirror_skip,
    )


def _target(route: Route | None, side: Side, head: Head, params: Params) -> bytes | None:
    """What a side would be sent; None when the request lacks what its path is made of."""
    if route is None or route.rewrite is None or side is Side.LEGACY:
        return head.target
    return route.rewrite.render(head.target, params)


def _backend(snapshot: Snapshot, route: Route | None, side: Side) -> str:
    if route is None:
        return snapshot.default_backend
    return route.modern or route.legacy if side is Side.MODERN else route.legacy
