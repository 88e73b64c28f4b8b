"""Header fields beyond the corpus: charsets, dates of cookies, resolution of Location."""

import pytest

from shadow.compare import Answer, Policy, Request, compare
from shadow.compare.fields import resolved
from tests.support.compare import HTML, answer, answers, found

DATE = "Sat, 21 Nov 2026 08:00:00 GMT"
IN_AN_HOUR = "Sat, 21 Nov 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "http://shop.example/x"),
        ("x", "http://shop.example/a/x"),
        ("../x", "http://shop.example/x"),
        ("?q=1", "http://shop.example/a/b?q=1"),
        ("//other.example/x", "http://other.example/x"),
        ("http://SHOP.example:80/a/./b/../c", "http://shop.example/a/c"),
        ("https://shop.example:443", "https://shop.example/"),
        ("https://shop.example:8443/", "https://shop.example:8443/"),
        ("/%7euser/%c3%a9", "http://shop.example/~user/%C3%A9"),
        ("/a%2fb", "http://shop.example/a%2Fb"),
        ("/a b?q=\u00c3\u00a9|{x}", "http://shop.example/a%20b?q=%C3%A9%7C%7Bx%7D"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://u:p@shop.example/", "http://u:p@shop.example/"),
        ("http://[", "http://["),
    ],
)
def test_a_location_is_resolved_against_the_request(location: str, url: str) -> None:
    assert resolved(Request("GET", b"/a/b?c=d", "http", b"shop.example"), location) == url


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("c=1; Expires=" + IN_AN_HOUR, "c=1; Max-Age=3600", []),
        ("c=1; Expires=" + IN_AN_HOUR, "c=1; Max-Age=3603", []),
        ("c=1; Expires=" + IN_AN_HOUR, "c=1; Max-Age=3700", ["changed"]),
        ("c=1; Expires=Thu, 01-Jan-1970 00:00:01 GMT", "c=; Max-Age=0", []),
        ("c=1; Max-Age=0", 'c=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0', []),
        ("c=1; Max-Age=-5", "c=1; Max-Age=0", []),
        ("c=1; Max-Age=0", "c=1", ["changed"]),
        ("c=1; Max-Age=--5", "c=1", []),
        ("c=1; Max-Age=" + "9" * 400, "c=1; Max-Age=" + "9" * 401, []),
        ("c=1; Expires=never", "c=2", []),
        ("c=1; secure; HTTPONLY", "c=1; HttpOnly; Secure", []),
        ("c=1; Secure=1", "c=1; Secure", []),
        ("c=1; Domain=.Shop.example", "c=1; domain=shop.example", []),
        ("c=1; SameSite=None", "c=1; SameSite=none", []),
        ("c=1; Path=/", "c=1; Path=/a", ["changed"]),
        ("c=1; Partitioned", "c=1", ["changed"]),
        ("c=1; ; Path=/;", "c=1; Path=/", []),
        ("c=1", "C=1", ["missing", "extra"]),
        ("c", "c=", []),
    ],
)
def test_cookies_differ_by_name_and_attributes(one: str, other: str, differences: list[str]) -> None:
    result = answers(answer("{}", set_cookie=one, date=DATE), answer("{}", set_cookie=other, date=DATE))
    assert found(result) == [f"header:set-cookie {kind}" for kind in differences]


def test_without_a_date_only_deletions_are_told_from_other_expiries() -> None:
    later, past = "c=1; Expires=" + IN_AN_HOUR, "c=1; Expires=Thu, 01 Jan 1970 00:00:01 GMT"
    assert found(answers(answer("{}", set_cookie=later), answer("{}", set_cookie="c=1; Max-Age=9"))) == []
    assert found(answers(answer("{}", set_cookie=later), answer("{}", set_cookie=past))) == [
        "header:set-cookie changed"
    ]


def test_one_name_for_two_paths_is_two_cookies() -> None:
    def with_cookies(*lines: bytes) -> Answer:
        return Answer(200, [(b"Set-Cookie", line) for line in lines], b"")

    both = with_cookies(b"c=1; Path=/", b"c=2; Path=/a")
    assert found(answers(both, with_cookies(b"c=1; Path=/"))) == ["header:set-cookie missing"]
    assert found(answers(both, both)) == []


def test_a_cookie_difference_says_what() -> None:
    result = answers(answer("{}", set_cookie="c=1; Secure"), answer("{}", set_cookie="c=1"))
    assert (result.differences[0].primary, result.differences[0].shadow) == ("c; secure", "c")


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("text/html; charset=utf-8", "TEXT/HTML;charset=UTF8", 0),
        ("text/html; charset=utf-8", 'text/html; charset="utf-8"', 0),
        ("text/html; charset=iso-8859-1", "text/html; charset=latin1", 0),
        ("text/html; charset=utf-8", "text/html", 1),
        ("text/html; charset=utf-8", "text/plain; charset=utf-8", 1),
        ("text/html; charset=utf-8", "text/plain; charset=ascii", 2),
        ("application/json", "application/json; charset=utf-8", 0),
        ("application/json", "application/json; charset=iso-8859-1", 1),
        ("application/json", "application/xml", 1),
        ("application/json; v=1", "application/json; v=2", 1),
        ("multipart/mixed; boundary=a", "multipart/mixed; boundary=b", 0),
        ("text/html; charset=klingon", "text/html; charset=Klingon", 0),
    ],
)
def test_type_and_charset_are_compared_apart(one: str, other: str, differences: int) -> None:
    assert len(answers(answer("x", one), answer("x", other)).differences) == differences


def test_fields_of_one_name_are_one_list() -> None:
    two = Answer(200, [(b"Vary", b"Accept"), (b"vary", b"Cookie")], b"")
    one = Answer(200, [(b"VARY", b"cookie,accept")], b"")
    assert found(answers(two, one, {"headers": ["vary"]})) == []


def test_a_head_request_has_no_bodies_to_compare() -> None:
    head = Request("HEAD", b"/")
    assert compare(head, answer("", HTML), answer("x", HTML), Policy.compile()).differences == ()


def test_status_and_headers_come_before_the_body() -> None:
    result = answers(answer('{"a":1}', location="/x"), answer('{"a":2}', status=404))
    assert [str(difference.where) for difference in result.differences] == ["status", "header", "body"]
