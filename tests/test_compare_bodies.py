"""Bodies as a whole: codings, charsets, kinds, and what is wrong with them, beyond what the corpus has."""

import gzip
import json
import zlib

import brotli
import pytest
from backports import zstd

from shadow.compare import Answer, Limits, Policy, Request, Severity, Side, Verdict, compare, explained
from shadow.compare import charsets as cs
from shadow.compare.codings import Content, decode
from shadow.compare.media import parse_parameters
from shadow.compare.model import Json, OverLimit
from shadow.compare.naming import label_at
from tests.support.compare import CSV, FORM, HTML, JSON, TEXT, XML, answer, answers, bodies, found

WORDS = b"word " * 200


@pytest.mark.parametrize(
    ("coding", "body", "fault"),
    [
        ("gzip", gzip.compress(WORDS, mtime=0)[:-9], "gzip: ends early"),
        ("gzip", b"nope", "gzip: "),
        ("br", brotli.compress(WORDS)[:-9], "br: ends early"),
        ("br", b"\xff\xff\xff\xffnope", "br: "),
        ("zstd", zstd.compress(WORDS)[:-9], "zstd: ends early"),
        ("zstd", b"nope, not zstd", "zstd: "),
        ("deflate", b"nope", "deflate: "),
        ("exi", WORDS, "the content coding exi is not known"),
    ],
)
def test_codings_that_cannot_be_undone_say_why(coding: str, body: bytes, fault: str) -> None:
    assert decode(body, [coding], 10_000).fault.startswith(fault)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_several_members_are_one_body(coding: str) -> None:
    one, other = ((gzip.compress(part), zstd.compress(part)) for part in (b"ab", b"cd"))
    index = ["gzip", "zstd"].index(coding)
    assert decode(one[index] + other[index], [coding], 10).data == b"abcd"


def test_what_follows_a_coded_body_is_nothing() -> None:
    assert decode(gzip.compress(b"ab") + b"\n", ["gzip"], 10) == Content(b"ab")
    assert decode(zlib.compress(b"ab") + b"\n", ["deflate"], 10) == Content(b"ab")


def test_the_same_bytes_in_a_coding_that_nobody_knows_are_no_match() -> None:
    result = answers(answer("{}", content_encoding="exi"), answer("{}"))
    assert found(result) == ["$ invalid_body"]


def test_a_coded_body_may_be_as_long_as_the_limit() -> None:
    for coding, packed in (
        ("gzip", gzip.compress(WORDS)),
        ("br", brotli.compress(WORDS)),
        ("zstd", zstd.compress(WORDS)),
    ):
        assert decode(packed, [coding], len(WORDS)).data == WORDS
        with pytest.raises(OverLimit):
            decode(packed, [coding], len(WORDS) - 1)


def test_an_empty_coded_body_is_empty() -> None:
    assert decode(b"", ["gzip", "br"], 10).data == b""


def test_plain_bodies_have_the_same_limit() -> None:
    result = bodies("a" * 30, "b" * 30, content_type=TEXT, limits=Limits(decoded=20))
    assert (result.verdict, result.unread) == (Verdict.INCONCLUSIVE, "the body is over 20 bytes")


def test_two_bodies_in_unknown_codings_are_compared_as_bytes() -> None:
    one, other = (answer(body, content_encoding="exi") for body in ("a", "b"))
    assert found(answers(one, other)) == ["$ changed"]


def with_completeness(body: str, complete: bool) -> Answer:
    return Answer(200, [(b"content-type", b"text/plain")], body.encode(), complete)


def test_a_connection_that_ends_early_cuts_the_body() -> None:
    whole, cut = with_completeness("abc", True), with_completeness("ab", False)
    assert found(answers(whole, cut)) == ["$ cut_body"]
    assert sorted(answers(whole, cut).failed) == ["shadow"]


def test_two_cut_bodies_cannot_be_compared() -> None:
    result = answers(with_completeness("abc", False), with_completeness("ab", False))
    assert (result.verdict, result.unread) == (Verdict.INCONCLUSIVE, "both bodies are cut")


