"""Lists of values that only have to be near: paired by what their rule says, not by their places."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.compare import bodies, found

NEAR = {"rules": [{"path": "$[*]", "within": 0.01}]}
ROWS = {
    "rules": [
        {"path": "$[*].v", "within": 0.01},
        {"path": "$[*].at", "instant": {"zone": "UTC", "within": "2s"}},
    ]
}


def differences(one: Any, other: Any, rules: Mapping[str, object] = NEAR) -> list[str]:
    return found(bodies(json.dumps(one), json.dumps(other), rules))


def drawn(size: int) -> list[float]:
    chance = random.Random(size)
    return [round(chance.uniform(0, 1000), 3) for _ in range(size)]


def nudged(numbers: list[float]) -> list[float]:
    return [round(number + 0.004, 3) for number in numbers]


@pytest.mark.parametrize("size", [1, 10, 64, 100, 5000])
def test_an_insertion_is_one_difference_wherever_it_is(size: int) -> None:
    here, middle = drawn(size), size // 2
    assert differences(here, [5000.5, *nudged(here)]) == ["$[0] extra"]
    assert differences(here, [*nudged(here), 5000.5]) == [f"$[{size}] extra"]
    assert differences([5000.5, *here], nudged(here)) == ["$[0] missing"]
    moved = [*nudged(here[:middle]), 5000.5, *nudged(here[middle:])]
    assert differences(here, moved) == [f"$[{middle}] extra"]


def test_what_came_and_what_went_are_two_differences_in_a_short_list() -> None:
    here = drawn(30)
    assert sorted(differences([*here, 3000], [5000.5, *nudged(here)])) == ["$[0] extra", "$[30] missing"]
    changed = nudged(here)
    changed[7] += 50
    assert sorted(differences(here, [5000.5, *changed])) == ["$[0] extra", "$[7] changed"]


def test_a_change_stays_in_its_place() -> None:
    here = drawn(5000)
    changed = nudged(here)
    changed[1200] += 1
    changed[3100] += 1
    assert differences(here, changed) == ["$[1200] changed", "$[3100] changed"]


def test_numbers_closer_together_than_the_rule_asks_do_not_move() -> None:
    assert differences([0.5009, 0.5011, 0.5], [0.5011, 0.5009, 0.5]) == []
    assert differences([0.5009, 0.5011, 7], [0.5011, 0.5009, 8]) == ["$[2] changed"]


def test_rows_of_nothing_but_such_values_are_paired_too() -> None:
    rows = [
        {"v": number, "at": f"2026-01-01T00:00:{place % 60:02}Z"} for place, number in enumerate(drawn(200))
    ]
    late = [{"v": row["v"] + 0.001, "at": row["at"][:-1] + "+00:00"} for row in rows]
    new = {"v": 5000.5, "at": "2027-01-01T00:00:00Z"}
    assert differences(rows, [new, *late], ROWS) == ["$[0] extra"]


def test_rows_that_tell_themselves_apart_are_paired_by_that() -> None:
    rows = [{"id": place, "v": number} for place, number in enumerate(drawn(200))]
    late = [{"id": row["id"], "v": row["v"] + 0.001} for row in rows]
    late[5]["v"] += 9
    assert sorted(differences(rows, [{"id": -1, "v": 0}, *late], ROWS)) == ["$[0] extra", "$[5].v changed"]


def test_lists_in_lists_agree_by_their_elements() -> None:
    rules = {"rules": [{"path": "$[*][*]", "within": 0.01}], "ignore": ["$[*][2]"]}
    here = [[number, number, place] for place, number in enumerate(drawn(50))]
    there = [[number + 0.001, number - 0.001, -place] for number, _, place in here]
    assert differences(here, [[1, 2, 3], *there], rules) == ["$[0] extra"]
    assert differences(here, [[1, 2], *there], rules) == ["$[0] extra"]


def test_other_names_are_other_rows() -> None:
    rows = [{"v": number} for number in drawn(10)]
    assert differences(rows, [{"w": 1}, *rows], ROWS) == ["$[0] extra"]


def test_what_lies_too_deep_is_told_by_its_place() -> None:
    deep = json.loads("[" * 150 + "1" + "]" * 150)
    rules = {"rules": [{"path": "$[*].v", "within": 1}]}
    here = [{"v": 1, "deep": deep}, {"v": 100, "deep": deep}]
    assert differences(here, [*here, {"v": 500, "deep": deep}], rules) == ["$[2] extra"]
