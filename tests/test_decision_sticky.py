"""Sticky keys: where they are read from, and which one counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.decision.cohort import belongs
from proxy.decision.sticky import first_present, parse_source
from proxy.routing.head import Head
from tests.support.routing import head

NO_PARAMS: dict[str, bytes] = {}


def key(request: Head, *sources: str, php: bool = False, **params: bytes) -> bytes | None:
    return first_present([parse_source(source, php) for source in sources], request, params)


def test_each_source() -> None:
    request = head(
        "/p/%41%2F?merchant=a+b", "GET", "X-Merchant-Id: m_1", "Cookie: a=1; PHPSESSID=abc", client="::1"
    )
    assert key(request, "header:x-merchant-ID") == b"m_1"
    assert key(request, "cookie:PHPSESSID") == b"abc"
    assert key(request, "query:merchant") == b"a b"
    assert key(request, "path:id", id=b"%41%2F") == b"A/"
    assert key(request, "client_ip") == b"::1"


def test_the_first_that_is_present_counts() -> None:
    sources = ("header:X-Merchant-Id", "cookie:PHPSESSID", "query:m", "path:id", "client_ip")
    assert key(head("/?m=q", "GET", "Cookie: PHPSESSID=c"), *sources) == b"c"
    assert key(head("/?m=q", "GET"), *sources) == b"q"
    assert key(head("/", "GET"), *sources, id=b"7") == b"7"
    assert key(head("/", "GET"), *sources) == b"192.0.2.1"
    assert key(head("/", "GET"), *sources[:-1]) is None
    assert key(head("/", client=""), "client_ip") is None


def test_an_empty_value_is_no_key() -> None:
    request = head("/?m=", "GET", "X-Merchant-Id:", "Cookie: PHPSESSID=")
    assert key(request, "header:X-Merchant-Id", "cookie:PHPSESSID", "query:m", "path:id", id=b"") is None


@pytest.mark.parametrize("php", [False, True])
def test_the_first_of_duplicated_cookies_wins(php: bool) -> None:
    assert key(head("/", "GET", "Cookie: s=first; s=last"), "cookie:s", php=php) == b"first"
    assert key(head("/", "GET", "Cookie: s=first", "Cookie: s=last"), "cookie:s", php=php) == b"first"


@given(st.lists(st.sampled_from(["a", "b", "%41"]), min_size=1), st.booleans())
def test_later_cookies_never_change_the_key(values: list[str], php: bool) -> None:
    cookies = "; ".join(f"s={value}" for value in values)
    assert key(head("/", "GET", f"Cookie: {cookies}"), "cookie:s", php=php) == key(
        head("/", "GET", f"Cookie: s={values[0]}"), "cookie:s", php=php
    )


def test_the_dialect_says_how_names_and_values_are_read() -> None:
    request = head("/?m=1&m=2", "GET", "Cookie: a.b=%41; l[]=1")
    assert key(request, "cookie:a_b", php=True) == b"A"
    assert key(request, "cookie:a_b", php=False) is None
    assert key(request, "query:m", php=True) == b"2"
    assert key(request, "query:m", php=False) == b"1"
    assert key(request, "cookie:l", php=True) is None
    assert key(request, "cookie:l[0]", php=True) == b"1"


@pytest.mark.parametrize(
    "text", ["header:x-merchant-id", "cookie:PHPSESSID", "query:a[b]", "path:payment_id", "client_ip"]
)
def test_sources_are_told_as_they_are_written(text: str) -> None:
    assert str(parse_source(text, php=True)) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "'' is not one of header:NAME, cookie:NAME"),
        ("session:x", "'session:x' is not one of"),
        ("header", "'header' is not one of"),
        ("client_ip:x", "'client_ip:x' is not one of"),
        ("cookie:", "'cookie:' lacks the name, as in 'cookie:NAME'"),
        ("header:a b", "'a b' cannot be a header's name"),
        ("query:a[]", "write its index"),
    ],
)
def test_what_is_no_source(text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_source(text, php=True)
    assert complaint in str(raised.value)


def test_one_value_is_enough_to_belong() -> None:
    members = (
        (parse_source("header:X-Merchant-Id"), frozenset((b"m_1", b"m_2"))),
        (parse_source("query:beta"), frozenset((b"1",))),
    )
    assert belongs(members, head("/", "GET", "X-Merchant-Id: m_2"), NO_PARAMS)
    assert belongs(members, head("/?beta=1", "GET", "X-Merchant-Id: m_3"), NO_PARAMS)
    assert not belongs(members, head("/?beta=2", "GET", "X-Merchant-Id: m_3"), NO_PARAMS)
    assert not belongs((), head("/"), NO_PARAMS)