def test_the_same_cut_on_both_sides_is_a_match() -> None:
    assert answers(with_completeness("ab", False), with_completeness("ab", False)).verdict is Verdict.MATCH


@pytest.mark.parametrize(
    ("body", "declared", "text", "charset", "contradicted"),
    [
        ("Zoë".encode(), "", "Zoë", "utf-8", ""),
        ("Zoë".encode("latin-1"), "", "Zoë", "cp1252", "utf-8"),
        ("Zoë".encode("latin-1"), "ISO-8859-1", "Zoë", "iso8859-1", ""),
        ("10 €".encode("cp1252"), "ISO-8859-1", "10 €", "iso8859-1", ""),
        ("Zoë".encode(), "latin1", "Zoë", "utf-8", "iso8859-1"),
        (b"plain", "latin1", "plain", "utf-8", ""),
        (b"\x81\x8d", "windows-1252", "\x81\x8d", "cp1252", ""),
        ("Zoë".encode("utf-16"), "", "Zoë", "utf-16", ""),
        ("Zoë".encode("utf-16-be"), "utf-16be", "Zoë", "utf-16-be", ""),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", "koi8-r", ""),
        ("日本".encode("shift_jis"), "Shift_JIS", "日本", "shift_jis", ""),
        ("Zoë".encode(), "klingon", "Zoë", "utf-8", "klingon"),
        (b"\xff\xfe\xff", "utf-8", "\ufffd", "utf-16", ""),
    ],
)
def test_charsets_are_read_as_what_the_bytes_are(
    body: bytes, declared: str, text: str, charset: str, contradicted: str
) -> None:
    decoded = cs.decode(body, declared)
    assert (decoded.text, decoded.charset, decoded.contradicted) == (text, charset, contradicted)


@pytest.mark.parametrize(
    ("one", "other", "garbled"),
    [
        ("ZoÃ«", "Zoë", True),
        ("Zoë", "ZoÃ«", True),
        ("10 â‚¬", "10 €", True),
        ("Ã«", "ë", True),
        ("Zoë", "Zoe", False),
        ("Ã", "A", False),
        ("ÂµÃ", "µ", False),
    ],
)
def test_mojibake(one: str, other: str, garbled: bool) -> None:
    assert cs.is_mojibake(one, other) is garbled
    rule = {"rules": [{"path": "$[0]", "money": True}]}
    kinds = found(bodies(json.dumps([one]), json.dumps([other]), rule))
    assert kinds == [f"$[0] {'mojibake' if garbled else 'changed'}"]


