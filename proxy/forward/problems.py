"""Answers of the proxy's own: problem documents (RFC 9457). Pure."""

import json
from typing import Final

from proxy.http1.errors import BadRequest
from proxy.http1.response import Response, block_of
from proxy.upstream.failures import Problem

_CLIENT_ERRORS: Final = {
    "bad-request": (400, "The request is not valid HTTP"),
    "request-timeout": (408, "The request did not arrive in time"),
    "body-too-large": (413, "The request's body is too large"),
    "uri-too-long": (414, "The request's target is too long"),
    "headers-too-large": (431, "The request's header fields are too large"),
}

DRAINING: Final = Problem(
    "draining", 503, "This instance is shutting down", "Send the request again; another instance takes it.", 1
)
OVERLOADED: Final = Problem(
    "overloaded", 503, "The proxy takes no more requests at the moment", "Nothing was sent to the service.", 1
)
BROKEN: Final = Problem(
    "internal-error",
    500,
    "The proxy failed at this request",
    "This is a defect of the proxy; please report it.",
)
TOO_MANY_CONNECTIONS: Final = Problem(
    "overloaded", 503, "The proxy takes no more connections at the moment", "Close idle connections.", 1
)


def problem_for(error: BadRequest) -> Problem:
    """The problem that a refused request gets."""
    status, title = _CLIENT_ERRORS[error.slug]
    return Problem(error.slug, status, title, error.detail)


def problem_response(
    problem: Problem, request_id: bytes, is_head: bool, debug: tuple[bytes, ...] = ()
) -> tuple[Response, bytes]:
    """The response's head and body; `debug` are further header lines."""
    document = {
        "type": f"urn:banyan:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id.decode("latin-1"),
    }
    body = json.dumps(document).encode() + b"\n"
    lines = [
        b"Content-Type: application/problem+json",
        b"Content-Length: %d" % len(body),
        b"Cache-Control: no-store",
    ]
    if problem.retry_after is not None:
        lines.append(b"Retry-After: %d" % problem.retry_after)
    reason = _REASONS.get(problem.status, b"")
    response = Response(problem.status, reason, block_of([*lines, *debug]), len(body), bodiless=is_head)
    return response, b"" if is_head else body


_REASONS: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    414: b"URI Too Long",
    431: b"Request Header Fields Too Large",
    500: b"Internal Server Error",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
}
