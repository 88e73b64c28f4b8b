"""Strings: escapes, Unicode, charsets gone wrong."""

from typing import Any

from fastapi import Response

from tests.support.corpus import Case


def raw(body: bytes, content_type: str = "application/json") -> Response:
    return Response(body, headers={"content-type": content_type})


def value(value: Any) -> dict[str, Any]:
    return {"v": value}


CASES = (
    Case("str-slashes", "echo json_encode(['v' => 'http://x/y']);", lambda: value("http://x/y")),
    Case("str-umlaut", "echo json_encode(['v' => 'Zoë']);", lambda: value("Zoë")),
    Case("str-emoji", "echo json_encode(['v' => '😀']);", lambda: value("😀")),
    Case(
        "str-unescaped",
        "echo json_encode(['v' => 'é/ü'], JSON_UNESCAPED_UNICODE|JSON_UNESCAPED_SLASHES);",
        lambda: value("é/ü"),
    ),
    Case(
        "str-html-flags",
        "echo json_encode(['v' => '<a href=\"x\">&\\'</a>'], "
        "JSON_HEX_TAG|JSON_HEX_AMP|JSON_HEX_APOS|JSON_HEX_QUOT);",
        lambda: value('<a href="x">&\'</a>'),
    ),
    Case("str-control", "echo json_encode(['v' => \"a\\tb\\nc\\x01\"]);", lambda: value("a\tb\nc\x01")),
    Case(
        "str-line-separator",
        "echo json_encode(['v' => \"a\\u{2028}b\"], JSON_UNESCAPED_UNICODE);",
        lambda: value("a\u2028b"),
    ),
    Case("str-key-escapes", "echo json_encode(['Größe/cm' => 1]);", lambda: {"Größe/cm": 1}),
    Case(
        "str-signed-escapes",
        "echo json_encode(['v' => 'http://x/y']);",
        lambda: value("http://x/y"),
        ["body $ signed_bytes critical"],
        {"signed": True},
    ),
    Case("str-signed-equal", "echo json_encode(['v' => 'abc']);", lambda: value("abc"), [], {"signed": True}),
    Case(
        "str-signed-changed",
        "echo json_encode(['v' => 'abc']);",
        lambda: value("abd"),
        ["body $.v changed major"],
        {"signed": True},
    ),
    Case(
        "str-changed", "echo json_encode(['v' => 'Paid']);", lambda: value("paid"), ["body $.v changed major"]
    ),
    Case(
        "str-trailing-space",
        "echo json_encode(['v' => 'x ']);",
        lambda: value("x"),
        ["body $.v changed major"],
    ),
    Case("str-empty-null", "echo json_encode(['v' => '']);", lambda: value(None), ["body $.v type major"]),
    Case(
        "str-composed",
        "echo json_encode(['v' => \"e\\u{301}\"]);",
        lambda: value("\u00e9"),
        ["body $.v changed major"],
    ),
    Case(
        "str-no-break-space",
        "echo json_encode(['v' => \"a\\u{a0}b\"]);",
        lambda: value("a b"),
        ["body $.v changed major"],
    ),
    Case(
        "str-case",
        "echo json_encode(['v' => strtoupper('straße')]);",
        lambda: value("straße".upper()),
        ["body $.v changed major"],
    ),
    Case(
        "str-length",
        "echo json_encode(['v' => strlen('Zoë')]);",
        lambda: value(len("Zoë")),
        ["body $.v changed major"],
    ),
    Case(
        "str-mojibake",
        "echo json_encode(['v' => mb_convert_encoding('Zoë', 'UTF-8', 'ISO-8859-1')]);",
        lambda: value("Zoë"),
        ["body $.v mojibake major"],
    ),
    Case(
        "str-mojibake-windows",
        "echo json_encode(['v' => mb_convert_encoding('10 €', 'UTF-8', 'Windows-1252')]);",
        lambda: value("10 €"),
        ["body $.v mojibake major"],
    ),
    Case(
        "str-mojibake-windows-quotes",
        "echo json_encode(['v' => mb_convert_encoding('“10 €”', 'UTF-8', 'Windows-1252')]);",
        lambda: value("“10 €”"),
        ["body $.v mojibake major"],
    ),
    Case(
        "str-latin1-bytes",
        "echo '{\"v\":\"' . mb_convert_encoding('Zoë', 'ISO-8859-1', 'UTF-8') . '\"}';",
        lambda: value("Zoë"),
        ["body $ mojibake major"],
    ),
    Case(
        "str-latin1-declared",
        "echo '{\"v\":\"' . mb_convert_encoding('Zoë', 'ISO-8859-1', 'UTF-8') . '\"}';",
        lambda: value("Zoë"),
        ["header header:content-type changed"],
        type="application/json; charset=ISO-8859-1",
    ),
    Case(
        "str-utf8-declared-latin1",
        "echo json_encode(['v' => 'Zoë'], JSON_UNESCAPED_UNICODE);",
        lambda: value("Zoë"),
        ["header header:content-type changed"],
        type="application/json; charset=ISO-8859-1",
    ),
    Case(
        "str-utf8-declared-latin1-both",
        "echo json_encode(['v' => 'Zoë'], JSON_UNESCAPED_UNICODE);",
        lambda: raw('{"v":"Zoë"}'.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        ["header header:content-type changed"],
        type="application/json; charset=ISO-8859-1",
    ),
    Case(
        "str-json-as-html",
        "echo json_encode(['v' => 'Zoë'], JSON_UNESCAPED_UNICODE);",
        lambda: value("Zoë"),
        ["header header:content-type changed major"],
        type=None,
    ),
    Case(
        "str-json-as-latin1-html",
        "echo json_encode(['v' => 'Zoë'], JSON_UNESCAPED_UNICODE) . \"\\n\\n\";",
        lambda: value("Zoë"),
        ["header header:content-type changed", "header header:content-type changed"],
        type="text/html; charset=ISO-8859-1",
    ),
    Case("str-bom", 'echo "\\xEF\\xBB\\xBF" . json_encode([\'v\' => 1]) . "\\n";', lambda: value(1)),
    Case(
        "str-pretty",
        "echo json_encode(['v' => [1, ['a' => 2]]], JSON_PRETTY_PRINT);",
        lambda: value([1, {"a": 2}]),
    ),
    Case(
        "str-invalid-utf8",
        "echo json_encode(['v' => \"\\xB1\\x31\"]);",
        lambda: value("±1"),
        ["body $ empty_body critical"],
    ),
    Case(
        "str-invalid-substituted",
        "echo json_encode(['v' => \"Zo\\xEB\"], JSON_INVALID_UTF8_SUBSTITUTE);",
        lambda: value("Zoë"),
        ["body $.v changed major"],
    ),
    Case(
        "str-truncated",
        "echo json_encode(['v' => substr('Zoë', 0, 3)], JSON_INVALID_UTF8_IGNORE);",
        lambda: value("Zoë"[:3]),
        ["body $.v changed major"],
    ),
    Case("str-top-level", "echo json_encode('ok');", lambda: "ok"),
    Case(
        "str-pattern",
        "echo json_encode(['v' => 'pay_' . bin2hex(random_bytes(4))]);",
        lambda: value("pay_0a1b"),
        [],
        {"rules": [{"path": "$.v", "pattern": "^pay_[a-z0-9]+$"}]},
    ),
    Case(
        "str-pattern-null",
        "echo json_encode(['v' => 'pay_1']);",
        lambda: value(None),
        ["body $.v type major"],
        {"rules": [{"path": "$.v", "pattern": "^pay_[a-z0-9]+$"}]},
    ),
    Case(
        "str-pattern-broken",
        "echo json_encode(['v' => 'pay_1']);",
        lambda: value("PAY-1"),
        ["body $.v changed major"],
        {"rules": [{"path": "$.v", "pattern": "^pay_[a-z0-9]+$"}]},
    ),
    Case(
        "str-pattern-broken-on-both",
        "echo json_encode(['v' => 'x']);",
        lambda: value("x"),
        ["body $.v changed major"],
        {"rules": [{"path": "$.v", "pattern": "^pay_[a-z0-9]+$"}]},
    ),
)
