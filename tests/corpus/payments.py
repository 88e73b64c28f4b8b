"""What a payment's answer holds: one value at a time under one rule, and whole ones under several."""

from typing import Any

from tests.support.corpus import Case

NOON = "2026-07-01T10:00:00Z"  # in Berlin


def at(place: str, **rule: object) -> dict[str, object]:
    return {"rules": [{"path": place, **rule}]}


MONEY = at("$.v", money=True)
NUMERIC = at("$.v", rule="numeric_string")
BOOLEAN = at("$.v", rule="php_bool")
INSTANT = at("$.v", instant={"zone": "Europe/Berlin"})
NEAR = at("$.v", within=0.001)


def field(name: str, php: str, python: Any, expect: str = "", rules: dict[str, object] | None = None) -> Case:
    """A single member `v`; expect: the kind, and the severity, of its difference."""
    expected = [f"body $.v {expect}"] if expect else []
    return Case(
        f"pay-{name}", f"echo json_encode(['v' => {php}]);", lambda: {"v": python}, expected, rules or {}
    )


def whole(
    name: str,
    php: str,
    python: Any,
    *expect: str,
    rules: list[dict[str, object]] | None = None,
    **compare: object,
) -> Case:
    described = {"rules": rules or [], **compare}
    return Case(f"pay-{name}", f"echo json_encode({php});", lambda: python, expect, described)


AMOUNTS = (
    field("zeros", "10.00", 10, rules=MONEY),
    field("negative-zero", "-0.0", 0, rules=MONEY),
    field("yen", "1000", 1000.0, rules=MONEY),
    field("dinar-cut", "1.234", 1.23, "changed critical", MONEY),
    field("cent-less", "19.99", 19.98, "changed critical", MONEY),
    field("cast", "(int) (19.99 * 100)", 1999, "changed critical", MONEY),
    field("float-error", "19.99 * 100", 1999, "changed critical", MONEY),
    field("rounded", "round(1.005, 2)", round(1.005, 2), "changed critical", MONEY),
    field("minor-units", "1999", 19.99, "changed critical", MONEY),
    field("minor-units-text", "1050", "10.50", "type critical", MONEY),
    field("text", "'10.00'", 10.0, "type critical", MONEY),
    field("text-digits", "'10.00'", "10.0", "changed critical", MONEY),
    field("thousands", "number_format(1234.5, 2)", "1234.50", "changed critical", MONEY),
    field("decimal-comma", "number_format(1234.5, 2, ',', '.')", "1234.50", "changed critical", MONEY),
    field("sign-lost", "-5", 5, "changed critical", MONEY),
    field("none", "null", 0, "type critical", MONEY),
    field("text-allowed", "'10.00'", 10.0, rules=at("$.v", money=True, rule="numeric_string")),
    field("text-wrong", "'10.00'", 10.01, "changed critical", at("$.v", money=True, rule="numeric_string")),
    field("near-allowed", "10.004", 10.0, rules=at("$.v", money=True, within=0.01)),
    whole(
        "lost",
        "['v' => 1, 'n' => 1]",
        {"n": 1},
        "body $.v missing critical",
        rules=[{"path": "$.v", "money": True}],
    ),
    whole(
        "new",
        "['n' => 1]",
        {"n": 1, "v": 1},
        "body $.v extra critical",
        rules=[{"path": "$.v", "money": True}],
    ),
)

