"""Numbers: how PHP and Python print ints, floats and decimals."""

from decimal import Decimal
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from tests.support.corpus import Case


class Price(BaseModel):
    amount: Decimal


def exact(text: str) -> Response:
    """A body that a service writes with its own encoder."""
    return Response(text, media_type="application/json")


def value(value: Any) -> dict[str, Any]:
    return {"v": value}


MONEY = {"rules": [{"path": "$.v", "money": True}]}
NUMERIC = {"rules": [{"path": "$.v", "rule": "numeric_string"}]}
PRECISE = "ini_set('serialize_precision', '17');"

CASES = (
    Case("num-int", "echo json_encode(['v' => 1]);", lambda: value(1)),
    Case("num-whole-float", "echo json_encode(['v' => 1.0]);", lambda: value(1.0)),
    Case("num-hundred", "echo json_encode(['v' => 100.00]);", lambda: value(100.0)),
    Case(
        "num-kept-fraction", "echo json_encode(['v' => 1.0], JSON_PRESERVE_ZERO_FRACTION);", lambda: value(1)
    ),
    Case("num-negative-zero", "echo json_encode(['v' => -0.0]);", lambda: value(-0.0)),
    Case("num-negative-zero-int", "echo json_encode(['v' => -0.0]);", lambda: value(0)),
    Case("num-large-exponent", "echo json_encode(['v' => 1.0e25]);", lambda: value(1e25)),
    Case("num-small-exponent", "echo json_encode(['v' => 0.00001]);", lambda: value(1e-5)),
    Case("num-tiny", "echo json_encode(['v' => 5e-324]);", lambda: value(5e-324)),
    Case("num-max-float", "echo json_encode(['v' => PHP_FLOAT_MAX]);", lambda: value(1.7976931348623157e308)),
    Case("num-exponent-spelling", "echo '{\"v\":1E+2}';", lambda: exact('{"v":100}')),
    Case("num-trailing-zeros", "echo '{\"v\":10.50}';", lambda: value(10.5)),
    Case("num-precision-17", PRECISE + "echo json_encode(['v' => 0.1]);", lambda: value(0.1)),
    Case("num-precision-17-sum", PRECISE + "echo json_encode(['v' => 0.1 + 0.2]);", lambda: value(0.1 + 0.2)),
    Case("num-precision-17-list", PRECISE + "echo json_encode([0.1, 0.7, 1.1]);", lambda: [0.1, 0.7, 1.1]),
    Case(
        "num-precision-17-money",
        PRECISE + "echo json_encode(['v' => 0.1]);",
        lambda: value(0.1),
        ["body $.v changed critical"],
        MONEY,
    ),
    Case(
        "num-money-object",
        "echo json_encode(['v' => ['value' => 1000, 'currency' => 'EUR']]);",
        lambda: value({"value": 1000, "currency": "USD"}),
        ["body $.v.currency changed critical"],
        MONEY,
    ),
    Case(
        "num-float-sum",
        "echo json_encode(['v' => 0.1 + 0.2]);",
        lambda: value(0.3),
        ["body $.v changed major"],
    ),
    Case(
        "num-precision-14",
        "ini_set('serialize_precision', '14'); echo json_encode(['v' => 0.1 + 0.2]);",
        lambda: value(0.1 + 0.2),
        ["body $.v changed major"],
    ),
    Case(
        "num-round-half",
        "echo json_encode(['v' => round(2.5)]);",
        lambda: value(round(2.5)),
        ["body $.v changed critical"],
        MONEY,
    ),
    Case("num-round-even", "echo json_encode(['v' => round(3.5)]);", lambda: value(round(3.5)), [], MONEY),
    Case(
        "num-round-cents",
        "echo json_encode(['v' => round(2.675, 2)]);",
        lambda: value(round(2.675, 2)),
        ["body $.v changed critical"],
        MONEY,
    ),
    Case(
        "num-format",
        "echo json_encode(['v' => number_format(2.675, 2)]);",
        lambda: value(f"{2.675:.2f}"),
        ["body $.v changed critical"],
        MONEY,
    ),
    Case(
        "num-format-thousands",
        "echo json_encode(['v' => number_format(1234.5, 2)]);",
        lambda: value("1234.50"),
        ["body $.v changed major"],
        NUMERIC,
    ),
    Case("num-int64-max", "echo json_encode(['v' => PHP_INT_MAX]);", lambda: value(2**63 - 1)),
    Case("num-int64-min", "echo json_encode(['v' => PHP_INT_MIN]);", lambda: value(-(2**63))),
    Case(
        "num-above-int64",
        "echo json_encode(['v' => PHP_INT_MAX + 1]);",
        lambda: value(2**63),
        ["body $.v changed major"],
    ),
    Case(
        "num-above-int64-decoded",
        "echo json_encode(json_decode('{\"v\":12345678901234567890}'));",
        lambda: value(12345678901234567890),
        ["body $.v changed major"],
    ),
    Case("num-2-to-53", "echo json_encode(['v' => 9007199254740993]);", lambda: value(9007199254740993)),
    Case(
        "num-2-to-53-float",
        "echo json_encode(['v' => (float) 9007199254740993]);",
        lambda: value(9007199254740993),
        ["body $.v changed major"],
    ),
    Case(
        "num-off-by-one-large",
        "echo json_encode(['v' => 9007199254740992]);",
        lambda: value(9007199254740993),
        ["body $.v changed major"],
    ),
    Case(
        "num-huge-same",
        "echo '{\"v\":' . str_repeat('9', 5000) . '}';",
        lambda: exact('{"v": ' + "9" * 5000 + "}"),
    ),
    Case(
        "num-huge-other",
        "echo '{\"v\":' . str_repeat('9', 5000) . '}';",
        lambda: exact('{"v":' + "9" * 4999 + "8}"),
        ["body $.v changed major"],
    ),
    Case(
        "num-string",
        "echo json_encode(['v' => '10.00']);",
        lambda: value(10.0),
        ["body $.v type major"],
    ),
    Case("num-string-allowed", "echo json_encode(['v' => '10.00']);", lambda: value(10.0), [], NUMERIC),
    Case("num-string-int", "echo json_encode(['v' => '42']);", lambda: value(42), [], NUMERIC),
    Case("num-string-negative", "echo json_encode(['v' => '-3.50']);", lambda: value(-3.5), [], NUMERIC),
    Case(
        "num-string-decimal",
        "echo json_encode(['amount' => '10.10']);",
        lambda: Price(amount=Decimal("10.10")),
    ),
    Case(
        "num-string-scale",
        "echo json_encode(['amount' => '10.10']);",
        lambda: Price(amount=Decimal("10.1")),
        ["body $.amount changed major"],
    ),
    Case(
        "num-string-scale-allowed",
        "echo json_encode(['amount' => '10.10']);",
        lambda: Price(amount=Decimal("10.1")),
        [],
        {"presets": ["numeric_string"]},
    ),
    Case(
        "num-string-wrong",
        "echo json_encode(['v' => '10.10']);",
        lambda: value(10.01),
        ["body $.v changed major"],
        NUMERIC,
    ),
    Case(
        "num-leading-zeros",
        "echo json_encode(['v' => '00123'], JSON_NUMERIC_CHECK);",
        lambda: value("00123"),
        ["body $.v type major"],
    ),
    Case(
        "num-leading-zeros-allowed",
        "echo json_encode(['v' => '00123'], JSON_NUMERIC_CHECK);",
        lambda: value("00123"),
        ["body $.v type major"],
        NUMERIC,
    ),
    Case(
        "num-lost-plus",
        "echo json_encode(['v' => '+4930123'], JSON_NUMERIC_CHECK);",
        lambda: value("+4930123"),
        ["body $.v type major"],
        NUMERIC,
    ),
    Case("num-check-plain", "echo json_encode(['v' => '12'], JSON_NUMERIC_CHECK);", lambda: value(12)),
    Case(
        "num-within",
        "echo json_encode(['v' => 0.3334]);",
        lambda: value(0.3333),
        [],
        {"rules": [{"path": "$.v", "within": 0.001}]},
    ),
    Case(
        "num-not-within",
        "echo json_encode(['v' => 0.335]);",
        lambda: value(0.333),
        ["body $.v changed major"],
        {"rules": [{"path": "$.v", "within": 0.001}]},
    ),
    Case("num-top-level", "echo json_encode(42);", lambda: 42),
    Case("num-top-level-other", "echo json_encode(42);", lambda: 43, ["body $ changed major"]),
    Case("num-division", "echo json_encode(['v' => 10 / 2]);", lambda: value(10 / 2)),
    Case(
        "num-int-division",
        "echo json_encode(['v' => intdiv(-7, 2)]);",
        lambda: value(-7 // 2),
        ["body $.v changed major"],
    ),
    Case(
        "num-modulo", "echo json_encode(['v' => -7 % 3]);", lambda: value(-7 % 3), ["body $.v changed major"]
    ),
)
