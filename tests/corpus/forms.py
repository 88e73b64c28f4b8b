"""Form-urlencoded bodies."""

from urllib.parse import quote, urlencode

from fastapi import Response

from tests.support.corpus import Case


def form(name: str, php: str, python: str, *expect: str, **compare: object) -> Case:
    kind = "application/x-www-form-urlencoded"
    return Case(f"form-{name}", php, lambda: Response(python, media_type=kind), expect, compare, type=kind)


CASES = (
    form("same", "echo http_build_query(['a' => 1, 'b' => 'x y']);", urlencode({"a": 1, "b": "x y"})),
    form(
        "space", "echo http_build_query(['a' => 'x y'], '', '&', PHP_QUERY_RFC3986);", urlencode({"a": "x y"})
    ),
    form("tilde", "echo 'a=%7Ex*';", urlencode({"a": "~x*"}, quote_via=quote)),
    form("hex-case", "echo 'a=%c3%a9';", urlencode({"a": "é"})),
    form("order", "echo 'a=1&b=2';", "b=2&a=1"),
    form("repeated", "echo 'a=1&b=x&a=2';", "a=1&a=2&b=x"),
    form("repeated-order", "echo 'a=1&a=2';", "a=2&a=1", "body a order"),
    form("repeated-missing", "echo 'a=1&a=2';", "a=1", "body a missing"),
    form("changed", "echo 'a=1&b=2';", "a=1&b=3", "body b changed major"),
    form("missing", "echo 'a=1&b=2';", "a=1", "body b missing critical"),
    form("extra", "echo 'a=1';", "a=1&b=2", "body b extra minor"),
    form("empty-value", "echo 'a=&b';", "b=&a="),
    form("brackets", "echo http_build_query(['l' => [1, 2], 'm' => ['k' => 'v']]);", "l[0]=1&l[1]=2&m[k]=v"),
    form(
        "brackets-lost",
        "echo http_build_query(['l' => ['x']]);",
        "l[]=x",
        "body l[0] missing",
        "body l[] extra",
    ),
    form("number", "echo 'a=10.00';", "a=10.0", "body a changed"),
    form("number-allowed", "echo 'a=10.00';", "a=10.0", rules=[{"path": "$.a", "rule": "numeric_string"}]),
    form(
        "money",
        "echo 'amount=10.00';",
        "amount=10.01",
        "body amount changed critical",
        rules=[{"path": "$.amount", "money": True}],
    ),
    form("ignored", "echo 'a=1&t=', time();", "a=1&t=0", ignore=["$.t"]),
    form("utf8", "echo http_build_query(['a' => 'Zoë €']);", urlencode({"a": "Zoë €"})),
    form(
        "latin1",
        "echo 'a=', rawurlencode(mb_convert_encoding('Zoë', 'ISO-8859-1', 'UTF-8'));",
        urlencode({"a": "Zoë"}),
        "body a changed",
    ),
    form("line-end", 'echo "a=1\\n";', "a=1"),
)