@pytest.mark.parametrize(
    ("value", "head", "parameters"),
    [
        ("text/html", "text/html", {}),
        ("text/html;", "text/html", {}),
        ("a/b; X=1 ;y = 2", "a/b", {"x": "1", "y": "2"}),
        ('a/b; q="x;y"; r="a\\"b\\\\"', "a/b", {"q": "x;y", "r": 'a"b\\'}),
        ("a/b; flag; =x", "a/b", {"flag": ""}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ("", "", {}),
    ],
)
def test_parameters(value: str, head: str, parameters: dict[str, str]) -> None:
    assert parse_parameters(value) == (head, parameters)


@pytest.mark.parametrize(
    ("types", "texts", "differences"),
    [
        (("text/html", JSON), ('{"a":1.0}', '{"a":1}'), []),
        ((JSON, "text/html"), ("1", "true"), ["$ type"]),
        (("text/html", "text/csv"), ("a,b\n1,2", "a,b\r\n1,3"), ["[0].b changed"]),
        (("text/html", XML), ("<a> <b/></a>", "<a><b/></a>"), []),
        (("", FORM), ("a=1&b=2", "b=2&a=1"), []),
        (("text/html", "text/plain"), ("OK\n", "OK"), []),
        (("text/html", "text/plain"), ("<p>OK</p>", "OK"), ["$ type"]),
        (("application/atom+xml", "application/atom+xml"), ("<a/>", "<a></a>"), []),
        (("application/hal+json", JSON), ('{"a":1.0}', '{"a":1}'), []),
        (("application/x-thing", "application/x-thing"), ("a", "b"), ["$ changed"]),
        (("application/octet-stream", "image/png"), ("{}", "x"), ["$ changed"]),
        (("text/html", JSON), ("<h1>Error</h1>", '{"a":1}'), ["$ type"]),
        (("text/plain", JSON), ("Internal Server Error", '{"a":1}'), ["$ type"]),
        ((JSON, JSON), ("Internal Server Error", '{"a":1}'), ["$ invalid_body"]),
        (("application/javascript", "text/javascript"), ("a\r\n", "a"), []),
    ],
)
def test_a_body_is_what_it_says_or_looks_like(
    types: tuple[str, str], texts: tuple[str, str], differences: list[str]
) -> None:
    result = answers(answer(texts[0], types[0]), answer(texts[1], types[1]), {"headers": []})
    assert found(result) == differences


NOTICE = "<br />\n<b>Warning</b>:  x in <b>/a.php</b> on line <b>3</b><br />\n"
FATAL = "<br />\n<b>Fatal error</b>:  Uncaught x in <b>/a.php</b> on line <b>3</b><br />\n"


@pytest.mark.parametrize(
    ("content_type", "one", "other", "differences"),
    [
        (JSON, FATAL + "{}", "{}", ["$ cut_body"]),
        (JSON, '{"a":1}' + FATAL, '{"a":2}', ["$ cut_body", "$.a changed"]),
        (JSON, FATAL + "{}", FATAL + "{}", []),
        (XML, "<a/>" + FATAL, "<a/>", ["$ cut_body"]),
        (JSON, NOTICE + "{", "{}", ["$ cut_body"]),
        (JSON, NOTICE + "x", "y", ["$ legacy_notice", "$ changed"]),
        (JSON, FATAL + "x", "y", ["$ cut_body"]),
        (JSON, NOTICE + "{}", NOTICE + '{"a":1}', ["$.a extra"]),
        (XML, FATAL + "<a>", "<a/>", ["$ cut_body"]),
        (HTML, FATAL + "<p>a</p>", "<p>a</p>", ["$ cut_body"]),
        (CSV, FATAL + "a,b", "a,b", ["$ cut_body"]),
        (CSV, NOTICE + "a,b\n1,2", "a,b\n1,2", ["$ legacy_notice"]),
        (FORM, NOTICE + "a=1", "a=1", ["$ legacy_notice"]),
        (TEXT, FATAL, "a", ["$ cut_body"]),
        (TEXT, NOTICE + "a", "a", ["$ legacy_notice"]),
        (TEXT, "it happened on line 3", "it happened on line 4", ["$ changed"]),
        (TEXT, "see <b>Notice</b>:  a in <b>/b</b> on line <b>3</b><br />\n", "see ", ["$ changed"]),
        (JSON, "", FATAL, ["$ cut_body"]),
        (TEXT, NOTICE, "", ["$ legacy_notice"]),
    ],
)
def test_what_php_prints_into_any_kind_of_body(
    content_type: str, one: str, other: str, differences: list[str]
) -> None:
    assert found(bodies(one, other, content_type=content_type)) == differences


def test_a_page_against_a_text_with_a_fatal_error() -> None:
    one, other = answer("<p>a</p>" + FATAL, HTML), answer("{}", JSON)
    assert found(answers(one, other, {"headers": []})) == ["$ cut_body"]


@pytest.mark.parametrize(
    ("content_type", "one", "other", "differences"),
    [
        (JSON, "{x", "{x\n", []),
        (JSON, '{"a":NaN}', '{"a":1}', ["$ invalid_body"]),
        (JSON, "[1]" * 2, "[" * 9000 + "]" * 9000, ["$ over_limit"]),
        (FORM, "a=%e9", "a=%C3%A9", ["a changed"]),
        (FORM, "&&a=1&", "a=1", []),
        (CSV, "1,2\n", "a,b\n1,2\n", ["[0] extra"]),
        (CSV, "", "a,b", ["$ empty_body"]),
        (CSV, "a,b\n1", "a,b\n1,2", ["[0].b extra"]),
        (CSV, "a,b\n1,2,3", "a,b\n1,2,4", ["[0].2 changed"]),
        (CSV, 'a,b\n1,"x\ny"\n', 'a,b\n1,"x\n', ["$ cut_body"]),
        (CSV, 'a,b\n1,"x', 'a,b\n1,"x\n', []),
        (CSV, 'a,b\n1,"x', 'a,b\n1,"y', ["[0].b changed"]),
        (TEXT, "a\nb", "a", ["$ changed"]),
        ("application/x-ndjson", "1\n{", "1\n2", ["$ cut_body"]),
        ("application/x-ndjson", "1\n\n2\n", "1\r\n2", []),
        (HTML, "<p>a<!-- x --> b</p>", "<p>a b</p>", []),
        (JSON, "\ufeff\ufeff{}", "{}", []),
    ],
)
def test_odd_bodies(content_type: str, one: str, other: str, differences: list[str]) -> None:
    assert found(bodies(one, other, content_type=content_type)) == differences


SCRIPT = "application/javascript"


@pytest.mark.parametrize("content_type", [SCRIPT, "text/javascript", JSON])
@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        (r'cb({"a":"x\/y"});', '/**/ cb( {"a": "x/y"} )', []),
        ("a.b[0]([1,2])", "a.b[0]([1,3]);", ["$[1] changed"]),
        ('cb({"a":1})', 'other({"a":1})', ["$ changed"]),
        ('cb({"a":1})', "cb({a:1})", ["$ changed"]),
        ('cb({"a":1}).then({"b":1})', 'cb({"a":1}).then({"b":2})', ["$ changed"]),
        (NOTICE + 'cb({"a":1})', 'cb({"a":2})', ["$ legacy_notice", "$.a changed"]),
        ("cb(1)", "cb(1.0)", ["$ changed"]),
    ],
)
def test_padded_json_is_compared_as_json(
    content_type: str, one: str, other: str, differences: list[str]
) -> None:
    assert found(bodies(one, other, content_type=content_type)) == differences


