"""Which route wins, by example and against a table that simply asks every route."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.head import Head
from proxy.routing.hosts import host_fits
from proxy.routing.leaf import NEEDS_FORM
from proxy.routing.pattern import Pattern
from proxy.routing.request import TOO_LARGE, Request
from proxy.routing.table import Table
from proxy.routing.template import Kind
from proxy.routing.values import Matcher, Present, regex
from tests.support.routing import FORM, head, pattern, work

FORM_TYPE = f"Content-Type: {FORM}"


def table(*patterns: Pattern) -> Table[int]:
    """The patterns, each with its place as its route."""
    return Table.build([(pattern, place) for place, pattern in enumerate(patterns)])


def winner(routes: Table[int], request: Head, form: bytes | None = None) -> int | None:
    """The route that wins; forms are given, or not asked for."""
    match = routes.match(request) if form is None else routes.match(request, form)
    assert match is not NEEDS_FORM
    return match.route if match else None


def paths(*templates: str) -> Callable[[str], int | None]:
    routes = table(*map(pattern, templates))
    return lambda target: winner(routes, head(target))


# --- paths ----------------------------------------------------------------------------------------


def test_segments_are_compared_from_the_left() -> None:
    find = paths("/{rest:path}", "/{a}/b", "/a/{rest:path}", "/a/{x}", "/a/{n:int}", "/a/b")
    assert find("/a/b") == 5
    assert find("/a/7") == 4
    assert find("/a/x") == 3
    assert find("/a/b/c") == 2
    assert find("/z/b") == 1
    assert find("/z") == 0


def test_a_dead_end_leads_back_to_the_less_specific_branch() -> None:
    find = paths("/a/b/{x}/d", "/a/{y}/c/e", "/{z}/b/c/f", "/{rest:path}")
    assert find("/a/b/c/d") == 0
    assert find("/a/b/c/e") == 1
    assert find("/a/b/c/f") == 2
    assert find("/a/b/c/g") == 3


@pytest.mark.parametrize(
    ("template", "target", "fits"),
    [
        ("/", "/", True),
        ("/", "/?a=b", True),
        ("/", "//", False),
        ("/a", "/a/", False),
        ("/a/", "/a", False),
        ("/a/b", "/a//b", False),
        ("/a/{x}", "/a/", False),
        ("/a/{x}/b", "/a//b", False),
        ("/a/{x}", "/a/b%2Fc", True),
        ("/a/{n:int}", "/a/007", True),
        ("/a/{n:int}", "/a/-7", False),
        ("/a/{n:int}", "/a/%37", True),
        ("/a/{n:int}", "/a/\u0663", False),
        ("/a/{rest:path}", "/a/", True),
        ("/a/{rest:path}", "/a", False),
        ("/a/{rest:path}", "/a//b/", True),
        ("/caf%C3%A9", "/café", True),
        ("/café", "/caf%c3%A9", True),
        ("/a", "/A", False),
        ("/a", "/%61", True),
        ("/a%2Fb", "/a/b", False),
        ("/a%2Fb", "/a%2fb", True),
        ("/a", "http://host/a?b", True),
        ("/", "http://host", True),
        ("/{rest:path}", "*", False),
        ("/{rest:path}", "host:443", False),
        ("/admin", "/public/../admin", True),
        ("/admin", "/public/%2e%2E/admin", True),
        ("/public/{rest:path}", "/public/../admin", False),
        ("/payment.php", "/payment.php/info", False),
        ("/payment.php/{info:path}", "/payment.php/info", True),
    ],
)
def test_whether_a_template_fits(template: str, target: str, fits: bool) -> None:
    assert (paths(template)(target) == 0) is fits


def test_parameters_are_the_bytes_as_they_came() -> None:
    routes = table(pattern("/a/{x}/{n:int}/{rest:path}"), pattern("/b"))
    match = routes.match(head(b"/a/%41%2F\xe9/%37/c//d%2F?q"))
    assert match is not None and match is not NEEDS_FORM
    assert match.params == {"x": b"%41%2F\xe9", "n": b"%37", "rest": b"c//d%2F"}
    without = routes.match(head("/b"))
    assert without is not None and without is not NEEDS_FORM and without.params == {}


def test_no_parameter_is_ever_a_dot_segment() -> None:
    match = table(pattern("/a/{rest:path}")).match(head("/a/b/../%2e%2e/a/./c"))
    assert match is not None and match is not NEEDS_FORM and match.params == {"rest": b"c"}


def test_a_route_may_have_several_patterns() -> None:
    routes = Table.build([(pattern("/pay.php"), "pay"), (pattern("/pay.php/{info:path}"), "pay")])
    assert [routes.match(head(target)) is not None for target in ("/pay.php", "/pay.php/", "/pay.php/x")] == [
        True
    ] * 3


def test_a_match_without_parameters_costs_no_new_object() -> None:
    routes = table(pattern("/a"))
    assert routes.match(head("/a")) is routes.match(head("/a?b"))


def test_of_two_that_tie_the_first_in_the_file_wins() -> None:
    for one in (pattern("/a"), pattern("/a", "GET"), pattern("/a", headers={"X": Present(True)})):
        assert winner(table(one, one), head("/a", "GET", "X: 1")) == 0


def test_an_empty_table_matches_nothing() -> None:
    assert table().match(head("/")) is None


# --- hosts, methods -------------------------------------------------------------------------------


def test_the_host_comes_before_the_path() -> None:
    routes = table(
        pattern("/a"),
        pattern("/{x}", host="*.example.com"),
        pattern("/{rest:path}", host="*.eu.example.com"),
        pattern("/b", host="api.eu.example.com"),
    )
    assert winner(routes, head("/a", "GET", "Host: other.example")) == 0
    assert winner(routes, head("/a", "GET", "Host: api.example.com:8080")) == 1
    assert winner(routes, head("/a", "GET", "Host: API.EU.Example.com")) == 2
    assert winner(routes, head("/b", "GET", "Host: api.eu.example.com")) == 3
    assert winner(routes, head("/a")) == 0
    assert winner(routes, head("/a", "GET", "Host: " + "x." * 200 + "example.com")) == 0


def test_the_host_of_an_absolute_target_overrules_the_header() -> None:
    routes = table(pattern("/", host="a.example"), pattern("/", host="b.example"))
    assert winner(routes, head("http://b.example:80/", "GET", "Host: a.example")) == 1
    assert winner(routes, head("http:///", "GET", "Host: a.example")) is None


def test_a_method_is_more_specific_than_none() -> None:
    routes = table(pattern("/a", headers={"X-A": "1"}), pattern("/a"), pattern("/a", "GET POST"))
    assert winner(routes, head("/a", "POST", "X-A: 1")) == 2
    assert winner(routes, head("/a", "PUT", "X-A: 1")) == 0
    assert winner(routes, head("/a", "PUT")) == 1


def test_methods_are_exact() -> None:
    routes = table(pattern("/a", "GET"))
    assert winner(routes, head("/a", "HEAD")) is None
    assert winner(routes, head("/a", "get")) is None


def test_a_route_for_another_method_is_passed_over() -> None:
    routes = table(pattern("/a/b", "POST"), pattern("/a/{x}", "GET"), pattern("/{rest:path}"))
    assert winner(routes, head("/a/b", "GET")) == 1
    assert winner(routes, head("/a/b", "PUT")) == 2


# --- headers, query -------------------------------------------------------------------------------


def test_more_headers_come_before_more_variables() -> None:
    routes = table(
        pattern("/", query={"a": "1", "b": "2"}),
        pattern("/", headers={"X-A": "1"}),
        pattern("/", headers={"X-A": "1", "X-B": Present(True)}),
        pattern("/", headers={"X-A": "1"}, query={"a": "1"}),
        pattern("/"),
    )
    assert winner(routes, head("/?a=1&b=2", "GET", "x-a: 1", "x-b: 2")) == 2
    assert winner(routes, head("/?a=1&b=2", "GET", "x-a: 1")) == 3
    assert winner(routes, head("/", "GET", "x-a: 1")) == 1
    assert winner(routes, head("/?a=1&b=2")) == 0
    assert winner(routes, head("/?a=1")) == 4


def test_header_matchers() -> None:
    routes = table(
        pattern("/", headers={"X-V": "2", "X-No": Present(False)}),
        pattern("/", headers={"X-V": regex("3.*")}),
    )
    assert winner(routes, head("/", "GET", "X-V: 2")) == 0
    assert winner(routes, head("/", "GET", "X-V: 2", "X-No:")) is None
    assert winner(routes, head("/", "GET", "X-V: 2", "X-V: 2")) is None
    assert winner(routes, head("/", "GET", "X-V: 3", "X-V: x")) == 1
    assert winner(routes, head("/")) is None


def test_query_matchers_read_as_their_dialect_does() -> None:
    php = table(pattern("/", query={"a": "2", "b.c": Present(True)}, php=True))
    plain = table(pattern("/", query={"a": "2", "b.c": Present(True)}))
    assert winner(php, head("/?a=1&a=2&b_c=")) == 0
    assert winner(plain, head("/?a=1&a=2&b.c=")) is None
    assert winner(plain, head("/?a=2&a=1&b.c=")) == 0
    assert winner(php, head("/?a[]=2&b_c=")) is None
    assert winner(php, head("/?a=2")) is None
    assert winner(table(pattern("/", query={"a[x]": "1"}, php=True)), head("/?a[y]=0&a[x]=1")) == 0
    assert winner(php, head("/?" + "x=&" * 1000 + "a=2&b_c=")) is None


def test_a_variable_is_asked_for_once() -> None:
    with pytest.raises(ValueError, match=r"query a\.b is asked for more than once"):
        pattern("/", query={"a.b": "1", "a_b": "2"}, php=True)
    with pytest.raises(ValueError, match="header x-a is asked for more than once"):
        pattern("/", headers={"X-A": "1", "x-a": "1"})


# --- forms ----------------------------------------------------------------------------------------


def test_the_form_is_asked_for_only_where_it_decides() -> None:
    routes = table(
        pattern("/a", form={"action": "show"}, query={"v": "1"}),
        pattern("/a", form={"action": regex("list|find")}),
        pattern("/a"),
        pattern("/a", "PURGE"),
        pattern("/b"),
    )
    post = head("/a", "POST", FORM_TYPE)
    assert routes.match(post) is NEEDS_FORM
    assert winner(routes, post, b"action=find") == 1
    assert winner(routes, post, b"action=show") == 2
    assert winner(routes, head("/a?v=1", "POST", FORM_TYPE), b"action=show") == 0
    assert winner(routes, head("/a", "POST", "Content-Type: application/json")) == 2
    assert winner(routes, head("/a", "GET", FORM_TYPE)) == 2
    assert winner(routes, head("/a", "PURGE", FORM_TYPE)) == 3
    assert winner(routes, head("/b", "POST", FORM_TYPE)) == 4


def test_no_form_is_asked_for_when_the_rest_does_not_fit() -> None:
    routes = table(pattern("/a", form={"action": "show"}, headers={"X-V": "2"}), pattern("/{x}"))
    assert winner(routes, head("/a", "POST", FORM_TYPE, "X-V: 1")) == 1
    assert winner(routes, head("/a", "POST", FORM_TYPE)) == 1
    assert routes.match(head("/a", "POST", FORM_TYPE, "X-V: 2")) is NEEDS_FORM


def test_a_form_that_is_too_large_meets_no_form_matcher() -> None:
    matchers: list[Matcher | str] = [Present(False), Present(True), regex(".*"), "1"]
    routes = table(pattern("/"), *(pattern("/", form={"a": matcher}) for matcher in matchers))
    post = head("/", "POST", FORM_TYPE)
    too_large = routes.match(post, TOO_LARGE)
    assert too_large is not None and too_large is not NEEDS_FORM and too_large.route == 0
    assert winner(routes, post, b"") == 1
    assert winner(routes, post, b"a=") == 2


def test_a_request_without_a_form_has_no_variables() -> None:
    routes = table(pattern("/", form={"a": Present(False)}), pattern("/"))
    assert winner(routes, head("/", "GET")) == 0


def test_php_has_forms_in_posts_alone() -> None:
    php, plain = table(pattern("/", form={"a": "1"}, php=True)), table(pattern("/", form={"a": "1"}))
    put = head("/", "PUT", FORM_TYPE)
    assert php.match(put) is None
    assert winner(php, put, b"a=1") is None
    assert plain.match(put) is NEEDS_FORM
    assert winner(plain, put, b"a=1") == 0
    assert winner(php, head("/", "POST", FORM_TYPE), b"a=0&a=1") == 0


# --- against a table that asks every route --------------------------------------------------------

SEGMENTS = ["a", "b", "7", "{x}", "{n:int}", ""]
VALUES: st.SearchStrategy[str | Matcher] = st.sampled_from(
    ["1", "2", Present(True), Present(False), regex("[12]")]
)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    segments = draw(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3))
    unique = [s.replace("x", f"x{i}").replace("{n", f"{{n{i}") for i, s in enumerate(segments)]
    path = "/" + "/".join([*unique, *draw(st.sampled_from([[], [], ["{rest:path}"]]))])
    php = draw(st.booleans())
    wanted = [draw(st.dictionaries(st.sampled_from(["p", "q"]), VALUES, max_size=2)) for _ in range(3)]
    return pattern(
        path,
        draw(st.sampled_from(["", "", "GET", "POST", "GET POST"])),
        draw(st.sampled_from([None, None, "h.example", "*.example"])),
        headers=wanted[0],
        query=wanted[1],
        form=wanted[2],
        php=php,
    )


PAIRS = st.lists(st.sampled_from(["p=1", "p=2", "q=1", "q=2", "p[]=1", "p"]), max_size=3).map("&".join)


@st.composite
def heads(draw: st.DrawFn) -> Head:
    path = "/" + "/".join(
        draw(st.lists(st.sampled_from(["a", "b", "7", "%61", "..", ""]), min_size=1, max_size=4))
    )
    fields = [
        f"{name}: {value}"
        for name, value in draw(st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("12"))))
    ]
    fields += draw(st.sampled_from([[], [FORM_TYPE]])) + draw(
        st.sampled_from([[], ["Host: h.example"], ["Host: x.h.example"]])
    )
    return head(f"{path}?{draw(PAIRS)}", draw(st.sampled_from(["GET", "POST", "PUT"])), *fields)


def fits(candidate: Pattern, request: Request) -> bool:
    """Whether a request meets a pattern, asked part by part."""
    if candidate.host is not None and not host_fits(candidate.host, request.host()):
        return False
    if candidate.methods and request.method not in candidate.methods:
        return False
    segments, path = candidate.template.segments, list(request.decoded)
    if segments[-1].kind is Kind.REST:
        if len(path) < len(segments):
            return False
        segments, path = segments[:-1], path[: len(segments) - 1]
    if len(segments) != len(path):
        return False
    for segment, text in zip(segments, path, strict=True):
        match segment.kind:
            case Kind.LITERAL if text != segment.literal:
                return False
            case Kind.INTEGER if not text.isdigit():
                return False
            case Kind.NAME if not text:
                return False
    return all(condition.holds(request) for condition in candidate.conditions)


@given(st.lists(patterns(), max_size=8), st.lists(heads(), min_size=1, max_size=5), PAIRS)
def test_the_index_finds_what_asking_every_route_finds(
    routes: Sequence[Pattern], requests: Sequence[Head], form: str
) -> None:
    index = table(*routes)
    for asked in requests:
        request = Request(asked, form.encode())
        best = min((p.rank for p in routes if fits(p, request)), default=None)
        found = winner(index, asked, form.encode())
        assert (None if found is None else routes[found].rank) == best
        assert found is None or fits(routes[found], request)


@given(st.lists(patterns(), max_size=8), heads(), PAIRS)
def test_a_form_that_was_not_asked_for_would_have_changed_nothing(
    routes: Sequence[Pattern], asked: Head, form: str
) -> None:
    index = table(*routes)
    unread = index.match(asked)
    if unread is not NEEDS_FORM:
        assert unread == index.match(asked, form.encode())


# --- cost -----------------------------------------------------------------------------------------


MANY: Mapping[str, Callable[[int], Pattern]] = {
    "paths": lambda n: pattern(f"/api/v{n}/things/{{id}}", "GET"),
    "hosts": lambda n: pattern("/api/v7/things/{id}", host=f"h{n}.example.com"),
    "query": lambda n: pattern("/api/v7/things/7", query={"action": f"a{n}"}, php=True),
    "header": lambda n: pattern("/api/v7/things/7", "GET", headers={"X-Tenant": f"t{n}"}),
    "several": lambda n: pattern(
        "/api/v7/things/7", headers={"X-Tenant": "t7", "X-V": f"{n}"}, query={"a": regex("a.")}
    ),
}


@cache
def of_a_kind(kind: str, count: int) -> Table[int]:
    return table(*map(MANY[kind], range(count)))


@pytest.mark.parametrize("kind", MANY)
@pytest.mark.parametrize("hit", [True, False])
def test_the_cost_of_a_match_does_not_grow_with_the_number_of_routes(kind: str, hit: bool) -> None:
    few, many = of_a_kind(kind, 10), of_a_kind(kind, 10_000)
    wanted = "7" if hit else "no"
    target = f"/api/v{wanted if kind == 'paths' else 7}/things/7?action=a{wanted}&a=a7"
    request = head(target, "GET", f"Host: h{wanted}.example.com", f"X-Tenant: t{wanted}", f"X-V: {wanted}")
    assert winner(few, request) == winner(many, request) == (7 if hit else None)
    assert work(lambda: few.match(request)) == work(lambda: many.match(request)) < 250


def test_a_long_path_costs_no_more_than_its_template_is_deep() -> None:
    routes = table(pattern("/a/b/{x}"), pattern("/{rest:path}", "POST"))
    short, long = head("/" + "a/" * 10), head("/" + "a/" * 5000)
    assert work(lambda: routes.match(short)) == work(lambda: routes.match(long))
