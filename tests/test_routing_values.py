"""What routes ask of values, and the names of the variables they ask for."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.routing import php, plain
from proxy.routing.php import PhpArray
from proxy.routing.values import MAX_REGEX_VALUE, Exact, Present, regex
from proxy.routing.variable import Variable, variable

ARRAY = PhpArray()


@pytest.mark.parametrize(
    ("matcher", "accepted", "refused"),
    [
        (Exact(b"show"), [b"show"], [b"Show", b"show ", b"", None, ARRAY]),
        (Exact(b""), [b""], [b" ", None, ARRAY]),
        (Present(True), [b"", b"x", ARRAY], [None]),
        (Present(False), [None], [b"", b"x", ARRAY]),
        (regex("v[12]"), [b"v1", b"v2"], [b"v3", b"xv1", b"v1x", b"v1\n", b"", None, ARRAY]),
        (
            regex(".*"),
            [b"", b"\xff", "é".encode(), b"x" * MAX_REGEX_VALUE],
            [b"x" * (MAX_REGEX_VALUE + 1), None],
        ),
        (regex("ü."), ["üé".encode(), "ü".encode() + b"\xe9"], ["ü".encode()]),
        (regex(r"\d+"), [b"12"], ["٣".encode()]),
    ],
)
def test_matchers(
    matcher: Exact | Present, accepted: list[bytes | PhpArray], refused: list[bytes | PhpArray | None]
) -> None:
    assert [value for value in accepted if not matcher.accepts(value)] == []
    assert [value for value in refused if matcher.accepts(value)] == []


def test_matchers_say_what_they_want() -> None:
    assert [str(matcher) for matcher in (Exact(b"2"), regex("v.*"), Present(True), Present(False))] == [
        "'2'",
        "/v.*/",
        "present",
        "absent",
    ]


@pytest.mark.parametrize("source", ["(", "a{2,1}", "*", "(?P<1>x)"])
def test_what_is_no_regular_expression(source: str) -> None:
    with pytest.raises(ValueError, match="is not a regular expression"):
        regex(source)


@pytest.mark.parametrize(
    "source",
    [
        "(a+)+",
        "(a|b)*",
        "(?:aa?)+",
        "((a+))+",
        "(?:(a|b)c){2,}",
        "(a+){30}",
        "(a|b){,20}",
        "(x(y*)z)*?",
        "(?#c)(a+)+",
    ],
)
def test_exponential_expressions_are_refused(source: str) -> None:
    with pytest.raises(ValueError, match="exponential"):
        regex(source)


@pytest.mark.parametrize(
    "source",
    [
        "(a+)*+",
        "(aa?+)+",
        "(a{2})+",
        r"(\d+\.){3}\d+",
        "(a|b)?",
        "v(1|2)x*",
        "[(+]+",
        "[]|]+",
        r"\(a+\)+",
        "(?#a*)x+",
        "(ab){,30}",
        "(a+){}",
        "(?P<major>v)+",
    ],
)
def test_harmless_expressions_are_not(source: str) -> None:
    assert regex(source).pattern.pattern == source


def test_a_verbose_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="verbose"):
        regex("(?x) a # ) b")


def test_plain_variables() -> None:
    found = variable("a[b]", php_dialect=False)
    assert found == Variable("a[b]", b"a[b]")
    assert found.in_query(b"a%5Bb%5D=x+y&a[b]=2&&z") == b"x y"
    assert found.in_query(b"a=1") is None


def test_php_variables() -> None:
    assert variable("a.b", php_dialect=True) == variable("a_b", php_dialect=True)
    nested = variable("a[b][0]", php_dialect=True)
    assert nested.in_query(b"a[b][]=1") == b"1"
    assert nested.in_query(b"a[b]=1") is None
    assert nested.in_query(b"a=1") is None
    assert nested.in_query(b"a[b][0][c]=1") is None
    assert variable("7", php_dialect=True).in_query(b"7=x") == b"x"


def test_cookies_of_both_dialects() -> None:
    lines = [b"a.b=%41; a_b=2", b"a.b=3"]
    assert variable("a.b", php_dialect=True).in_cookies(lines) == b"A"
    assert variable("a.b", php_dialect=False).in_cookies(lines) == b"%41"
    assert plain.parse_cookies([b"flag; a=1 ;b==;a=2"]) == {b"a": b"1", b"b": b"="}


COOKIES = st.lists(
    st.sampled_from(
        ["a=1", "a=%41 ", " a=2", "a =3", "a", "ba=4", "b=a", "a[x]=5", "a_b=6", "a.b=7", "x=a=8", ""]
    ),
    max_size=4,
).map(lambda pairs: ";".join(pairs).encode())


@given(st.lists(COOKIES, max_size=3), st.sampled_from(["a", "a_b", "b", "a[x]"]), st.booleans())
@example([b"a=1;a[x]=2"], "a", True)
@example([b"a =1;a=2"], "a", False)
@example([b"a.b=1;a_b=2"], "a_b", True)
def test_one_cookie_reads_as_all_cookies_do(lines: list[bytes], name: str, php_dialect: bool) -> None:
    cookie = variable(name, php_dialect)
    value = cookie.find((php.parse_cookies if php_dialect else plain.parse_cookies)(lines))
    assert cookie.in_cookies(lines) == (value if isinstance(value, bytes) else None)


@pytest.mark.parametrize(
    ("name", "php_dialect", "complaint"),
    [
        ("", True, "name is empty"),
        ("", False, "name is empty"),
        ("[x]", True, "PHP drops"),
        ("a" + "[x]" * 65, True, "PHP drops"),
        ("a[]", True, "write its index, as in 'a[0]'"),
    ],
)
def test_variables_that_no_request_can_set(name: str, php_dialect: bool, complaint: str) -> None:
    with pytest.raises(ValueError) as raised:
        variable(name, php_dialect)
    assert complaint in str(raised.value)