def test_a_cell_that_both_sides_leave_open_is_shown_as_it_came() -> None:
    [difference] = bodies('a,b\n1,"x', 'a,b\n1,"y', content_type=CSV).differences
    assert (difference.path, difference.primary, difference.shadow) == ("[0].b", "x", "y")


@pytest.mark.parametrize("break_", ["", "\n"])
def test_what_looks_like_a_notice_within_a_json_string_is_none(break_: str) -> None:
    text = f"<br />{break_}<b>Warning</b>:  x in <b>/a</b> on line <b>3</b><br />{break_}."
    assert found(bodies(json.dumps([text]).replace("/", "\\/"), json.dumps([text]))) == []


PAGE = "<html><body><h1>a</h1><ul><li>b</li><li>c</li></ul></body></html>"


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        (PAGE[: PAGE.index("<li>c")], ["$ cut_body"]),
        (PAGE[: PAGE.index("</ul>")], []),
        (PAGE.removesuffix("</body></html>"), []),
        (PAGE.removesuffix("</body></html>").replace("<li>b</li>", ""), ["/html/body/ul/li[1] missing"]),
        (PAGE.removesuffix("</body></html>").replace("c", "d"), ["/html/body/ul/li[2] changed"]),
        (PAGE.replace("<li>c</li>", ""), ["/html/body/ul/li[2] missing"]),
        (PAGE.removesuffix("</body></html>") + "<hr>", ["/html/body/hr extra"]),
        (PAGE.replace("</ul>", "</ul><hr>"), ["/html/body/hr extra"]),
    ],
)
def test_a_page_is_cut_that_lacks_its_end_tag_and_what_stands_last(
    other: str, differences: list[str]
) -> None:
    assert found(bodies(PAGE, other, content_type=HTML)) == differences
    swapped = {"missing": "extra", "extra": "missing"}
    expected = [f"{at} {swapped.get(kind, kind)}" for at, kind in map(str.split, differences)]
    assert found(bodies(other, PAGE, content_type=HTML)) == expected


def test_a_fatal_error_behind_a_whole_body_is_an_error_of_that_side() -> None:
    assert bodies("{}" + FATAL, "{}").failed == {Side.PRIMARY}


