"""Ties, and routes that can never win."""

from collections.abc import Callable, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.conflicts import find_shadowed, find_ties
from proxy.routing.entry import Entry
from proxy.routing.pattern import Pattern
from proxy.routing.request import Request
from proxy.routing.table import Table
from proxy.routing.values import Matcher, Present, regex
from tests.support.routing import Wanted, head, pattern, work

THERE, ABSENT = Present(True), Present(False)


def ties(*patterns: Pattern) -> list[tuple[str, str]]:
    """The patterns named a, b, c…"""
    return find_ties(list(zip(patterns, "abcdefgh", strict=False)))


def shadowed(*patterns: Pattern) -> list[tuple[str, tuple[str, ...]]]:
    return find_shadowed(list(zip(patterns, "abcdefgh", strict=False)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pattern("/a"), pattern("/a")),
        (pattern("/a/{x}"), pattern("/a/{y}")),
        (pattern("/a"), pattern("/%61")),
        (pattern("/a", "GET POST"), pattern("/a", "POST PUT")),
        (pattern("/a", host="h.example"), pattern("/a", host="H.example")),
        (pattern("/a", headers={"X": "1"}), pattern("/a", headers={"Y": "1"})),
        (pattern("/a", headers={"X": "1"}), pattern("/a", headers={"X": THERE})),
        (pattern("/a", headers={"X": "1"}), pattern("/a", headers={"X": regex("[12]")})),
        (pattern("/a", headers={"X": regex("a")}), pattern("/a", headers={"X": regex("a")})),
        (pattern("/a", headers={"X": THERE}), pattern("/a", headers={"X": regex("a")})),
        (pattern("/a", query={"p": "1"}), pattern("/a", query={"q": "1"})),
        (pattern("/a", query={"p": "1"}), pattern("/a", form={"p": "1"})),
        (pattern("/a", query={"p": "1"}, php=True), pattern("/a", query={"p": "1"})),
        (pattern("/a", query={"p": "1", "q": "1"}), pattern("/a", query={"p": "1", "r": "1"})),
    ],
)
def test_a_tie(one: Pattern, other: Pattern) -> None:
    assert ties(one, other) == [("a", "b")]
    assert ties(other, one) == [("a", "b")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pattern("/a"), pattern("/b")),
        (pattern("/a"), pattern("/a/")),
        (pattern("/{x}"), pattern("/{x:int}")),
        (pattern("/a", "GET"), pattern("/a")),
        (pattern("/a", "GET"), pattern("/a", "POST")),
        (pattern("/a", host="h.example"), pattern("/a", host="*.example")),
        (pattern("/a", headers={"X": "1"}), pattern("/a", headers={"X": "2"})),
        (pattern("/a", headers={"X": "1"}), pattern("/a", query={"x": "1"})),
        (pattern("/a", headers={"X": "1"}), pattern("/a", headers={"X": ABSENT})),
        (pattern("/a", headers={"X": "3"}), pattern("/a", headers={"X": regex("[12]")})),
        (pattern("/a", headers={"X": THERE}), pattern("/a", headers={"X": ABSENT})),
        (pattern("/a", headers={"X": regex("a")}), pattern("/a", headers={"X": ABSENT})),
        (pattern("/a", headers={"X": regex("a")}), pattern("/a", headers={"X": regex("b")})),
        (pattern("/a", query={"p": "1"}, php=True), pattern("/a", query={"p": "2"})),
        (pattern("/a", query={"p": "1", "q": "1"}), pattern("/a", query={"p": "2", "r": "1"})),
    ],
)
def test_no_tie(one: Pattern, other: Pattern) -> None:
    assert ties(one, other) == []
    assert ties(other, one) == []


def test_two_patterns_of_one_route_do_not_tie() -> None:
    assert find_ties([(pattern("/a"), "a"), (pattern("/a"), "a")]) == []


def test_every_route_that_ties_is_named_once() -> None:
    assert ties(*[pattern("/a")] * 4) == [("a", "b"), ("a", "c"), ("a", "d")]


def test_two_halves_hide_a_whole() -> None:
    with_x, without_x = pattern("/a", headers={"X": THERE}), pattern("/a", headers={"X": ABSENT})
    assert shadowed(pattern("/a"), with_x, without_x) == [("a", ("b", "c"))]
    assert shadowed(without_x, with_x, pattern("/a")) == [("c", ("a", "b"))]
    assert shadowed(pattern("/a", query={"p": "1"}), with_x, without_x) == [("a", ("b", "c"))]
    assert shadowed(pattern("/b"), with_x, without_x) == []
    assert shadowed(pattern("/a"), with_x) == []


