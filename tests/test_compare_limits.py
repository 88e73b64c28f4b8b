"""Bodies made to be slow are cut off with a verdict: never a crash, never a stall, never a wrong match."""

import gzip
import json
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd

from shadow.compare import Kind, Limits, Policy, Result, Verdict
from shadow.compare.policy import PolicyError
from tests.support.compare import CSV, FORM, HTML, TEXT, XML, answer, answers, bodies, found


def nested(depth: int, inner: str = "") -> str:
    return "[" * depth + inner + "]" * depth


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {after} "{f"&{name};" * 10}">' for name, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><x>&i;</x>"
)


def test_depth_that_php_can_write_is_compared() -> None:
    assert [difference.kind for difference in bodies(nested(511), nested(511, "1")).differences] == [
        Kind.EXTRA
    ]


@pytest.mark.parametrize("depth", [513, 700, 10_000, 200_000])
def test_deeper_json_on_both_sides_is_inconclusive(depth: int) -> None:
    result = bodies(nested(depth), nested(depth, "1"))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "nested deeper than 512" in result.unread


def test_deep_objects_are_inconclusive_too() -> None:
    deep = '{"a":' * 10_000 + "%s" + "}" * 10_000
    assert bodies(deep % 1, deep % 2).verdict is Verdict.INCONCLUSIVE


def test_deep_json_on_one_side_is_a_difference() -> None:
    assert found(bodies("[]", nested(10_000))) == ["$ over_limit"]


def test_deep_json_that_is_the_same_is_a_match() -> None:
    assert bodies(nested(10_000), nested(10_000)).verdict is Verdict.MATCH


def test_a_million_keys_are_inconclusive() -> None:
    keys = ",".join(f'"{number}":%d' for number in range(1_000_000)).replace("%d", "1")
    result = bodies("{" + keys + "}", "{" + keys.replace(":1", ":2") + "}", limits=Limits(decoded=1 << 30))
    assert result.unread == "the JSON has over 200000 values"


def test_differences_are_cut_off_and_still_a_mismatch() -> None:
    result = bodies(json.dumps([0] * 50), json.dumps([1] * 50), limits=Limits(differences=10))
    assert (len(result.differences), result.unread) == (10, "more than 10 differences")
    assert result.verdict is Verdict.MISMATCH


HUGE = "9" * 200_000


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        (HUGE, HUGE + ".0", []),
        (HUGE, HUGE[:-1] + "8", [Kind.CHANGED]),
        ("1e999999999", "1e999999998", [Kind.CHANGED]),
        ("1e999999999", "1.0e999999999", []),
        ("1e-999999999", "2e-999999999", []),
        ("9" * 4301, "9" * 4301 + "e0", []),
    ],
)
def test_huge_numbers_are_exact(one: str, other: str, kinds: list[Kind]) -> None:
    differences = bodies(f'{{"v":{one}}}', f'{{"v":{other}}}').differences
    assert [difference.kind for difference in differences] == kinds


@pytest.mark.parametrize(
    "rule", [{"within": 0.5}, {"instant": True}, {"rule": "numeric_string"}, {"money": True}]
)
@pytest.mark.parametrize(
    "numbers", [("1e999999999", "1e999999998"), (HUGE, HUGE[:-1] + "8"), ("1e-999999999", "1")]
)
def test_huge_numbers_do_not_stall_a_rule(rule: dict[str, object], numbers: tuple[str, str]) -> None:
    one, other = (f'{{"v":{number}}}' for number in numbers)
    assert bodies(one, other, {"rules": [{"path": "$.v", **rule}]}).verdict is Verdict.MISMATCH


def test_an_exponent_out_of_range_is_inconclusive() -> None:
    assert bodies("[1e9999999999999999999]", "[2e9999999999999999999]").verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x.dtd"> %p;]><x/>',
        '<!DOCTYPE x [<!ENTITY a "b">]><x k="&a;"/>',
    ],
)
def test_entities_are_refused(document: str) -> None:
    result = bodies(document, "<x/>", content_type=XML)
    assert found(result) == ["$ invalid_body"]
    assert "entity declarations are refused" in result.differences[0].hint
    assert found(bodies(document, document.replace("<x", "<x ", 1), content_type=XML)) == ["$ changed"]