def test_bytes_that_are_no_text_are_not_garbled_text() -> None:
    assert found(bodies(b"\xff\x00{}", "{}")) == ["$ invalid_body"]
    assert found(bodies(b'{"a":"\xff"}', '{"a":"\u00ff"}')) == ["$ mojibake"]


def test_a_cell_too_long_for_csv_is_inconclusive() -> None:
    assert "cannot be read" in bodies("a\n" + "x" * 200_000, "a\n" + "y" * 200_000, content_type=CSV).unread


def test_text_past_the_end_is_shown() -> None:
    difference = bodies("a\nb\nc", "a", content_type=TEXT).differences[0]
    assert (difference.primary, difference.shadow, difference.hint) == ("b\nc", "", "line 2")


@pytest.mark.parametrize(
    ("primary", "shadow", "one", "other", "differences"),
    [
        (302, 302, "", "<a>x</a>", ["$ extra"]),
        (500, 500, "x", "", ["$ missing"]),
        (204, 200, "", "x", ["status changed", "$ extra"]),
        (200, 204, "", "x", ["status changed", "$ empty_body"]),
    ],
)
def test_an_empty_body_is_a_failure_only_where_content_is_promised(
    primary: int, shadow: int, one: str, other: str, differences: list[str]
) -> None:
    assert found(answers(answer(one, TEXT, primary), answer(other, TEXT, shadow))) == differences


@pytest.mark.parametrize(
    ("one", "other", "preset"),
    [
        ('{"a":{}}', '{"a":[]}', "empty_map"),
        ('{"a":["x"]}', '{"a":{"3":"x"}}', "sparse_list"),
        ('{"a":true}', '{"a":"1"}', "php_bool"),
        ('{"a":10}', '{"a":"10.0"}', "numeric_string"),
        ('[{"v":[1,2]},{"v":[3]}]', '[{"v":[9]},{"v":["1",2]},{"v":[3]}]', "numeric_string"),
    ],
)
def test_presets_hold_whichever_side_is_php(one: str, other: str, preset: str) -> None:
    there, back = (bodies(*pair, {"presets": [preset]}) for pair in ((one, other), (other, one)))
    assert len(there.differences) == len(back.differences) <= 1
    assert there.normalised == back.normalised


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2026-01-02T03:04:05Z", "Fri, 02 Jan 2026 03:04:05 GMT", True),
        ("2026-01-02 03:04:05+0530", "2026-01-01T21:34:05Z", True),
        ("1767323045", 1767323045, True),
        ("1767323045.2500", "2026-01-02T03:04:05.25Z", True),
        ("1767323045.2500", "2026-01-02T03:04:05Z", False),
        ("2026-01-02 04:04:05 CET", "2026-01-02T03:04:05z", True),
        ("2026-01-02 04:04:05 CET", "2026-01-02T04:04:05Z", False),
        ("2026-01-02 03:04:05 XYZ", "2026-01-02T03:04:05Z", False),
        (1767323045678, "2026-01-02T03:04:05.678Z", True),
        (
            {"date": "2026-01-02 03:04:05.000000", "timezone_type": 2, "timezone": "EST"},
            "2026-01-02T08:04:05Z",
            True,
        ),
        (
            {"date": "2026-01-02 03:04:05", "timezone_type": 3, "timezone": "Nowhere/Land"},
            "2026-01-02T03:04:05Z",
            False,
        ),
        ("20260102030405", "2026-01-02T03:04:05Z", True),
        ("20260102T040405+0100", "2026-01-02T03:04:05Z", True),
        ("20260102030406", "2026-01-02T03:04:05Z", False),
        ({"date": "2026-01-02 03:04:05"}, "2026-01-02T03:04:05Z", False),
        ("2026-13-45 03:04:05", "2026-01-02T03:04:05Z", False),
        ("2026-01-02T03:04:05+99:99", "2026-01-02T03:04:05Z", False),
        (
            {"date": "2026-01-02 03:04:05", "timezone_type": 1, "timezone": "+xx"},
            "2026-01-02T03:04:05Z",
            False,
        ),
    ],
)
def test_instants(one: object, other: object, same: bool) -> None:
    rule = {"rules": [{"path": "$[0]", "instant": True}]}
    assert bool(bodies(json.dumps([one]), json.dumps([other]), rule).differences) is not same


