"""Path templates and rewrites: what they mean, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.rewrite import parse_rewrite
from proxy.routing.target import split_path
from proxy.routing.template import Kind, Segment, parse_template


def test_a_template() -> None:
    template = parse_template("/api/v%31/{payment_id}/items/{n:int}/{rest:path}")
    assert template.segments == (
        Segment(Kind.LITERAL, b"api"),
        Segment(Kind.LITERAL, b"v1"),
        Segment(Kind.NAME, name="payment_id"),
        Segment(Kind.LITERAL, b"items"),
        Segment(Kind.INTEGER, name="n"),
        Segment(Kind.REST, name="rest"),
    )
    assert template.names == ("payment_id", "n", "rest")


def test_names_are_no_part_of_the_shape() -> None:
    assert parse_template("/a/{x}").shape == parse_template("/a/{y}").shape
    assert parse_template("/a/{x}").shape != parse_template("/a/{x:int}").shape


def test_a_trailing_slash_is_a_segment() -> None:
    assert parse_template("/a/").segments == (Segment(Kind.LITERAL, b"a"), Segment(Kind.LITERAL, b""))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "starts with '/'"),
        ("api", "starts with '/'"),
        ("/a?b=c", "no '?'; the query has its own key"),
        ("/a#b", "no '#'"),
        ("/a/../b", "resolved before"),
        ("/a/%2e", "resolved before"),
        ("/a/{x}.json", "a parameter is a whole segment"),
        ("/a/{x", "a parameter is a whole segment"),
        ("/a/x}", "a parameter is a whole segment"),
        ("/a/{}", "'' cannot name a parameter"),
        ("/a/{1st}", "'1st' cannot name a parameter"),
        ("/a/{x:uuid}", "there is no type 'uuid', only 'int' and 'path'"),
        ("/a/{x}/{x}", "{x} appears more than once"),
        ("/a/{rest:path}/b", "nothing can follow"),
        ("/a/*", "'*' is no wildcard"),
    ],
)
def test_what_is_no_template(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_template(text)
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("rewrite", "target", "params", "expected"),
    [
        (
            "/v1/payments/{id}",
            b"/api/payments/p%2F1~?b[]=%41&b[]=",
            {"id": b"p%2F1~"},
            b"/v1/payments/p%2F1~?b[]=%41&b[]=",
        ),
        ("/v1/{id}/", b"http://h/x", {"id": b"\xe9"}, b"/v1/\xe9/"),
        ("/files/{rest:path}", b"/f/a//b?", {"rest": b"a//b"}, b"/files/a//b?"),
        ("/v1/pay/{query.id}", b"/pay.php?id=a%2Fb+c%7E", {}, b"/v1/pay/a%2Fb%20c~?id=a%2Fb+c%7E"),
        ("/{query.a}/{query.b}", b"/x?a=1&b=2", {}, b"/1/2?a=1&b=2"),
        ("/ü/a b/%41*", b"/x", {}, b"/%C3%BC/a%20b/%41*"),
        ("/", b"/x", {}, b"/"),
    ],
)
def test_rewriting(rewrite: str, target: bytes, params: dict[str, bytes], expected: bytes) -> None:
    assert parse_rewrite(rewrite).render(target, params) == expected


@pytest.mark.parametrize("query", [b"", b"?", b"?x=1", b"?id", b"?id=", b"?id=.", b"?id=%2e."])
def test_a_variable_that_would_make_another_path_is_no_rewrite(query: bytes) -> None:
    assert parse_rewrite("/v1/pay/{query.id}").render(b"/pay.php" + query, {}) is None


def test_a_query_variable_is_read_in_the_dialect_of_the_route() -> None:
    target = b"/x?id=1&id=2"
    assert parse_rewrite("/{query.id}", php=True).render(target, {}) == b"/2?id=1&id=2"
    assert parse_rewrite("/{query.id}", php=False).render(target, {}) == b"/1?id=1&id=2"
    assert parse_rewrite("/{query.a[b]}", php=True).render(b"/x?a[b]=3", {}) == b"/3?a[b]=3"
    assert parse_rewrite("/{query.id}", php=True).render(b"/x?id[]=1", {}) is None


@given(st.binary(min_size=1).filter(lambda value: value not in (b".", b"..")))
def test_a_query_variable_becomes_exactly_one_segment(value: bytes) -> None:
    target = b"/x?id=" + b"".join(b"%%%02x" % byte for byte in value)
    rendered = parse_rewrite("/v1/{query.id}/end").render(target, {})
    assert rendered is not None
    assert split_path(rendered.partition(b"?")[0])[1] == [b"v1", value, b"end"]


def test_the_parameters_that_a_match_does_not_define() -> None:
    rewrite = parse_rewrite("/v1/{id}/{other}/{query.x}/lit")
    assert rewrite.undefined(parse_template("/api/{id}")) == ["other"]
    assert rewrite.undefined(parse_template("/api/{id}/{other:path}")) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("v1/{id}", "starts with '/'"),
        ("/v1?x=1", "no '?'"),
        ("/v1/x-{id}", "a whole segment"),
        ("/v1/{header.x}", "besides path parameters a rewrite knows only {query.NAME}"),
        ("/v1/{query.}", "a variable's name is empty"),
        ("/v1/{id:nope}", "there is no type 'nope'"),
        ("/v1/..", "resolved before"),
    ],
)
def test_what_is_no_rewrite(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_rewrite(text)
    assert complaint in str(raised.value)