NUMBERS = (
    field("number-zip", "'00123'", "123", "changed major", NUMERIC),
    field("number-plus", "'+5'", 5, "type major", NUMERIC),
    field("number-space", "' 5'", 5, "type major", NUMERIC),
    field("number-hex", "'0x1A'", 26, "type major", NUMERIC),
    field("number-separated", "'1,234.50'", 1234.5, "type major", NUMERIC),
    field("number-none", "''", 0, "type major", NUMERIC),
    field("number-true", "'1'", True, "type major", NUMERIC),
    field("number-exponent", "'1e3'", 1000, rules=NUMERIC),
    field("number-long", "'12345678901234567890'", 12345678901234567890, rules=NUMERIC),
    field("number-long-lost", "'12345678901234567891'", 12345678901234567890, "changed major", NUMERIC),
    field("near-edge", "1.000", 1.001, rules=NEAR),
    field("near-over", "1.0", 1.0011, "changed major", NEAR),
    field("near-text", "'1.0000'", "1.0005", rules=NEAR),
    field("near-text-number", "'1'", 1, "type major", NEAR),
    field("flag-on", "'on'", True, "type major", BOOLEAN),
    field("flag-zero", "'0'", False, "type major", BOOLEAN),
    field("flag-two", "2", True, "type major", BOOLEAN),
    field("flag-null", "null", False, "type major", BOOLEAN),
    field("flag-echoed", "(string) false", False, rules=BOOLEAN),
)

MOMENTS = (
    field("moment-atom", "gmdate(DATE_ATOM, 1782900000)", NOON, rules=INSTANT),
    field("moment-text-epoch", "'1782900000'", NOON, rules=INSTANT),
    field("moment-basic", "'20260701T100000Z'", NOON, rules=INSTANT),
    field("moment-space", "'2026-07-01 12:00:00'", "2026-07-01 10:00:00+00:00", rules=INSTANT),
    field("moment-minutes", "'2026-07-01T12:00'", NOON, rules=INSTANT),
    field("moment-india", "'2026-07-01T15:30:00+05:30'", NOON, rules=INSTANT),
    field("moment-gap", "'2026-03-29 03:30:00'", "2026-03-29T01:30:00Z", rules=INSTANT),
    field("moment-naive", "'2026-07-01 12:00:00'", "2026-07-01T12:00:00", rules=INSTANT),
    field(
        "moment-nanoseconds",
        "'2026-07-01T10:00:00.123456789Z'",
        "2026-07-01T10:00:00.123456Z",
        "changed",
        INSTANT,
    ),
    field("moment-no-day", "'2026-02-30 00:00:00'", "2026-03-02T00:00:00Z", "changed major", INSTANT),
    field("moment-zero-day", "'0000-00-00 00:00:00'", None, "type major", INSTANT),
    field("moment-words", "'soon'", NOON, "changed major", INSTANT),
)

ITEMS = (
    "[['id' => 1, 'price' => 1.5, 'tags' => ['x', 'y']], ['id' => 2, 'price' => 2.5, 'tags' => ['z', 'w']]]"
)
UNORDERED = {"path": "$", "unordered": True, "key": "id"}
ALL = {
    "ignore": ["$.trace", "$..etag"],
    "rules": [
        {"path": "$.id", "pattern": "^pay_[a-z0-9]+$"},
        {"path": "$.amount", "money": True, "rule": "numeric_string"},
        {"path": "$.created", "instant": {"zone": "Europe/Berlin"}},
        {"path": "$.meta", "rule": "empty_map"},
        {"path": "$.tags", "rule": "sparse_list", "unordered": True},
        {"path": "$.live", "rule": "php_bool"},
        {"path": "$.note", "rule": "null_missing"},
        {"path": "$.ratio", "within": 0.001},
    ],
}
PAYMENT = (
    "echo json_encode(['id' => 'pay_1', 'amount' => '10.00', 'created' => '2026-07-01 12:00:00',"
    " 'meta' => [], 'tags' => array_filter(['a', '', 'c']), 'live' => 1, 'note' => null, 'ratio' => 0.3333,"
    " 'trace' => 5,"
    " 'lines' => [['sku' => 'a', 'qty' => 1, 'etag' => 1], ['sku' => 'b', 'qty' => 2, 'etag' => 2]]]);"
)


def payment(**changed: object) -> dict[str, object]:
    lines = [{"sku": "a", "qty": 1, "etag": 8}, {"sku": "b", "qty": 2, "etag": 9}]
    same = {
        "id": "pay_2",
        "amount": 10.0,
        "created": NOON,
        "meta": {},
        "tags": ["c", "a"],
        "live": True,
        "ratio": 0.33334,
    }
    return {**same, "lines": lines, **changed}


