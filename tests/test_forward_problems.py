"""Answers of the proxy's own: one table of slugs, one form (RFC 9457)."""

import json

import pytest

from proxy.forward.problems import (
    BROKEN,
    DRAINING,
    OVERLOADED,
    TOO_MANY_CONNECTIONS,
    problem_for,
    problem_response,
)
from proxy.http1.errors import BadRequest
from proxy.http1.response import Response
from proxy.upstream.failures import Failure, Problem, problem_of


def fields(response: Response) -> dict[bytes, bytes]:
    return {lower: value for lower, _, value in response.fields}


@pytest.mark.parametrize(
    ("slug", "status"),
    [
        ("bad-request", 400),
        ("request-timeout", 408),
        ("body-too-large", 413),
        ("uri-too-long", 414),
        ("headers-too-large", 431),
    ],
)
def test_a_clients_fault_has_its_status_and_keeps_its_detail(slug: str, status: int) -> None:
    problem = problem_for(BadRequest(slug, "so many bytes"))
    assert (problem.slug, problem.status, problem.detail) == (slug, status, "so many bytes")


def test_the_document() -> None:
    response, body = problem_response(OVERLOADED, b"id-\xe9", False, (b"X-Banyan-Route: pay",))
    assert json.loads(body) == {
        "type": "urn:banyan:overloaded",
        "title": OVERLOADED.title,
        "status": 503,
        "detail": OVERLOADED.detail,
        "request_id": "id-é",
    }
    assert (response.status, response.reason, response.length) == (503, b"Service Unavailable", len(body))
    assert fields(response) == {
        b"content-type": b"application/problem+json",
        b"content-length": b"%d" % len(body),
        b"cache-control": b"no-store",
        b"retry-after": b"1",
        b"x-banyan-route": b"pay",
    }


def test_head_is_told_the_length_of_what_it_does_not_get() -> None:
    _, body = problem_response(BROKEN, b"id", False)
    response, nothing = problem_response(BROKEN, b"id", True)
    assert nothing == b""
    assert response.bodiless
    assert response.length == len(body)
    assert b"retry-after" not in fields(response)


EVERY = [
    *(problem_of(failure, safe) for failure in Failure for safe in (True, False)),
    *(problem_for(BadRequest(slug, "")) for slug in ("bad-request", "request-timeout", "body-too-large")),
    DRAINING,
    OVERLOADED,
    BROKEN,
    TOO_MANY_CONNECTIONS,
]


@pytest.mark.parametrize("problem", EVERY, ids=lambda problem: problem.slug)
def test_every_problem_has_a_reason_phrase_and_where_waiting_helps_a_time(problem: Problem) -> None:
    response, _ = problem_response(problem, b"id", False)
    assert response.reason
    assert (problem.retry_after is not None) == (problem.status == 503)
