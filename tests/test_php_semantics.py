"""PHP's reading of queries, forms and cookies, held against the PHP that is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.routing import php
from proxy.routing.request import Request
from tests.support.routing import FORM, PhpParser, PhpServer, head, listed, php_parser, php_server


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhpParser]:
    with php_parser(tmp_path_factory.mktemp("php")) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PhpServer]:
    with php_server(Path(tmp_path_factory.mktemp("php"))) as running:
        yield running


def plain(array: php.Value) -> object:
    """Ours as ordinary dictionaries, for expectations that can be read."""
    return {key: plain(value) for key, value in array.items()} if isinstance(array, php.PhpArray) else array


# What a reader should know, and what PHP says to it.
QUERIES: dict[bytes, dict[object, object]] = {
    b"a=1&b=2": {b"a": b"1", b"b": b"2"},
    b"f=1&f=2": {b"f": b"2"},
    b"a[]=1&a[]=2": {b"a": {0: b"1", 1: b"2"}},
    b"a[x][y]=1&a[x][]=2": {b"a": {b"x": {b"y": b"1", 0: b"2"}}},
    b"b.c=1&d%20e=2&g+h=3&j[x=4": {b"b_c": b"1", b"d_e": b"2", b"g_h": b"3", b"j_x": b"4"},
    b"a=1&a[b]=2&a[]=3": {b"a": {b"b": b"2", 0: b"3"}},
    b"a[b]=1&a=2": {b"a": b"2"},
    b"a=x+y%2Bz%zz": {b"a": b"x y+z%zz"},
    b"a%5Bb%5D=1": {b"a": {b"b": b"1"}},
    b"a&b=&=c&&": {b"a": b"", b"b": b""},
    b" +a=1": {b"a": b"1"},
    b"a%00b=1%002": {b"a": b"1\x002"},
    b"a[ ]=1&a[  ]=2&a[%0a]=3": {b"a": {0: b"1", b"  ": b"2", 1: b"3"}},
    b"a[7]=1&a[]=2&a[07]=3&a[-3]=4": {b"a": {7: b"1", 8: b"2", b"07": b"3", -3: b"4"}},
    b"a[9223372036854775807]=1&a[]=2&a[][x]=3": {b"a": {9223372036854775807: b"1"}},
    b"5=x&-0=y": {5: b"x", b"-0": b"y"},
    b"a[b]c=1&a[d][e=2": {b"a": {b"b": b"1", b"d": b"2"}},
    b"a]=1&[b]=2&a[[c]=3": {b"a]": b"1", b"a": {b"[c": b"3"}},
    b"j[x.y[z=1": {b"j_x_y_z": b"1"},
    b"..Host-x=1&__Host-y=2&a[__Secure-z]=3": {b"__Host-y": b"2", b"a": {}},
    b"caf%C3%A9=%e9": {"café".encode(): b"\xe9"},
    b"": {},
}


@pytest.mark.parametrize("query", QUERIES)
def test_query(query: bytes, parser: PhpParser) -> None:
    assert plain(php.parse_query(query)) == QUERIES[query]
    assert listed(php.parse_query(query)) == listed(parser.parse_str(query))


TOKENS = st.sampled_from(
    b"a b [ ] [] . + = & 0 1 -5 % %zz %20 %00 %0a %5B %5d %26 %3d _ a= a[ a[]= &a=1 a[x][ ]=1& __Host- "
    b"__Secure- \xc3\xa9 \xe9 %e9 9223372036854775807 -9223372036854775808 9223372036854775808".split()
)
TEXTS = st.lists(TOKENS | st.sampled_from([b" ", b"\n"]), max_size=16).map(b"".join)


@given(TEXTS)
def test_any_query_reads_as_php_reads_it(parser: PhpParser, query: bytes) -> None:
    assert listed(php.parse_query(query)) == listed(parser.parse_str(query))


@pytest.mark.parametrize("depth", [63, 64, 65, 66])
@pytest.mark.parametrize("tail", [b"", b"[", b"[]", b"[__Host-x]", b"y"])
def test_nesting_beyond_the_limit_drops_the_whole_variable(
    parser: PhpParser, depth: int, tail: bytes
) -> None:
    for base in (b"a", b"0"):
        query = base + b"[q]=1&" + base + b"[x]" * depth + tail + b"=2&b=3"
        assert listed(php.parse_query(query)) == listed(parser.parse_str(query))


@pytest.mark.parametrize("separator", [b"&", b"&&"])
def test_a_query_of_too_many_variables_is_cut(parser: PhpParser, separator: bytes) -> None:
    query = separator.join(b"v%d=%d" % (number, number) for number in range(1200))
    assert len(php.parse_query(query)) == 1000
    assert listed(php.parse_query(query)) == listed(parser.parse_str(query))


def posted(server: PhpServer, body: bytes, method: str = "POST", content_type: str = FORM) -> php.PhpArray:
    return server.superglobals(method, headers=[("Content-Type", content_type.encode())], body=body)[1]


@given(TEXTS)
@example(b"a[]=1&a[]=2&b.c=3&d=x+y&d=z")
@settings(deadline=None)
def test_any_form_reads_as_php_reads_it(server: PhpServer, body: bytes) -> None:
    assert listed(php.parse_form(body)) == listed(posted(server, body))


@pytest.mark.parametrize("separator", [b"&", b"&&"])
def test_a_form_of_too_many_variables_is_cut_one_later(server: PhpServer, separator: bytes) -> None:
    body = separator.join(b"v%d=%d" % (number, number) for number in range(1200))
    assert listed(php.parse_form(body)) == listed(posted(server, body))
    assert len(php.parse_form(body)) == (1001 if separator == b"&" else 501)


COOKIES: dict[bytes, dict[object, object]] = {
    b"a=1; a=2": {b"a": b"1"},
    b"a.b=1; a_b=2": {b"a_b": b"1"},
    b"a=x+y%20z": {b"a": b"x+y z"},
    b"a%20b=1; c d=2": {b"a%20b": b"1", b"c_d": b"2"},
    b"a[]=1; a[]=2; a=3": {b"a": {0: b"1", 1: b"2"}},
    b"a=1; a[b]=2": {b"a": {b"b": b"2"}},
    b"a=1;b=2;; =3; c; \t d=4": {b"a": b"1", b"b": b"2", b"c": b"", b"d": b"4"},
    b'a="x y"; b==': {b"a": b'"x y"', b"b": b"="},
    b"..Host-a=1; __Host-b=2": {b"__Host-b": b"2"},
}


@pytest.mark.parametrize("line", COOKIES)
def test_cookies(line: bytes, server: PhpServer) -> None:
    assert plain(php.parse_cookies([line])) == COOKIES[line]
    assert listed(php.parse_cookies([line])) == listed(server.superglobals(headers=[("Cookie", line)])[2])


COOKIE_TOKENS = st.sampled_from(
    b"a b [ ] [] . = ; 0 1 % %zz %20 %5B _ a= a[ a[]= ;a=1 a[x][ ]=1; + __Host- \xe9".split()
)


@given(st.lists(COOKIE_TOKENS | st.just(b" "), max_size=12).map(b"".join))
@settings(deadline=None)
def test_any_cookie_reads_as_php_reads_it(server: PhpServer, line: bytes) -> None:
    line = line.strip()
    assert listed(php.parse_cookies([line])) == listed(server.superglobals(headers=[("Cookie", line)])[2])


def test_too_many_cookies_are_cut(server: PhpServer) -> None:
    line = b"; ".join(b"v%d=%d" % (number, number) for number in range(1100))
    told = server.superglobals(headers=[("Cookie", line)])[2]
    assert listed(php.parse_cookies([line])) == listed(told)
    assert len(told) == 1000


def test_several_cookie_lines_are_one() -> None:
    assert plain(php.parse_cookies([b"a=1; b=2", b"a=3; c=4"])) == {b"a": b"1", b"b": b"2", b"c": b"4"}


@pytest.mark.parametrize(
    ("method", "content_type", "read"),
    [
        ("POST", FORM, True),
        ("POST", "APPLICATION/x-www-form-urlencoded; charset=utf-8", True),
        ("POST", FORM + ",x", True),
        ("POST", FORM + " x", True),
        ("POST", FORM + "x", False),
        ("POST", "application/json", False),
        ("POST", "multipart/form-data; boundary=x", False),
        ("PUT", FORM, False),
        ("PATCH", FORM, False),
        ("DELETE", FORM, False),
    ],
)
def test_which_requests_carry_a_form(server: PhpServer, method: str, content_type: str, read: bool) -> None:
    request = Request(head("/", method, f"Content-Type: {content_type}"), b"a=1")
    assert bool(posted(server, b"a=1", method, content_type)) is read
    assert request.form(php=True) == ({b"a": b"1"} if read else {})
