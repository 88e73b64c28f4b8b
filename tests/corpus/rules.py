"""Rules: which places they reach, and that they reach no further."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import PlainTextResponse, Response

from tests.support.corpus import Case

PHP = (
    "echo json_encode(['id' => 'a', 'generated_at' => time(), 'items' => ["
    "['id' => 1, 'updated_at' => 5, 'debug' => true], ['id' => 2, 'updated_at' => 6, 'debug' => false]]]);"
)


def answer() -> dict[str, Any]:
    items = [{"id": 1, "updated_at": 7, "debug": True}, {"id": 2, "updated_at": 8, "debug": False}]
    return {"id": "a", "generated_at": 0, "items": items}


def rule(name: str, compare: Mapping[str, object], *expect: str) -> Case:
    return Case(f"rule-{name}", PHP, answer, expect, compare)


TIME = "body $.generated_at changed"
FIRST = "body $.items[0].updated_at changed"
IGNORED = {"ignore": ["$"]}
SECOND = "body $.items[1].updated_at changed"

CASES = (
    rule("none", {}, TIME, FIRST, SECOND),
    rule("ignore-name", {"ignore": ["$.generated_at"]}, FIRST, SECOND),
    rule("ignore-quoted", {"ignore": ["$['generated_at']"]}, FIRST, SECOND),
    rule("ignore-descendants", {"ignore": ["$..updated_at"]}, TIME),
    rule("ignore-wildcard", {"ignore": ["$.items[*].updated_at", "$.generated_at"]}),
    rule("ignore-index", {"ignore": ["$.items[0].updated_at"]}, TIME, SECOND),
    rule("ignore-last", {"ignore": ["$.items[-1].updated_at"]}, TIME, FIRST),
    rule("ignore-slice", {"ignore": ["$.items[:1]"]}, TIME, SECOND),
    rule("ignore-filter", {"ignore": ["$.items[?@.id==2].updated_at"]}, TIME, FIRST),
    rule("ignore-filter-flag", {"ignore": ["$.items[?@.debug==true]"]}, TIME, SECOND),
    rule("ignore-filter-match", {"ignore": ["$[?match(@.id, 'x')]", "$..['updated_at','generated_at']"]}),
    rule("ignore-subtree", {"ignore": ["$.items", "$.generated_at"]}),
    rule("ignore-all", {"ignore": ["$"]}),
    rule("ignore-everything-below", {"ignore": ["$.*"]}),
    rule("ignore-elsewhere", {"ignore": ["$.other", "//updated_at"]}, TIME, FIRST, SECOND),
    rule(
        "money",
        {"rules": [{"path": "$.items[*].updated_at", "money": True}]},
        TIME,
        FIRST + " critical",
        SECOND + " critical",
    ),
    rule("within", {"rules": [{"path": "$..updated_at", "within": 2}]}, TIME),
    rule("within-too-little", {"rules": [{"path": "$..updated_at", "within": 1.5}]}, TIME, FIRST, SECOND),
    Case(
        "rule-ignored-inserted",
        "echo json_encode([['id' => 1, 't' => microtime()], ['id' => 2, 't' => microtime()]]);",
        lambda: [{"id": 0, "t": "x"}, {"id": 1, "t": "y"}, {"id": 2, "t": "z"}],
        ["body $[0] extra"],
        {"ignore": ["$[*].t"]},
    ),
    Case(
        "rule-ignored-missing",
        "echo json_encode(['a' => 1, 't' => 2]);",
        lambda: {"a": 1},
        [],
        {"ignore": ["$.t"]},
    ),
    Case(
        "rule-ignored-element",
        "echo json_encode([['type' => 'debug'], ['type' => 'pay', 'n' => 1]]);",
        lambda: [{"type": "pay", "n": 1}],
        [],
        {"ignore": ["$[?@.type=='debug']"]},
    ),
    Case(
        "rule-numeric-and-money",
        "echo json_encode(['v' => '10.00', 'w' => '10.01']);",
        lambda: {"v": 10.0, "w": 10.0},
        ["body $.w changed critical"],
        {"rules": [{"path": "$.*", "money": True, "rule": "numeric_string"}]},
    ),
    Case(
        "rule-several",
        "echo json_encode(['v' => [], 'w' => '']);",
        lambda: {"v": {}, "w": False},
        [],
        {"rules": [{"path": "$.*", "rule": ["empty_map", "php_bool"]}]},
    ),
    Case("text-ignored", "echo microtime();", lambda: PlainTextResponse("x"), [], IGNORED, "text/plain"),
    Case(
        "page-ignored",
        "echo '<!doctype html><p>', microtime();",
        lambda: Response("<p>x</p>", media_type="text/html"),
        [],
        IGNORED,
        None,
    ),
    Case(
        "kind-ignored",
        "echo 'done';",
        lambda: {"ok": True},
        ["header header:content-type changed"],
        IGNORED,
        "text/plain",
    ),
    Case(
        "notice-ignored",
        "echo $none, '<p>x</p>';",
        lambda: Response("<p>y</p>", media_type="text/html"),
        ["body $ legacy_notice"],
        IGNORED,
        None,
    ),
    Case(
        "pdf-ignored",
        "echo '%PDF-1.4', \"\\n\\xe2\", random_bytes(9);",
        lambda: Response(b"%PDF-1.4\n\xe2\xe4", media_type="application/pdf"),
        [],
        IGNORED,
        "application/pdf",
    ),
    Case(
        "pdf-ignored-empty",
        "",
        lambda: Response(b"%PDF-1.4\n\xe2\xe4", media_type="application/pdf"),
        ["body $ empty_body critical"],
        IGNORED,
        "application/pdf",
    ),
)
