"""Reading `shadow.compare`: what it accepts, and what it says of what it does not."""

from collections.abc import Mapping

import pytest

from shadow.compare import Difference, Policy
from shadow.compare.policy import PolicyError
from tests.support.compare import XML, answer, answers, bodies, found


def problems(compare: Mapping[str, object]) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        Policy.compile(compare)
    return dict(caught.value.problems)


@pytest.mark.parametrize(
    ("compare", "key", "says"),
    [
        ({"statsu": True}, "statsu", "did you mean status?"),
        ({"status": "yes"}, "status", "true or false"),
        ({"signed": 1}, "signed", "true or false"),
        ({"headers": "etag"}, "headers", "list of header names"),
        ({"headers": ["a b"]}, "headers", "'a b' is no header name"),
        ({"presets": ["numeric"]}, "presets[0]", "did you mean numeric_string?"),
        ({"presets": "php"}, "presets", "is a list"),
        ({"ignore": ["id"]}, "ignore[0]", "write a JSONPath ($.a.b) or an XPath (//a/b)"),
        ({"ignore": ["$.a", "$["]}, "ignore[1]", "no JSONPath (RFC 9535)"),
        ({"ignore": ["//a["]}, "ignore[0]", "no XPath 1.0"),
        ({"ignore": ["header:"]}, "ignore[0]", "no header name"),
        ({"ignore": [7]}, "ignore[0]", "not 7"),
        ({"rules": [{"money": True}]}, "rules[0]", "a mapping with a path"),
        ({"rules": ["$.a"]}, "rules[0]", "a mapping with a path"),
        ({"rules": [{"path": "$.a"}]}, "rules[0]", "says nothing"),
        ({"rules": [{"path": "$.a", "mony": True}]}, "rules[0].mony", "did you mean money?"),
        ({"rules": [{"path": "$.a", "money": "yes"}]}, "rules[0].money", "true or false"),
        ({"rules": [{"path": "$.a", "within": "wide"}]}, "rules[0].within", "is a number"),
        ({"rules": [{"path": "$.a", "within": -1}]}, "rules[0].within", "from 0 on"),
        ({"rules": [{"path": "$.a", "within": True}]}, "rules[0].within", "is a number"),
        ({"rules": [{"path": "$.a", "instant": {"zone": "Berlin"}}]}, "rules[0].instant", "no time zone"),
        ({"rules": [{"path": "$.a", "instant": {"within": "2 seconds"}}]}, "rules[0].instant", "no duration"),
        ({"rules": [{"path": "$.a", "instant": {"tz": "UTC"}}]}, "rules[0].instant", "{zone: Europe/Berlin"),
        ({"rules": [{"path": "$.a", "pattern": "(?=x)"}]}, "rules[0].pattern", "no look-around"),
        ({"rules": [{"path": "$.a", "pattern": 5}]}, "rules[0].pattern", "in quotes"),
        ({"rules": [{"path": "$.a", "rule": "emptymap"}]}, "rules[0].rule", "did you mean empty_map?"),
        ({"rules": [{"path": "$.a", "key": "id"}]}, "rules[0].key", "add unordered: true"),
        ({"rules": [{"path": "$.a", "unordered": True, "key": 5}]}, "rules[0].key", "name of a member"),
        ({"rules": [{"path": "a", "money": True}]}, "rules[0].path", "write a JSONPath"),
        ({"rules": [{"path": "$", "map": {422: "x"}}]}, "rules[0].map", "no status code"),
        ({"rules": [{"path": "$", "map": [422, 400]}]}, "rules[0].map", "{422: 400}"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(compare: Mapping[str, object], key: str, says: str) -> None:
    assert says in problems(compare)[key]


def test_all_problems_are_reported_at_once() -> None:
    wrong = problems(
        {"status": 1, "presets": ["x"], "ignore": ["a", "$.ok"], "rules": [{"path": "$.a", "within": "x"}]}
    )
    assert list(wrong) == ["status", "presets[0]", "ignore[0]", "rules[0].within"]


def test_a_problem_reads_as_one_line() -> None:
    with pytest.raises(ValueError, match=r"^status: is true or false, not 1; ignore: is a list$"):
        Policy.compile({"status": 1, "ignore": "$.a"})


def test_nothing_said_is_the_default() -> None:
    policy = Policy.compile()
    assert policy.status and not policy.signed
    compared = ["content-type", "location", "cache-control", "set-cookie"]
    assert [name for name in (*compared, "etag", "date") if policy.compares_header(name)] == compared


def test_all_headers_are_all_but_those_that_always_differ() -> None:
    policy = Policy.compile({"headers": ["*"], "ignore": ["header:ETag"]})
    assert policy.compares_header("x-total")
    assert not any(
        map(policy.compares_header, ["etag", "date", "server", "x-powered-by", "connection", "x-request-id"])
    )


def test_a_header_that_is_named_is_compared_whatever_it_is() -> None:
    assert Policy.compile({"headers": ["Server"]}).compares_header("server")


@pytest.mark.parametrize(
    ("compare", "php", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"presets": ["php"]}, False, True),
        ({"presets": ["php_bool"]}, False, True),
    ],
)
def test_php_treatments_come_with_the_dialect_or_any_preset(
    compare: Mapping[str, object], php: bool, expected: bool
) -> None:
    assert Policy.compile(compare, php=php).php is expected


def test_a_plain_pair_knows_no_notices() -> None:
    body = "<br />\n<b>Warning</b>:  x in <b>/a.php</b> on line <b>3</b><br />\n{}"
    from_php, plain = (
        [str(difference.kind) for difference in bodies_under(php, body, "{}")] for php in (True, False)
    )
    assert (from_php, plain) == (["legacy_notice"], ["invalid_body"])


def bodies_under(php: bool, one: str, other: str) -> list[Difference]:
    return list(answers(answer(one), answer(other), php=php).differences)


def test_what_is_null_is_not_said() -> None:
    rule = {"path": "$.a", "money": True, "within": None, "pattern": None, "map": None, "key": None}
    assert bodies('{"a":1}', '{"a":2}', {"rules": [rule], "presets": None}).differences[0].money


def test_later_rules_win_and_flags_add_up() -> None:
    rules = [{"path": "$.*", "within": 1}, {"path": "$.a", "money": True}, {"path": "$.a", "within": 5}]
    differences = bodies('{"a":1,"b":1}', '{"a":4,"b":4}', {"rules": rules}).differences
    assert [(difference.path, difference.money) for difference in differences] == [("$.b", False)]
    assert bodies('{"a":1}', '{"a":9}', {"rules": rules}).differences[0].money


@pytest.mark.parametrize("loose", [{"within": 0.01}, {"pattern": "^1"}])
def test_an_amount_is_exact_whatever_was_said_before(loose: Mapping[str, object]) -> None:
    rules = [{"path": "$..*", **loose}, {"path": "$.a", "money": True}]
    one, other = (
        bodies('{"a":{"v":1.01},"b":1.01}', '{"a":{"v":1.02},"b":1.02}', {"rules": rules}).differences,
        bodies(
            "<r><a><v>1.01</v></a><b>1.01</b></r>",
            "<r><a><v>1.02</v></a><b>1.02</b></r>",
            {"rules": [{"path": "//*", **loose}, {"path": "//a", "money": True}]},
            XML,
        ).differences,
    )
    assert [(difference.path, difference.severity) for difference in (*one, *other)] == [
        ("$.a.v", "critical"),
        ("/r/a/v", "critical"),
    ]


def test_a_tolerance_of_nothing_can_take_another_one_back() -> None:
    rules = [{"path": "$.*", "within": 5}, {"path": "$.a", "within": 0}]
    assert found(bodies('{"a":1,"b":1}', '{"a":2,"b":2}', {"rules": rules})) == ["$.a changed"]
