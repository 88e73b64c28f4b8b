"""Filters that are judged without the library select what the library selects."""

import jsonpath_rfc9535
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.compare.queries import locations, parse
from tests.support.compare import bodies, found

QUERIES = [
    "$[?@.a=='x']",
    "$[?@.a!='x']",
    "$.*[?@.a.b=='x']",
    "$[?@['a']['b']!='x']",
    "$..[?@.a=='x']",
    "$[?'x'==@.a]",
    "$[?@.a==@.b]",
    "$[?@.a==1]",
    "$[?@.a<'x']",
    "$[?@=='x']",
    "$[?@.a[0]=='x']",
    "$[?@.a=='x' || @.b.a!='x']",
    "$[?!(@.a=='x')]",
    "$[?@.a]",
    "$['a',?@.a=='x']",
    "$[?length(@.a)==1]",
]
leaves = st.sampled_from(["x", "y", 1, True, None])
documents = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=12,
)


@pytest.mark.parametrize("query", QUERIES)
@given(document=documents)
def test_a_filter_selects_what_the_library_selects(query: str, document: object) -> None:
    expected = [node.location for node in jsonpath_rfc9535.find(query, document)]
    assert locations(parse(query), document) == expected


@pytest.mark.parametrize("query", ["$[?@.a==0.1]", "$[?@.a<0.5]", "$[?@.a!='x' && @.a==1e-1]"])
def test_a_filter_sees_a_fraction_as_the_library_does(query: str) -> None:
    assert not found(bodies('[{"a":0.1,"b":1}]', '[{"a":0.1,"b":2}]', {"ignore": [query]}))
