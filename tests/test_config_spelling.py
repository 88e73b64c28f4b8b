"""What is taken as it is written, and was hardly meant so."""

import pytest

from tests.support.config import errors_below, route, snapshot, warnings_below


def edited(headers: str) -> str:
    """A route whose modern side gets these changes of the header."""
    return route(f"modern: {{backend: payments, headers: {{ {headers} }}}}")


def test_a_header_that_is_set_twice() -> None:
    assert errors_below(edited("set: {X-A: a, x-a: b}")) == [
        "routes.yaml:6:85: routes[0].modern.headers.set.x-a: x-a and X-A are one header: both values would "
        "be sent; keep one"
    ]
    assert errors_below(edited("set: {X-A: a, X-B: b}")) == []


def test_a_header_that_is_set_twice_by_inheritance() -> None:
    defaults = "defaults: {modern: {backend: payments, headers: {set: {X-A: a}}}}\n"
    assert errors_below(defaults + edited("set: {X-A: b}")) == []
    (line,) = errors_below(defaults + edited("set: {x-a: b}"))
    assert "x-a and X-A are one header" in line or "X-A and x-a are one header" in line


def test_a_header_that_is_set_and_removed() -> None:
    assert warnings_below(edited("set: {X-A: a}, remove: [X-B, x-a]")) == [
        "routes.yaml:6:100: routes[0].modern.headers.remove[1]: warning: has no effect, as the same header "
        "is set, which replaces what the client sent"
    ]


def test_a_route_may_set_what_defaults_remove() -> None:
    defaults = "defaults: {modern: {backend: payments, headers: {remove: [X-A]}}}\n"
    assert warnings_below(defaults + edited("set: {X-A: a}")) == []


@pytest.mark.parametrize("text", ["%zz", "%", "%2", "a%2g"])
def test_a_percent_sign_that_begins_no_escape(text: str) -> None:
    begin = text[text.index("%") :]
    said = f"warning: {begin} is no percent-encoded byte: write %25 where % itself is meant"
    assert warnings_below(route(match=f"{{path: '/{text}'}}")) == [
        f"routes.yaml:6:27: routes[0].match.path: {said}"
    ]
    assert warnings_below(route(f"modern: {{backend: payments, path: '/{text}'}}")) == [
        f"routes.yaml:6:66: routes[0].modern.path: {said}"
    ]


@pytest.mark.parametrize("text", ["a%2Fb", "%25zz", "%e9"])
def test_escapes_that_are_whole(text: str) -> None:
    assert warnings_below(route(match=f"{{path: '/{text}'}}")) == []


def test_digits_after_a_leading_zero_are_no_number() -> None:
    assert errors_below(route("modern: payments, stage: canary, weight: 017")) == [
        "routes.yaml:6:73: routes[0].weight: must be a percentage from 0 to 100 with two decimals at most, "
        "such as 5 or 0.25"
    ]
    matched = snapshot(route(match="{path: /a, headers: {X-Shop: 007}}")).routes["a"].spec.match
    assert matched.headers["X-Shop"].exact == "007"


def test_a_list_of_values_to_match() -> None:
    assert errors_below(route(match="{path: /a, headers: {X-A: [a, b]}}")) == [
        "routes.yaml:6:46: routes[0].match.headers.X-A: must be a text, or one of {regex: …} and "
        "{present: true}"
    ]
