"""Every error of the control port: a problem document (RFC 9457) that says what to do."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from proxy.flips import Refused, UnknownRoute
from proxy.ledger import LedgerUnavailable
from proxy.ledger.diffs import UnknownGroup
from proxy.ledger.overrides import NothingBefore, StaleVersion
from proxy.ramp.states import IllegalEvent

MARK = {"Banyan-Api": "1"}
"""A field of every answer of the API: the command line knows by it that it asks a control plane."""


class Refusal(Exception):
    """The answer is no. `slug` names the kind of problem, `extra` are further members of the document."""

    def __init__(
        self, status: int, slug: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.headers = headers
        self.extra = extra


_LOOK_AGAIN = "look at it again, then repeat with its version"
_TABLE: tuple[tuple[type[Exception], int, str, str], ...] = (
    (StaleVersion, 412, "stale-version", _LOOK_AGAIN),
    (NothingBefore, 409, "nothing-before", "nothing was changed"),
    (IllegalEvent, 409, "ramp-state", "nothing was changed"),
    (UnknownRoute, 404, "unknown-route", "`banyan routes` lists those there are"),
    (Refused, 409, "refused", "nothing was changed"),
    (UnknownGroup, 404, "unknown-group", "`banyan diffs groups` lists those there are"),
)
"""What the layers below raise for people: status, slug, and what to do about it."""

REFUSALS: tuple[type[Exception], ...] = (
    Refusal,
    HTTPException,
    LedgerUnavailable,
    *(kind for kind, *_ in _TABLE),
)
"""All that is answered with its own words; anything else is a defect."""


def refusal(error: Exception) -> Refusal:
    """What to answer for an exception; one that nobody foresaw is a 500 without its words."""
    match error:
        case Refusal():
            return error
        case HTTPException():
            phrase = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
            return Refusal(error.status_code, phrase, error.detail, error.headers)
        case LedgerUnavailable():
            return _unavailable(error)
    for kind, status, slug, remedy in _TABLE:
        if isinstance(error, kind):
            return Refusal(status, slug, f"{error}; {remedy}")
    return Refusal(500, "internal", "The control plane failed at this request; its log says more.")


def _unavailable(error: LedgerUnavailable) -> Refusal:
    became = (
        "the change may have been made: look before you repeat it"
        if error.unknown
        else "nothing was changed; a route's stage in routes.yaml holds without it"
    )
    return Refusal(
        503, "ledger-unavailable", f"{error}; {became}", {"Retry-After": "5"}, unknown=error.unknown
    )


async def problem(_: Request, error: Exception) -> Response:
    """The answer of the API to an exception."""
    said = refusal(error)
    document = {
        "type": f"urn:banyan:{said.slug}",
        "title": HTTPStatus(said.status).phrase,
        "status": said.status,
        "detail": said.detail,
        **said.extra,
    }
    headers = {**(said.headers or {}), **MARK}
    return JSONResponse(document, said.status, headers, media_type="application/problem+json")
