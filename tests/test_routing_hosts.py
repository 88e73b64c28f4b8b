"""Host patterns and their precedence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.hosts import Hosts, host_fits, host_rank, parse_host


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("API.example.com", b"api.example.com"),
        ("example.com.", b"example.com"),
        ("*.Example.com", b"*.example.com"),
        ("localhost", b"localhost"),
        ("10.0.0.1", b"10.0.0.1"),
        ("[::1]", b"[::1]"),
    ],
)
def test_hosts(text: str, host: bytes) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "*", "*.", "a:80", "http://a", "a..b", ".a", "a*.b", "a.*.b", "a/b", "a b"]
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="is no host"):
        parse_host(text)


def test_a_host_is_written_in_ascii() -> None:
    with pytest.raises(ValueError, match="xn--"):
        parse_host("bücher.example")


def test_what_fits_comes_the_most_specific_first() -> None:
    patterns = [None, b"*.example.com", b"*.eu.example.com", b"a.eu.example.com", b"b.example.com"]
    hosts = Hosts({pattern: pattern for pattern in patterns})
    assert hosts.named
    assert hosts.fitting(b"a.eu.example.com") == (
        b"a.eu.example.com",
        b"*.eu.example.com",
        b"*.example.com",
        None,
    )
    assert hosts.fitting(b"x.y.example.com") == (b"*.example.com", None)
    assert hosts.fitting(b"example.com") == (None,)
    assert hosts.fitting(b".example.com") == (None,)
    assert hosts.fitting(b"") == (None,)
    assert list(hosts.all()) == [
        b"a.eu.example.com",
        b"b.example.com",
        b"*.eu.example.com",
        b"*.example.com",
        None,
    ]


def test_without_hosts_nothing_is_looked_up() -> None:
    hosts = Hosts({None: 1})
    assert not hosts.named
    assert hosts.everywhere == (1,)
    assert Hosts[int]({}).everywhere == ()


NAMES = st.lists(st.sampled_from(["a", "b", "example"]), min_size=1, max_size=4).map(".".join)


@given(st.lists(st.none() | NAMES | NAMES.map("*.".__add__), unique=True), NAMES)
def test_looking_up_is_the_same_as_asking_each(texts: list[str | None], name: str) -> None:
    patterns = [None if text is None else parse_host(text) for text in texts]
    expected = sorted((p for p in patterns if host_fits(p, name.encode())), key=host_rank)
    assert list(Hosts({pattern: pattern for pattern in patterns}).fitting(name.encode())) == expected
