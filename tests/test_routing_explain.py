"""The contest: who was considered, who won, and why the others lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.entry import Entry
from proxy.routing.explain import contest
from proxy.routing.head import Head
from proxy.routing.pattern import Pattern
from proxy.routing.request import TOO_LARGE, Request
from proxy.routing.table import Table
from proxy.routing.values import Present, regex
from tests.support.routing import FORM, Wanted, head, pattern


def told(request: Head, *patterns: Pattern) -> dict[int, list[str]]:
    """For each candidate, by its place in the file and in order of precedence, why it lost."""
    table = Table.build([(pattern, place) for place, pattern in enumerate(patterns)])
    return {each.route: [str(loss) for loss in each.losses] for each in contest(table, request)}


def test_a_contest() -> None:
    candidates = told(
        head("/a/b?action=list", "POST", "Host: h.example", "X-Api-Version: 1"),
        pattern("/{rest:path}"),
        pattern("/a/b", "GET"),
        pattern("/a/{x}", "POST", headers={"X-Api-Version": "2"}, query={"action": "show"}, php=True),
        pattern("/a/{x}", "POST"),
        pattern("/other"),
        pattern("/a/b", host="*.example.com"),
    )
    assert list(candidates.items()) == [
        (5, ["host is 'h.example', wanted '*.example.com'"]),
        (1, ["method POST is not in [GET]"]),
        (2, ["header x-api-version is '1', wanted '2'", "query action is 'list', wanted 'show'"]),
        (3, []),
        (0, ["less specific: segment 1 is {rest:path} where the winner has a literal"]),
    ]


@pytest.mark.parametrize(
    ("loser", "winner", "reason"),
    [
        (pattern("/a"), pattern("/a", host="h.example"), "the winner's host is exact, or longer"),
        (pattern("/{x}"), pattern("/a"), "segment 1 is {name} where the winner has a literal"),
        (pattern("/{x}"), pattern("/a", "GET"), "segment 1 is {name} where the winner has a literal"),
        (pattern("/a"), pattern("/a", "GET"), "it takes any method, the winner names this one"),
        (pattern("/a"), pattern("/a", headers={"X": "1"}), "it asks for 0 headers, the winner for 1"),
        (
            pattern("/a"),
            pattern("/a", query={"p": "1"}),
            "it asks for 0 query and form keys, the winner for 1",
        ),
    ],
)
def test_why_a_route_is_less_specific(loser: Pattern, winner: Pattern, reason: str) -> None:
    request = head("/a?p=1", "GET", "Host: h.example", "X: 1")
    assert told(request, loser, winner) == {1: [], 0: [f"less specific: {reason}"]}


def test_a_tie_is_told() -> None:
    assert told(head("/a"), pattern("/a"), pattern("/a")) == {
        0: [],
        1: ["a tie: the winner is just as specific"],
    }


def test_values_are_told_as_they_were_read() -> None:
    request = head("/a?list[]=1&empty=", "POST", f"Content-Type: {FORM}")
    asked: Wanted = {"list": "1", "none": regex("x+"), "empty": Present(False)}
    expected = [
        "query list is an array, wanted '1'",
        "query none is absent, wanted /x+/",
        "query empty is '', wanted absent",
    ]
    assert told(request, pattern("/a", query=asked, php=True)) == {0: expected}
    assert told(head("/a"), pattern("/a", host="h.example")) == {0: ["host is absent, wanted 'h.example'"]}


def test_a_form_is_part_of_the_contest() -> None:
    request = head("/a", "POST", f"Content-Type: {FORM}")
    table = Table.build([(pattern("/a", form={"action": "show"}), "show"), (pattern("/a"), "any")])
    assert [each.won for each in contest(table, request, b"action=show")] == [True, False]
    beaten, winner = contest(table, request, TOO_LARGE)
    assert winner.won
    assert [str(loss) for loss in beaten.losses] == ["form action is larger than 64 KiB, wanted 'show'"]


def test_nobody_wins_a_contest_without_candidates() -> None:
    assert told(head("*", "OPTIONS"), pattern("/{rest:path}")) == {}


HEADERS: list[Wanted] = [{}, {"X": "1"}, {"X": Present(True)}, {"X": "2", "Y": regex(".*")}]
CANDIDATES = [
    pattern(path, methods, host, headers=headers)
    for path in ("/a/b", "/a/{x}", "/{rest:path}")
    for methods in ("", "GET")
    for host in (None, "h.example", "*.example")
    for headers in HEADERS
]
REQUESTS = st.builds(
    lambda target, method, fields: head(target, method, *fields),
    st.sampled_from(["/a/b", "/a/c", "/x", "*"]),
    st.sampled_from(["GET", "POST"]),
    st.lists(st.sampled_from(["Host: h.example", "Host: g.example", "X: 1", "X: 2", "Y: 1"]), unique=True),
)


@given(st.lists(st.sampled_from(CANDIDATES), unique=True), REQUESTS)
def test_the_contest_is_won_by_who_the_table_names(patterns: list[Pattern], request: Head) -> None:
    table = Table.build([(pattern, pattern) for pattern in patterns])
    candidates = contest(table, request)
    won = [each.route for each in candidates if each.won]
    picked = table.pick(Request(request))
    assert won == ([picked.route] if isinstance(picked, Entry) else [])
    assert [each.pattern.rank for each in candidates] == sorted(each.pattern.rank for each in candidates)