@pytest.mark.parametrize(
    ("path", "one", "other", "differences"),
    [
        ("//b/text()", "<a>x<b>1</b>y</a>", "<a>x<b>2</b>y</a>", []),
        ("/a/text()", "<a>x<b/>y</a>", "<a>x<b/>z</a>", []),
        ("/a/b/following-sibling::text()", "<a><b/>y<c/></a>", "<a><b/>z<c/></a>", []),
        ("//@k", '<a k="1"/>', '<a k="2"/>', []),
        ("//@p:k", '<a xmlns:p="u" p:k="1"/>', '<a xmlns:p="u" p:k="2"/>', []),
        ("//q:a", '<a xmlns="u">1</a>', '<a xmlns="u">2</a>', ["/a changed"]),
        ("//namespace::*", "<a>1</a>", "<a>2</a>", ["/a changed"]),
        ("(1 + 1)", "<a>1</a>", "<a>2</a>", ["/a changed"]),
        ("(//b)[1]", "<a><b>1</b><b>1</b></a>", "<a><b>2</b><b>1</b></a>", []),
        ("//b", "<a>x<b/>y</a>", "<a>x<b>1</b>y</a>", []),
        ("//b", "<?p d?><a><?q d?><b>1</b></a>", "<?p d?><a><?q d?><b>2</b></a>", []),
    ],
)
def test_xpaths_reach_elements_attributes_and_text(
    path: str, one: str, other: str, differences: list[str]
) -> None:
    assert found(bodies(one, other, {"ignore": [path]}, XML)) == differences


def test_xpaths_on_html_with_names_that_xml_has_not() -> None:
    one, other = '<p @click="a" id="x">1</p>\x01', '<p @click="a" id="x">2</p>\x01'
    assert found(bodies(one, other, {"ignore": ["//p[@id='x']"]}, HTML)) == []


def test_a_broken_pattern_in_a_filter_matches_nothing() -> None:
    rule = {"ignore": ["$[?match(@, '(?=x)')]", "$[?search(@, 5)]"]}
    assert found(bodies('["x"]', '["y"]', rule)) == ["$[0] changed"]


def test_filters_see_huge_integers_and_survive_what_is_no_json() -> None:
    rule = {"ignore": ["$[?@.n>5].v"]}
    long = "9" * 5000
    assert found(bodies(f'[{{"n":{long},"v":1}}]', f'[{{"n":{long},"v":2}}]', rule)) == []
    assert found(bodies("", "[1]", {"ignore": ["$[?@>5]"], "presets": ["php_bool"]})) == ["$ type"]


def test_a_pattern_fits_no_container() -> None:
    rule = {"rules": [{"path": "$.a", "pattern": "."}]}
    assert found(bodies('{"a":[1]}', '{"a":[1]}', rule)) == ["$.a changed"]


def test_a_pattern_says_type_where_the_types_differ() -> None:
    rule = {"rules": [{"path": "$.a", "pattern": "^x"}]}
    assert found(bodies('{"a":"x"}', '{"a":null}', rule)) == ["$.a type"]


AMOUNT = '{"amount":{"value":1000,"currency":"EUR","parts":[{"v":1.5}]},"note":"a"}'


@pytest.mark.parametrize("path", ["$.amount", "$..amount", "$['amount']", "$[?@.currency == 'EUR']"])
def test_all_in_an_amount_is_money(path: str) -> None:
    other = AMOUNT.replace("EUR", "EUR ").replace("1.5", "1.50000000000000001").replace('"a"', '"b"')
    result = bodies(AMOUNT, other, {"rules": [{"path": path, "money": True}]})
    severities = {(entry.path, entry.money, entry.severity) for entry in result.differences}
    assert severities == {
        ("$.amount.currency", True, Severity.CRITICAL),
        ("$.amount.parts[0].v", True, Severity.CRITICAL),
        ("$.note", False, Severity.MAJOR),
    }


