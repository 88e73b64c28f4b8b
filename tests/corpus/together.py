"""Rules that meet: lists in any order whose elements are only equal by other rules."""

from typing import Any

from tests.support.corpus import Case

BERLIN = {"zone": "Europe/Berlin"}


def at(path: str, **rule: object) -> dict[str, object]:
    return {"path": path, **rule}


def of(name: str, php: str, python: Any, *expect: str, rules: list[dict[str, object]]) -> Case:
    """Both sides' rows under `l`; expect: path and kind."""
    return Case(
        f"together-{name}",
        f"date_default_timezone_set('Europe/Berlin'); echo json_encode(['l' => {php}]);",
        lambda: {"l": python},
        [f"body {difference}" for difference in expect],
        {"rules": rules},
    )


ANY_ORDER = at("$.l", unordered=True)
NEAR = at("$.l[*].v", within=0.001)
TAGS = at("$.l[*].t", unordered=True)

CASES = (
    of(
        "near-rows",
        "[['v' => 1.0001], ['v' => 2], ['v' => 3.5]]",
        [{"v": 2.0005}, {"v": 3.5}, {"v": 1.0002}],
        rules=[ANY_ORDER, NEAR],
    ),
    of(
        "near-rows-lost",
        "[['v' => 1.0001], ['v' => 2], ['v' => 3.5]]",
        [{"v": 3.5001}, {"v": 1.0002}],
        "$.l[1] missing critical",
        rules=[ANY_ORDER, NEAR],
    ),
    of(
        "near-lost",
        "[1.0001, 2, 3.5]",
        [3.5001, 2],
        "$.l[0] missing",
        rules=[ANY_ORDER, at("$.l[*]", within=0.001)],
    ),
    of(
        "tags",
        "[['k' => 'a', 't' => ['x', 'y']], ['k' => 'a', 't' => ['p', 'q']]]",
        [{"k": "a", "t": ["q", "p"]}, {"k": "a", "t": ["y", "x"]}],
        rules=[ANY_ORDER, TAGS],
    ),
    of(
        "tags-in-place",
        "[['t' => ['x', 'y']], ['t' => ['p', 'q']]]",
        [{"t": ["n"]}, {"t": ["y", "x"]}, {"t": ["q", "p"]}],
        "$.l[0] extra",
        rules=[TAGS],
    ),
    of(
        "tags-twice",
        "[['t' => ['x', 'x', 'y']]]",
        [{"t": ["y", "x", "y"]}],
        "$.l[0].t[1] missing",
        "$.l[0].t[2] extra",
        rules=[TAGS],
    ),
    of(
        "near-and-tags",
        "[['v' => 1.0001, 't' => ['x', 'y']], ['v' => 2, 't' => []]]",
        [{"v": 2, "t": []}, {"v": 1.0002, "t": ["y", "x"]}],
        rules=[ANY_ORDER, NEAR, TAGS],
    ),
    of(
        "near-and-absent",
        "[['v' => 1.0001, 'n' => null], ['v' => 2, 'n' => null], ['v' => 3, 'n' => 1]]",
        [{"v": 9}, {"v": 1.0002}, {"v": 2.0002}, {"v": 3, "n": 1}],
        "$.l[0] extra",
        rules=[NEAR, at("$.l[*].n", rule="null_missing")],
    ),
    of(
        "near-and-holes",
        "[['v' => 1.0001, 's' => [1 => 5, 3 => 6]], ['v' => 2, 's' => [1 => 7]]]",
        [{"v": 2.0002, "s": [7]}, {"v": 1.0002, "s": [5, 6]}],
        rules=[ANY_ORDER, NEAR, at("$.l[*].s", rule="sparse_list")],
    ),
    of(
        "near-and-empty",
        "[['v' => 1.0001, 'm' => []], ['v' => 2, 'm' => ['a' => 1]]]",
        [{"v": 2.0002, "m": {"a": 1}}, {"v": 1.0002, "m": {}}],
        rules=[ANY_ORDER, NEAR, at("$.l[*].m", rule="empty_map")],
    ),
    of(
        "near-moments",
        "[['at' => new DateTime('2026-07-01 12:00:00')], ['at' => new DateTime('2026-07-02 12:00:00')]]",
        [{"at": "2026-07-02T10:00:01Z"}, {"at": "2026-07-01T10:00:01Z"}],
        rules=[ANY_ORDER, at("$.l[*].at", instant={**BERLIN, "within": "2s"})],
    ),
    of(
        "changed-among-equals",
        "[['k' => 'a', 'id' => 'pay_1', 'at' => date('Y-m-d H:i:s', 1782900000), 'live' => 1, 's' => 'paid'],"
        " ['k' => 'b', 'id' => 'pay_2', 'at' => date('Y-m-d H:i:s', 1782900060), 'live' => '', 's' => 'paid']"
        "]",
        [
            {"k": "b", "id": "pay_8", "at": "2026-07-01T10:01:00Z", "live": False, "s": "failed"},
            {"k": "a", "id": "pay_9", "at": "2026-07-01T10:00:00Z", "live": True, "s": "paid"},
        ],
        "$.l[1].s changed major",
        rules=[
            ANY_ORDER,
            at("$.l[*].id", pattern="^pay_[0-9]+$"),
            at("$.l[*].at", instant=BERLIN),
            at("$.l[*].live", rule="php_bool"),
        ],
    ),
    of(
        "changed-among-absent",
        "array_map(fn($k) => ['k' => $k, 'v' => 1, 'x' => null, 'y' => null, 'z' => null], ['a', 'b'])",
        [{"k": "b", "v": 2}, {"k": "a", "v": 1}],
        "$.l[1].v changed major",
        rules=[ANY_ORDER, at("$.l[*].*", rule="null_missing")],
    ),
    Case(
        "together-other-ids",
        "echo json_encode(array_map(fn($i) => ['id' => $i, 'n' => \"n$i\", 'v' => $i], range(1, 5)));",
        lambda: [{"id": i + 2, "n": f"n{i}", "v": i + 10 * (i == 3)} for i in (0, 1, 2, 3, 4, 5)],
        ["body $[0] extra", "body $[2].v changed"],
        {"ignore": ["$[*].id"]},
    ),
    Case(
        "together-another",
        "echo json_encode([['id' => 7, 'amount' => 5, 'status' => 'paid']]);",
        lambda: [{"id": 8, "amount": 6, "status": "failed"}],
        ["body $[0] missing critical", "body $[0] extra minor"],
    ),
    Case(
        "together-another-id-alone",
        "echo json_encode([['id' => 7, 'amount' => 5, 'status' => 'paid']]);",
        lambda: [{"id": 8, "amount": 5, "status": "paid"}],
        ["body $[0].id changed"],
    ),
    Case(
        "together-another-ignored",
        "echo json_encode([['id' => 7, 'a' => 1, 'b' => 1, 'c' => 1, 'd' => 1]]);",
        lambda: [{"id": 8, "a": 2, "b": 2, "c": 2, "d": 2}],
        [f"body $[0].{name} changed" for name in "abcd"],
        {"ignore": ["$[*].id"]},
    ),
    Case(
        "together-nameless",
        "echo json_encode([['k' => 7, 'amount' => 5, 'status' => 'paid']]);",
        lambda: [{"k": 8, "amount": 6, "status": "failed"}],
        ["body $[0].k changed", "body $[0].amount changed", "body $[0].status changed"],
    ),
    Case(
        "together-other-ids-near",
        "echo json_encode(array_map(fn($i) => ['id' => $i, 'n' => \"n$i\", 'v' => $i], range(1, 5)));",
        lambda: [{"id": i + 2, "n": f"n{i}", "v": i + 10 * (i == 3)} for i in (0, 1, 2, 3, 4, 5)],
        ["body $[0] extra", "body $[2].v changed"],
        {"rules": [at("$[*].id", within=10)]},
    ),
)