def test_a_half_may_be_halved_again() -> None:
    parts = [
        pattern("/a", headers={"X": THERE}),
        pattern("/a", headers={"X": ABSENT, "Y": THERE}),
        pattern("/a", headers={"X": ABSENT, "Y": ABSENT}),
    ]
    assert shadowed(pattern("/a"), *parts) == [("a", ("b", "c", "d"))]
    assert shadowed(pattern("/a"), *parts[:2]) == []


def test_halves_hide_only_what_they_cover() -> None:
    def halves(methods: str = "", query: Wanted | None = None) -> list[Pattern]:
        return [pattern("/a", methods, headers={"X": x}, query=query) for x in (THERE, ABSENT)]

    hidden = [("a", ("b", "c"))]
    assert shadowed(pattern("/a", "GET"), *halves("GET POST")) == hidden
    assert shadowed(pattern("/a", "GET PUT"), *halves("GET POST")) == []
    assert shadowed(pattern("/a"), *halves("GET")) == []
    assert shadowed(pattern("/a", "GET"), *halves()) == []
    assert shadowed(pattern("/a", query={"p": "1"}), *halves(query={"p": "1"})) == hidden
    assert shadowed(pattern("/a", query={"p": "1"}), *halves(query={"p": THERE})) == hidden
    assert shadowed(pattern("/a", query={"p": regex("1")}), *halves(query={"p": regex("1")})) == hidden
    assert shadowed(pattern("/a", query={"p": regex("1")}), *halves(query={"p": THERE})) == hidden
    assert shadowed(pattern("/a", query={"p": THERE}), *halves(query={"p": THERE})) == hidden
    assert shadowed(pattern("/a", query={"p": "1"}), *halves(query={"p": "2"})) == []
    assert shadowed(pattern("/a", query={"p": THERE}), *halves(query={"p": regex("1")})) == []
    assert shadowed(pattern("/a", query={"p": regex("1")}), *halves(query={"p": regex("2")})) == []
    assert shadowed(pattern("/a"), *halves(query={"p": "2"})) == []
    assert shadowed(pattern("/a", headers={"X": "1"}), *halves(query={"p": "2"})) == []


def actions(count: int) -> list[tuple[Pattern, int]]:
    return [
        (pattern("/pay.php", query={"action": f"a{n}"}, headers={"X-Session": THERE}, php=True), n)
        for n in range(count)
    ]


@pytest.mark.parametrize("find", [find_ties, find_shadowed])
def test_routes_of_one_path_are_not_compared_with_each_other(find: Callable[[object], object]) -> None:
    few, many = actions(50), actions(200)
    assert work(lambda: find(many)) < 5 * work(lambda: find(few))


def test_ten_thousand_routes() -> None:
    routes = actions(10_000)
    assert find_ties(routes) == []
    assert find_shadowed(routes) == []
    twin = (routes[4321][0], -1)
    assert find_ties([*routes, twin]) == [(4321, -1)]


# --- what the checks say holds for the table ------------------------------------------------------

VALUES: list[str | Matcher | None] = [None, "1", "2", THERE, ABSENT]
ALL = [
    pattern("/a", methods, headers={"X": x} if x else {}, query={"p": p} if p else {})
    for methods, x, p in product(["", "GET", "GET POST"], VALUES, VALUES)
]
REQUESTS = [
    head(f"/a{query}", method, *fields)
    for query, method, fields in product(
        ["", "?p=1", "?p=2", "?p=3"], ["GET", "POST", "PUT"], [[], ["X: 1"], ["X: 2"], ["X: 3"]]
    )
]


@given(st.lists(st.sampled_from(ALL), unique=True, max_size=8))
def test_what_is_said_to_tie_or_to_be_hidden_is(patterns: Sequence[Pattern]) -> None:
    entries = list(zip(patterns, range(len(patterns)), strict=True))
    table = Table.build(entries)
    winners = {entry.route for entry in map(table.pick, map(Request, REQUESTS)) if isinstance(entry, Entry)}
    tied = {later for _, later in find_ties(entries)}
    hidden = {place for place, _ in find_shadowed(entries)}
    assert not hidden & winners
    if not tied:
        assert hidden | winners == set(range(len(patterns)))


@given(st.lists(st.sampled_from(ALL), unique=True, max_size=8))
def test_without_ties_the_order_in_the_file_does_not_matter(patterns: list[Pattern]) -> None:
    entries = [(each, each) for each in patterns]
    if not find_ties(entries):
        backwards = Table.build(entries[::-1])
        forwards = Table.build(entries)
        assert [forwards.match(each) for each in REQUESTS] == [backwards.match(each) for each in REQUESTS]