@pytest.mark.parametrize("path", ["//amount", "//p:amount"])
def test_all_in_an_amount_is_money_in_xml(path: str) -> None:
    one = '<a xmlns:p="u"><p:amount cur="EUR">1.00</p:amount><p:amount><v>2</v></p:amount><n>a</n></a>'
    other = one.replace("EUR", "USD").replace("<v>2", "<v>3").replace("<n>a", "<n>b")
    result = bodies(one, other, {"rules": [{"path": path, "money": True}]}, XML)
    assert {(entry.path, entry.severity) for entry in result.differences} == {
        ("/a/p:amount[1]/@cur", Severity.CRITICAL),
        ("/a/p:amount[2]/v", Severity.CRITICAL),
        ("/a/n", Severity.MAJOR),
    }


def test_money_in_an_attribute() -> None:
    rule = {"rules": [{"path": "//@v", "money": True}]}
    assert bodies('<a v="1"/>', '<a v="2"/>', rule, XML).differences[0].severity is Severity.CRITICAL


def test_a_pattern_is_checked_where_both_sides_are_equal() -> None:
    rule = {"rules": [{"path": "$.l[*]", "pattern": "^[a-z]$"}]}
    assert found(bodies('{"l":["a","B"]}', '{"l": ["a","B"]}', rule)) == ["$.l[1] changed"]


def test_a_flag_explains_itself() -> None:
    difference = bodies("{", "{}").differences[0]
    assert explained(difference) == difference.hint != ""
    status = answers(answer("{}"), answer("{}", status=500)).differences[0]
    assert explained(status) == ""


def test_equal_rules_on_lists_within_lists() -> None:
    rule = {"ignore": ["$[*][*].t"]}
    assert found(bodies('[[{"t":1,"v":1}]]', '[[{"t":9,"v":0}],[{"t":2,"v":1}]]', rule)) == ["$[0] extra"]


def test_the_walk_gives_up_on_recursion_it_does_not_control(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("shadow.compare.contents.compare", endless)
    result = compare(Request("GET", b"/"), answer("1"), answer("2"), Policy.compile())
    assert (result.verdict, result.unread) == (
        Verdict.INCONCLUSIVE,
        "the bodies are nested too deep to be compared",
    )


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("<a>1</a><b>2</b><c>3</c>", "<b>2</b><a>1</a><c>4</c>", ["/o order", "/o/c changed"]),
        ("<a>1</a><b>2</b>", "<b>2</b><a>1</a><c/>", ["/o order", "/o/c extra"]),
        ("<a>1</a><b>2</b>", "<c>2</c><a>1</a>", ["/o/b missing", "/o/c extra"]),
        ('<i id="1">1</i><i id="2"/>', '<i id="2"/><i id="1">2</i>', ["/o order", "/o/i[1] changed"]),
        ("<i>1</i><i>2</i>", "<i>2</i><i>1</i>", ["/o order"]),
        ("x<a/>y<b/>", "y<b/>x<a/>", ["/o order"]),
    ],
)
def test_elements_in_another_order_are_compared(one: str, other: str, differences: list[str]) -> None:
    assert found(bodies(f"<o>{one}</o>", f"<o>{other}</o>", None, XML)) == differences


def test_a_rule_reaches_elements_in_another_order() -> None:
    one, other = "<o><a><p>1</p></a><b><p>2</p></b></o>", "<o><b><p>3</p></b><a><p>1</p></a></o>"
    rule = {"rules": [{"path": "//p", "money": True}]}
    assert found(bodies(one, other, rule, XML)) == ["/o order", "/o/b/p changed"]


UNORDERED = {"rules": [{"path": "/o", "unordered": True, "key": "id"}]}