BROKEN = payment(
    id="x",
    amount=10.01,
    created="2026-07-01T10:00:01Z",
    meta={"k": 1},
    tags=["a"],
    live=False,
    note="n",
    ratio=0.5,
    lines=[
        {"sku": "n", "qty": 9, "etag": 0},
        {"sku": "a", "qty": 1, "etag": 8},
        {"sku": "b", "qty": 3, "etag": 9},
    ],
)

TOGETHER = (
    whole(
        "unordered-twice",
        ITEMS,
        [{"id": 2, "price": 2.5, "tags": ["w", "z"]}, {"id": 1, "price": 1.5, "tags": ["y", "x"]}],
        rules=[UNORDERED, {"path": "$[*].tags", "unordered": True}],
    ),
    whole(
        "unordered-inner-order",
        ITEMS,
        [{"id": 2, "price": 2.5, "tags": ["w", "z"]}, {"id": 1, "price": 1.5, "tags": ["x", "y"]}],
        "body $[1].tags order major",
        rules=[UNORDERED],
    ),
    whole(
        "unordered-money",
        ITEMS,
        [{"id": 2, "price": 2.51, "tags": ["z", "w"]}, {"id": 1, "price": 1.5, "tags": ["x", "y"]}],
        "body $[1].price changed critical",
        rules=[UNORDERED, {"path": "$..price", "money": True}],
    ),
    whole(
        "refunds-of-one-payment",
        "[['id' => 1, 'currency' => 'EUR', 'v' => 1], ['id' => 1, 'currency' => 'USD', 'v' => 2]]",
        [{"id": 1, "currency": "USD", "v": 2}, {"id": 1, "currency": "EUR", "v": 1}],
        rules=[UNORDERED],
    ),
    whole(
        "another-in-its-place",
        "[['id' => 1, 'v' => 10, 'state' => 'paid'], ['id' => 2, 'v' => 20, 'state' => 'paid'],"
        " ['id' => 3, 'v' => 30, 'state' => 'paid']]",
        [
            {"id": 1, "v": 10, "state": "paid"},
            {"id": 9, "v": 99, "state": "open"},
            {"id": 3, "v": 30, "state": "paid"},
        ],
        "body $[1] missing critical",
        "body $[1] extra minor",
    ),
    whole(
        "amounts-in-a-list",
        "['v' => [1.5, 2.5]]",
        {"v": [1.5, 2.51]},
        "body $.v[1] changed critical",
        rules=[{"path": "$.v", "money": True}],
    ),
    whole(
        "tree",
        "['id' => 1, 'kids' => [['id' => 2, 'kids' => [['id' => 3], ['id' => 5]]],"
        " ['id' => 4, 'kids' => []]]]",
        {"id": 1, "kids": [{"id": 4, "kids": []}, {"id": 2, "kids": [{"id": 5}, {"id": 3}]}]},
        rules=[{"path": "$..kids", "unordered": True, "key": "id"}],
    ),
    whole("unique", "array_unique(['a', 'b', 'a', 'c'])", ["a", "b", "c"], "body $ type major"),
    whole("unique-allowed", "array_unique(['a', 'b', 'a', 'c'])", ["a", "b", "c"], presets=["sparse_list"]),
    whole(
        "long-list",
        "array_map(fn($i) => ['id' => $i, 'v' => $i], range(1, 200))",
        [{"id": number, "v": number + (number == 150)} for number in range(201)],
        "body $[0] extra minor",
        "body $[149].v changed major",
    ),
    Case("pay-all-rules", PAYMENT, lambda: payment(), [], ALL),
    Case(
        "pay-all-rules-broken",
        PAYMENT,
        lambda: BROKEN,
        [
            "body $.id changed major",
            "body $.amount changed critical",
            "body $.created changed major",
            "body $.meta.k extra minor",
            "body $.tags[1] missing critical",
            "body $.live type major",
            "body $.note type major",
            "body $.ratio changed major",
            "body $.lines[0] extra minor",
            "body $.lines[1].qty changed major",
        ],
        ALL,
    ),
)

CASES = (*AMOUNTS, *NUMBERS, *MOMENTS, *TOGETHER)