def test_the_word_entity_in_content_is_no_declaration() -> None:
    assert (
        bodies("<x><![CDATA[<!ENTITY]]></x>", "<x>&lt;!ENTITY</x>", content_type=XML).verdict is Verdict.MATCH
    )


@pytest.mark.parametrize(("content_type", "open_tag"), [(XML, "<a>"), (HTML, "<div>")])
def test_deep_markup_is_inconclusive(content_type: str, open_tag: str) -> None:
    deep = open_tag * 10_000 + "%s" + open_tag.replace("<", "</") * 10_000
    assert bodies(deep % "x", deep % "y", content_type=content_type).verdict is Verdict.INCONCLUSIVE
    assert found(bodies(deep % "x", open_tag, content_type=content_type))[-1] in (
        "$ over_limit",
        "$ cut_body",
    )


@pytest.mark.parametrize(
    ("content_type", "part"),
    [(XML, "<a/>"), (HTML, "<p>"), (FORM, "a=1&"), (CSV, "a,b\n"), ("application/x-ndjson", "1\n")],
)
def test_bodies_of_too_many_parts_are_inconclusive(content_type: str, part: str) -> None:
    many = Limits(values=1000, differences=10)
    one, other = f"<r>{part * 3000}</r>", f"<r>{part * 3001}</r>"
    result = bodies(one, other, content_type=content_type, limits=many)
    assert result.unread or result.verdict is Verdict.MISMATCH


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": lambda body: bytes(brotli.compress(body, quality=5)),
    "zstd": zstd.compress,
}


@pytest.mark.parametrize("coding", BOMBS)
def test_decompression_bombs_are_cut_off(coding: str) -> None:
    bomb = BOMBS[coding](b" " * 50_000_000)
    packed = answer(bomb, content_encoding=coding)
    assert found(answers(packed, answer("{}"))) == ["$ over_limit"]
    other = answers(packed, answer(bomb + b"\0", content_encoding=coding))
    assert (other.verdict, other.unread) == (Verdict.INCONCLUSIVE, "the decoded body is over 8388608 bytes")


def test_catastrophic_patterns_are_linear() -> None:
    rule = {"rules": [{"path": "$.v", "pattern": "^(a+)+$"}]}
    long = json.dumps({"v": "a" * 100_000 + "!"})
    assert found(bodies(long, long, rule)) == ["$.v changed"]


def test_catastrophic_patterns_in_filters_are_linear() -> None:
    rule = {"ignore": ["$[?match(@.v, '(a+)+')]", "$[?search(@.v, '(a|a)*b')]"]}
    assert found(bodies(json.dumps([{"v": "a" * 50_000 + "!"}]), "[]", rule)) == ["$[0] missing"]


def test_filters_on_a_deep_body_are_inconclusive_at_worst() -> None:
    result = bodies(nested(500), nested(500, "1"), {"ignore": ["$..[?@.x==1]"]})
    assert result.unread or len(result.differences) == 1


def test_filters_give_up_where_the_stack_ends() -> None:
    result = bodies(nested(930), nested(930, "1"), {"ignore": ["$..[?@.x==1]"]}, limits=Limits(depth=950))
    assert result.verdict is Verdict.INCONCLUSIVE


def array_of(count: int, step: int) -> str:
    return json.dumps([{"n": number * step % 7, "m": [number % 3]} for number in range(count)])


def test_arrays_that_cannot_be_aligned_are_compared_by_position() -> None:
    """Few distinct elements, thousands of each: matching all with all would take minutes."""
    result = bodies(array_of(6000, 3), array_of(6001, 5), limits=Limits(differences=50))
    assert len(result.differences) == 50


def test_unordered_arrays_without_a_key_are_bounded() -> None:
    rule = {"rules": [{"path": "$", "unordered": True}]}
    one, other = (json.dumps([[number, shift] for number in range(3000)]) for shift in (1, 2))
    assert len(bodies(one, other, rule).differences) == 6000


