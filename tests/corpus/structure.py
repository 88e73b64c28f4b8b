"""Objects, arrays, null and booleans."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from tests.support.corpus import Case


class Item(BaseModel):
    id: int
    name: str
    note: str | None = None


def numbered(*ids: int) -> dict[str, Any]:
    return {"items": [{"id": number, "name": f"n{number}"} for number in ids]}


def text(body: str) -> Response:
    return Response(body, media_type="application/json")


ITEMS = (
    "function items(...$ids) { return ['items' => array_map(fn($i) => ['id' => $i, "
    "'name' => \"n$i\"], $ids)]; }"
)
UNORDERED = {"rules": [{"path": "$.items", "unordered": True, "key": "id"}]}

CASES = (
    Case("map-order", "echo json_encode(['a' => 1, 'b' => 2]);", lambda: {"b": 2, "a": 1}),
    Case("map-empty", "echo json_encode(['meta' => []]);", lambda: {"meta": {}}, ["body $.meta type major"]),
    Case(
        "map-empty-allowed",
        "echo json_encode(['meta' => []]);",
        lambda: {"meta": {}},
        [],
        {"rules": [{"path": "$.meta", "rule": "empty_map"}]},
    ),
    Case(
        "map-empty-preset",
        "echo json_encode(['a' => ['meta' => []]]);",
        lambda: {"a": {"meta": {}}},
        [],
        {"presets": ["empty_map"]},
    ),
    Case(
        "map-empty-filled",
        "echo json_encode(['meta' => []]);",
        lambda: {"meta": {"k": 1}},
        ["body $.meta.k extra minor"],
        {"presets": ["empty_map"]},
    ),
    Case("map-empty-object", "echo json_encode(['meta' => new stdClass]);", lambda: {"meta": {}}),
    Case("map-top-empty", "echo json_encode([]);", lambda: {}, ["body $ type major"]),
    Case(
        "map-top-empty-allowed",
        "echo json_encode([]);",
        lambda: {},
        [],
        {"rules": [{"path": "$", "rule": "empty_map"}]},
    ),
    Case(
        "map-missing",
        "echo json_encode(['a' => 1, 'b' => 2]);",
        lambda: {"a": 1},
        ["body $.b missing critical"],
    ),
    Case("map-extra", "echo json_encode(['a' => 1]);", lambda: {"a": 1, "b": 2}, ["body $.b extra minor"]),
    Case(
        "map-renamed",
        "echo json_encode(['userId' => 1]);",
        lambda: {"user_id": 1},
        ["body $.userId missing critical", "body $.user_id extra minor"],
    ),
    Case(
        "map-null-missing",
        "echo json_encode(['id' => 1, 'name' => 'x']);",
        lambda: Item(id=1, name="x"),
        ["body $.note extra minor"],
    ),
    Case(
        "map-null-missing-allowed",
        "echo json_encode(['id' => 1, 'name' => 'x']);",
        lambda: Item(id=1, name="x"),
        [],
        {"rules": [{"path": "$.note", "rule": "null_missing"}]},
    ),
    Case(
        "map-null-missing-other-way",
        "echo json_encode(['a' => 1, 'b' => null]);",
        lambda: {"a": 1},
        [],
        {"presets": ["null_missing"]},
    ),
    Case(
        "map-null-missing-value",
        "echo json_encode(['a' => 1]);",
        lambda: {"a": 1, "b": 0},
        ["body $.b extra minor"],
        {"presets": ["null_missing"]},
    ),
    Case(
        "map-odd-names",
        "echo json_encode(['a b' => ['x' => 1]]);",
        lambda: {"a b": {"x": 2}},
        ["body $['a b']['x'] changed"],
    ),
    Case(
        "map-quoted-name",
        'echo json_encode(["it\'s" => 1]);',
        lambda: {"it's": 2},
        ["body $['it\\'s'] changed"],
    ),
    Case(
        "map-number-name",
        "echo json_encode(['7' => 'x', 'a' => 1]);",
        lambda: {7: "y", "a": 1},
        ["body $['7'] changed"],
    ),
    Case("map-empty-name", "echo json_encode(['' => 1]);", lambda: {"": 2}, ["body $[''] changed"]),
    Case("map-duplicate", 'echo \'{"a":1,"a":2}\';', lambda: {"a": 2}, ["body $ duplicate_key major"]),
    Case("map-duplicate-both", 'echo \'{"a":1,"a":2}\';', lambda: text('{"a":1,"a":2}\n')),
    Case(
        "map-duplicate-both-other",
        'echo \'{"a":1,"a":2}\';',
        lambda: text('{"a":1,"a":3}'),
        ["body $ changed major"],
    ),
    Case(
        "map-nested",
        "echo json_encode(['a' => ['b' => ['c' => [1, 2, ['d' => 'x']]]]]);",
        lambda: {"a": {"b": {"c": [1, 2, {"d": "y"}]}}},
        ["body $.a.b.c[2].d changed"],
    ),
    Case(
        "list-sparse",
        "$a = ['a', 'b', 'c']; unset($a[1]); echo json_encode(['l' => $a]);",
        lambda: {"l": ["a", "c"]},
        ["body $.l type major"],
    ),
    Case(
        "list-sparse-allowed",
        "$a = ['a', 'b', 'c']; unset($a[1]); echo json_encode(['l' => $a]);",
        lambda: {"l": ["a", "c"]},
        [],
        {"rules": [{"path": "$.l", "rule": "sparse_list"}]},
    ),
    Case(
        "list-sparse-changed",
        "$a = ['a', 'b', 'c']; unset($a[1]); echo json_encode(['l' => $a]);",
        lambda: {"l": ["a", "d"]},
        ["body $.l[1] changed"],
        {"presets": ["sparse_list"]},
    ),
    Case(
        "list-filtered", "echo json_encode(array_filter([1, 0, 2]));", lambda: [1, 2], ["body $ type major"]
    ),
    Case(
        "list-same", "echo json_encode([1, 'a', null, true, [], 1.5]);", lambda: [1, "a", None, True, [], 1.5]
    ),
    Case("list-order", "echo json_encode([3, 1, 2]);", lambda: [1, 2, 3], ["body $ order major"]),
    Case(
        "list-order-objects",
        ITEMS + "echo json_encode(items(2, 1));",
        lambda: numbered(1, 2),
        ["body $.items order major"],
    ),
    Case(
        "list-order-changed",
        "echo json_encode([['id' => 1, 'v' => 'a'], ['id' => 2, 'v' => 'b']]);",
        lambda: [{"id": 2, "v": "b"}, {"id": 1, "v": "c"}],
        ["body $ order", "body $[0].v changed"],
    ),
    Case(
        "list-inserted",
        ITEMS + "echo json_encode(items(1, 2, 3));",
        lambda: numbered(0, 1, 2, 3),
        ["body $.items[0] extra minor"],
    ),
    Case(
        "list-removed",
        ITEMS + "echo json_encode(items(1, 2, 3));",
        lambda: numbered(1, 3),
        ["body $.items[1] missing critical"],
    ),
    Case("list-appended", "echo json_encode([1, 2]);", lambda: [1, 2, 3], ["body $[2] extra minor"]),
    Case(
        "list-cut",
        "echo json_encode(range(1, 20));",
        lambda: list(range(1, 20)),
        ["body $[19] missing critical"],
    ),
    Case(
        "list-inserted-and-changed",
        "echo json_encode([['id' => 1, 'v' => 'a'], ['id' => 2, 'v' => 'b']]);",
        lambda: [{"id": 9, "v": "n"}, {"id": 1, "v": "a"}, {"id": 2, "v": "c"}],
        ["body $[0] extra", "body $[1].v changed"],
    ),
    Case(
        "list-changed",
        ITEMS + "echo json_encode(items(1, 2, 3));",
        lambda: numbered(1, 5, 3),
        ["body $.items[1].id changed", "body $.items[1].name changed"],
    ),
    Case("list-repeated", "echo json_encode([1, 1, 1, 2]);", lambda: [1, 1, 2], ["body $[2] missing"]),
    Case(
        "list-of-lists",
        "echo json_encode([[1, 2], [3, 4]]);",
        lambda: [[1, 2], [3, 5]],
        ["body $[1][1] changed"],
    ),
    Case(
        "list-unordered",
        ITEMS + "echo json_encode(items(3, 1, 2));",
        lambda: numbered(1, 2, 3),
        [],
        UNORDERED,
    ),
    Case(
        "list-unordered-changed",
        "echo json_encode(['items' => [['id' => 2, 'v' => 'b'], ['id' => 1, 'v' => 'a']]]);",
        lambda: {"items": [{"id": 1, "v": "a"}, {"id": 2, "v": "x"}]},
        ["body $.items[0].v changed"],
        UNORDERED,
    ),
    Case(
        "list-unordered-missing",
        ITEMS + "echo json_encode(items(3, 1, 2));",
        lambda: numbered(1, 3),
        ["body $.items[2] missing"],
        UNORDERED,
    ),
    Case(
        "list-unordered-extra",
        ITEMS + "echo json_encode(items(2));",
        lambda: numbered(1, 2),
        ["body $.items[0] extra"],
        UNORDERED,
    ),
    Case(
        "list-multiset",
        "echo json_encode(['a', 'b', 'a']);",
        lambda: ["a", "a", "b"],
        [],
        {"rules": [{"path": "$", "unordered": True}]},
    ),
    Case(
        "list-multiset-count",
        "echo json_encode(['a', 'b', 'a']);",
        lambda: ["a", "b", "b"],
        ["body $[2] missing", "body $[2] extra"],
        {"rules": [{"path": "$", "unordered": True}]},
    ),
    Case("bool-int", "echo json_encode(['v' => 1]);", lambda: {"v": True}, ["body $.v type major"]),
    Case(
        "bool-int-allowed",
        "echo json_encode(['v' => 1]);",
        lambda: {"v": True},
        [],
        {"presets": ["php_bool"]},
    ),
    Case(
        "bool-string",
        "echo json_encode(['v' => (string) true, 'w' => (string) false]);",
        lambda: {"v": True, "w": False},
        [],
        {"presets": ["php_bool"]},
    ),
    Case(
        "bool-null",
        "echo json_encode(['v' => (string) null]);",
        lambda: {"v": None},
        [],
        {"presets": ["php_bool"]},
    ),
    Case(
        "bool-wrong",
        "echo json_encode(['v' => (string) false]);",
        lambda: {"v": True},
        ["body $.v type"],
        {"presets": ["php_bool"]},
    ),
    Case(
        "bool-swapped", "echo json_encode(['v' => true]);", lambda: {"v": False}, ["body $.v changed major"]
    ),
    Case("bool-zero", "echo json_encode(['v' => 0]);", lambda: {"v": False}, ["body $.v type"]),
    Case(
        "bool-in-list",
        "echo json_encode([[1, 0], ['a' => 1]]);",
        lambda: [[True, False], {"a": True}],
        ["body $[0][0] type", "body $[0][1] type", "body $[1].a type"],
    ),
    Case("null-false", "echo json_encode(['v' => null]);", lambda: {"v": False}, ["body $.v type"]),
    Case("null-top", "echo json_encode(null);", lambda: None),
    Case("bool-echoed-top", "echo false;", lambda: False, [], {"rules": [{"path": "$", "rule": "php_bool"}]}),
    Case("type-object-list", "echo json_encode(['v' => ['a' => 1]]);", lambda: {"v": [1]}, ["body $.v type"]),
    Case(
        "type-string-list", "echo json_encode(['v' => 'a,b']);", lambda: {"v": ["a", "b"]}, ["body $.v type"]
    ),
    Case(
        "depth-100",
        "$v = 1; for ($i = 0; $i < 100; $i++) $v = [$v]; echo json_encode($v);",
        lambda: text("[" * 100 + "1" + "]" * 100),
    ),
)
