"""Lists as databases and two languages give them: keys as text, moments and empty maps in many rows."""

from collections.abc import Mapping
from typing import Any

from tests.support.corpus import Case

ROWS = 120


def of(name: str, row: str, rows: list[Any], *expect: str, compare: Mapping[str, object]) -> Case:
    """PHP's rows are what `row` says of $i, from 1 on."""
    php = f"echo json_encode(array_map(fn($i) => {row}, range(1, {ROWS})));"
    return Case(f"list-{name}", php, lambda: rows, expect, compare)


def preset(name: str) -> dict[str, object]:
    return {"presets": [name]}


def unordered(preset: str, **more: object) -> dict[str, object]:
    return {"presets": [preset], "rules": [{"path": "$", "unordered": True, **more}]}


def moment(number: int) -> str:
    return f"2026-07-01T{10 + number // 60:02}:{number % 60:02}:00Z"


UP, DOWN = range(1, ROWS + 1), range(ROWS, 0, -1)
HEAD = "body $[0] extra minor"
MOMENT = "gmdate('Y-m-d H:i:s', 1782900000 + 60 * $i)"
KEYED = "['id' => (string) $i, 'v' => $i % 7]"
INSTANTS = {"rules": [{"path": "$[*]", "instant": True}, {"path": "$", "unordered": True}]}

CASES = (
    of(
        "keys-as-text",
        KEYED,
        [{"id": number, "v": number % 7} for number in range(ROWS + 1)],
        HEAD,
        *(f"body $[{index}].id type" for index in range(ROWS)),
        compare={},
    ),
    of(
        "keys-as-text-allowed",
        KEYED,
        [{"id": number, "v": number % 7} for number in range(ROWS + 1)],
        HEAD,
        compare=preset("numeric_string"),
    ),
    of(
        "keys-as-text-unordered",
        KEYED,
        [{"id": number, "v": number % 7} for number in DOWN],
        *(f"body $[{index}].id type" for index in range(ROWS)),
        compare={"rules": [{"path": "$", "unordered": True, "key": "id"}]},
    ),
    of(
        "empty-maps",
        "['v' => \"x$i\", 'meta' => []]",
        [{"v": f"x{number}", "meta": {}} for number in DOWN],
        compare=unordered("empty_map"),
    ),
    of(
        "holes",
        "['v' => \"x$i\", 'tags' => [3 => 'a', 5 => 'b']]",
        [{"v": f"x{number}", "tags": ["a", "b"]} for number in DOWN],
        compare=unordered("sparse_list"),
    ),
    of(
        "nulls",
        "['v' => \"x$i\", 'note' => null]",
        [{"v": f"x{number}"} for number in DOWN],
        compare=unordered("null_missing"),
    ),
    of(
        "flags",
        "['v' => \"x$i\", 'paid' => (string) ($i % 2 == 0)]",
        [{"v": f"x{number}", "paid": number % 2 == 0} for number in DOWN],
        compare=unordered("php_bool"),
    ),
    of("moments", MOMENT, [moment(number) for number in DOWN], compare=INSTANTS),
    of(
        "moments-insertion",
        f"['at' => {MOMENT}]",
        [{"at": moment(number)} for number in range(ROWS + 1)],
        HEAD,
        compare={"rules": [{"path": "$[*].at", "instant": True}]},
    ),
    of(
        "near-numbers",
        "$i * 1.5",
        [number * 1.5 + 0.0001 for number in DOWN],
        compare={"rules": [{"path": "$", "unordered": True}, {"path": "$[*]", "within": 0.001}]},
    ),
    Case(
        "list-of-twins",
        "echo json_encode([['id' => 7, 'part' => 1], ['id' => 7, 'part' => 2]]);",
        lambda: [{"id": 7, "part": 2}, {"id": 7, "part": 1}],
        [],
        {"rules": [{"path": "$", "unordered": True, "key": "id"}]},
    ),
    Case(
        "list-reordered-and-longer",
        "echo json_encode([['id' => 1], ['id' => 2], ['id' => 3]]);",
        lambda: [{"id": 3}, {"id": 1}, {"id": 2}, {"id": 4}],
        ["body $ order major", "body $[3] extra minor"],
    ),
    Case(
        "list-of-words-reordered-and-shorter",
        "echo json_encode(['red', 'green', 'blue', 'black']);",
        lambda: ["blue", "red", "green"],
        ["body $ order major", "body $[3] missing critical"],
    ),
)