def mismatch(result: Result) -> bool:
    return result.verdict is Verdict.MISMATCH


def test_long_texts_are_shown_by_their_first_differing_line() -> None:
    result = bodies("a\n" * 1000 + "b", "a\n" * 1000 + "c", content_type=TEXT)
    assert mismatch(result)
    assert (result.differences[0].primary, result.differences[0].shadow, result.differences[0].hint) == (
        "b",
        "c",
        "line 1001",
    )


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_of_very_many_parts_is_over_a_limit(coding: str) -> None:
    parts = {"gzip": gzip.compress(b""), "zstd": zstd.compress(b"")}[coding] * 1001
    result = answers(answer(parts, content_encoding=coding), answer("{}"))
    assert found(result) == ["$ over_limit"]


def test_bodies_in_a_coding_that_is_broken_on_both_sides_are_compared_as_sent() -> None:
    one, same, other = (answer(body, content_encoding="gzip") for body in ("nope", "nope", "none"))
    assert found(answers(one, same)) == []
    assert found(answers(one, other)) == ["$ changed"]


@pytest.mark.parametrize("between", [" ", "/", "='>' ", '="<" ', "<x ", '="1"', '=a" '])
def test_a_tag_of_very_many_attributes_is_over_a_limit(between: str) -> None:
    tag = "<p " + "".join(f"a{number}{between}" for number in range(5000)) + ">"
    assert found(bodies(tag, "<p>", content_type=HTML)) == ["$ over_limit"]


def test_a_long_tag_of_few_attributes_is_compared() -> None:
    one, other = (f'<img src="data:{mark * 100_000}">' for mark in "ab")
    assert found(bodies(one, other, content_type=HTML)) == ["/html/body/img/@src changed"]


def test_an_xml_element_of_very_many_attributes_is_over_a_limit() -> None:
    element = "<a " + " ".join(f'a{number}=""' for number in range(1001)) + "/>"
    assert found(bodies(element, "<a/>", content_type=XML)) == ["$ over_limit"]


def test_comments_before_html_are_not_looked_at_twice() -> None:
    comments = "<!-- a -->" * 100_000
    assert found(bodies(comments + "x", comments + "y", content_type=HTML)) == ["/html/body changed"]


def test_space_before_xml_is_not_looked_at_twice() -> None:
    space = " " * 1_000_000
    assert found(bodies(space + "<a/>", space + "<?xml version='1.0'?> <a>1</a>", content_type=XML)) == [
        "/a changed"
    ]


def test_very_many_lines_of_json_are_inconclusive() -> None:
    result = bodies("{}\n" * 300_000, "[]\n" * 300_000, content_type="application/x-ndjson")
    assert result.unread == "the body has over 200000 lines"


def test_columns_that_one_side_has_are_found_without_looking_through_all_for_each() -> None:
    one, other = (",".join(f"{mark}{number}" for number in range(50_000)) + "\n" for mark in "ab")
    assert len(bodies(one, other, content_type=CSV).differences) == Limits().differences


def test_a_query_that_selects_one_place_again_and_again_is_cut_off() -> None:
    result = bodies(nested(400), nested(400, "1"), {"ignore": ["$..*..*..*[?@.x]"]})
    assert result.unread == "a JSONPath selects too much of the body"


@pytest.mark.parametrize(
    "path",
    [
        "$[?count($[?@.x>1])>5]",
        "$[?@.a==1 && !$..b]",
        "$[?@[?$.*]]",
        "$..[?@..x]",
        "$..a[?@[?@..x]]",
        "$[?length(value($..a))>1]",
    ],
)
def test_a_filter_that_searches_the_body_for_each_element_is_refused(path: str) -> None:
    with pytest.raises(PolicyError, match="again for each element"):
        Policy.compile({"ignore": [path]})


@pytest.mark.parametrize(
    "path", ["$[?@.id==$.current.id]", "$.items[?@..x]", "$..[?@.a[?@.b]]", "$[?!@.a || match(@.b, 'c')]"]
)
def test_other_filters_are_taken(path: str) -> None:
    Policy.compile({"ignore": [path]})
