"""What must hold whenever a client sends bytes that two readers could read differently.

Either the request is refused with an error and the connection closes, or it is forwarded as exactly one
request; what the client tried to hide behind it never reaches the origin as a request of its own.
"""

import json

from tests.support.dataplane import Connect
from tests.support.origin import Origin, Seen
from tests.support.wire import Response, request

SMUGGLED = request(b"/smuggled", host=b"evil.test")
"""The second request that hides in the bytes after, or inside, the first."""

SLUGS = {
    400: "bad-request",
    413: "body-too-large",
    414: "uri-too-long",
    431: "headers-too-large",
    501: "bad-request",
    505: "bad-request",
}


def assert_refused(connect: Connect, origin: Origin, sent: bytes, *statuses: int) -> Response:
    """The answer is a problem with one of these statuses (400 unless given) and a close, nothing more."""
    with connect() as wire:
        wire.send(sent)
        answered = wire.response(b"POST")
        assert answered.status in (statuses or (400,)), answered
        assert_problem(answered, SLUGS[answered.status])
        assert answered.get(b"connection") == b"close"
        assert wire.is_closed()
    assert_nothing_else(connect, origin, [])
    return answered


def assert_forwarded(connect: Connect, origin: Origin, sent: bytes, body: bytes) -> Seen:
    """The origin sees one request with exactly this body, and the client gets its answer."""
    with connect() as wire:
        answered = wire.ask(sent)
        assert answered.status == 200, answered
    assert_nothing_else(connect, origin, [body])
    return origin.seen[0]


def assert_one_reading(connect: Connect, origin: Origin, sent: bytes, body: bytes) -> None:
    """Refused with a 4xx or 5xx, or forwarded once with this body: the standard leaves the choice."""
    with connect() as wire:
        wire.send(sent)
        status = wire.response().status
    assert status == 200 or status in SLUGS, status
    assert_nothing_else(connect, origin, [body] if status == 200 else [])


def assert_problem(answered: Response, slug: str) -> dict[str, object]:
    """The answer is a problem document of this type (RFC 9457); returns it."""
    assert answered.get(b"content-type") == b"application/problem+json"
    problem: dict[str, object] = json.loads(answered.body)
    assert problem["type"] == f"urn:banyan:{slug}"
    assert problem["status"] == answered.status
    assert problem["title"] and problem["detail"] and problem["request_id"]
    return problem


def assert_nothing_else(connect: Connect, origin: Origin, bodies: list[bytes]) -> None:
    """The origin has seen requests with these bodies, and a request sent now is the very next one."""
    with connect() as wire:
        assert wire.ask(request(b"/fence")).body == b"GET /fence "
    complete = origin.complete()
    assert [bytes(seen.body) for seen in complete] == [*bodies, b""], complete
    assert complete[-1].target == b"/fence"