@pytest.mark.parametrize(
    ("one", "other", "differences"),
    [
        ("<i>1</i><i>2</i>", "<i>2</i><i>1</i>", []),
        ('<i id="1">a</i><i id="2">b</i>', '<i id="2">b</i><i id="1">x</i>', ["/o/i[1] changed"]),
        ("<i><id>1</id></i><i><id>2</id></i>", "<i><id>2</id></i>", ["/o/i[1] missing"]),
        ('<i id="1">a</i>', '<i id="2">a</i>', ["/o/i missing", "/o/i extra"]),
        ("<i>1</i><k/>", "<k/><i>2</i>", ["/o/i changed"]),
        ("<i>1</i><i>1</i>", "<i>1</i><i>1</i><i>3</i>", ["/o/i[3] extra"]),
        ('<i id="1">a</i><i id="1">b</i>', '<i id="1">b</i><i id="1">a</i>', []),
        ('<i id="1">a</i><i id="1">b</i>', '<i id="1">b</i><i id="1">c</i>', ["/o/i[1] changed"]),
    ],
)
def test_elements_can_be_unordered(one: str, other: str, differences: list[str]) -> None:
    assert found(bodies(f"<o>{one}</o>", f"<o>{other}</o>", UNORDERED, XML)) == differences


@pytest.mark.parametrize(
    ("one", "other", "rule", "same"),
    [
        ("0.3334", "0.3333", {"within": 0.001}, True),
        ("0.335", "0.333", {"within": 0.001}, False),
        ("x", "y", {"within": 1}, False),
        ("1", "true", {"rule": "php_bool"}, True),
        ("", "False", {"rule": "php_bool"}, True),
        ("1", "false", {"rule": "php_bool"}, False),
    ],
)
def test_rules_for_values_hold_in_formats_where_all_is_text(
    one: str, other: str, rule: dict[str, object], same: bool
) -> None:
    rules = {"rules": [{"path": "$[*].v", **rule}]}
    result = bodies(f"id,v\n1,{one}\n", f"id,v\n1,{other}\n", rules, CSV)
    assert (result.verdict is Verdict.MATCH) is same


def test_unordered_elements_without_a_key_among_text() -> None:
    rule = {"rules": [{"path": "/o", "unordered": True}]}
    one, other = "<o>x<a>1</a><b/>y</o>", "<o><b/>z<a>1</a>x</o>"
    assert found(bodies(one, other, rule, XML)) == ["/o/text()[2] changed"]


@pytest.mark.parametrize("content_type", [FORM, CSV, XML, HTML])
def test_one_body_over_a_limit_is_a_difference(content_type: str) -> None:
    few, many = "<a/>", "<a>" + "&a=1,\n<b/>" * 80 + "</a>"
    limits = Limits(values=30, depth=5)
    assert found(bodies(few, many, None, content_type, limits))[-1] in (
        "$ over_limit",
        "$ invalid_body",
        "$ type",
    )
    assert found(bodies("a", "a" * 300_000, None, CSV, limits)) == ["$ over_limit"]


def test_the_same_bytes_under_a_pattern_are_the_same_bytes() -> None:
    rule = {"rules": [{"path": "$.a", "pattern": "x"}]}
    assert bodies("\x01", "\x01", rule, "image/png").verdict is Verdict.MATCH


def test_containers_that_no_preset_bridges_differ() -> None:
    presets = {"presets": ["empty_map", "sparse_list"]}
    assert found(bodies('{"a":[1]}', '{"a":{"x":1}}', presets)) == ["$.a type"]


@pytest.mark.parametrize(
    ("document", "keys", "label"),
    [
        ([{"name": "cvv", "value": 1}], [0, "value"], "cvv"),
        ([{"name": "cvv", "value": 1}], [0, "other"], ""),
        ([{"name": 5, "value": 1}], [0, "value"], ""),
        ([], [3, "value"], ""),
        ({"a": 1}, ["a", "b", "value"], ""),
        (1, [], ""),
    ],
)
def test_names_beside_a_value(document: Json, keys: list[str | int], label: str) -> None:
    assert label_at(document, keys) == label


def test_multipart_boundaries_are_no_content() -> None:
    one, other = (
        answer(f"--{mark}\r\n\r\nx\r\n--{mark}--", f"multipart/mixed; boundary={mark}") for mark in ("a", "b")
    )
    assert answers(one, other).differences == ()
    changed = answer("--b\r\n\r\ny\r\n--b--", "multipart/mixed; boundary=b")
    assert found(answers(one, changed)) == ["$ changed"]
