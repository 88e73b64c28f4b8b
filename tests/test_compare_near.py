"""Lists of values that only have to be near: paired by what their rule says, not by their places."""

import json
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from shadow.compare.near import agree
from shadow.compare.subsequence import Budget
from shadow.compare.treatment import Treatment
from tests.support.compare import bodies, found, mirrored

NEAR_ELEMENT: Mapping[str, object] = {"path": "$[*]", "within": 0.01}
NEAR_MEMBER: Mapping[str, object] = {"path": "$[*].v", "within": 0.01}
NEAR = {"rules": [NEAR_ELEMENT]}
ROWS: Mapping[str, object] = {
    "rules": [
        NEAR_MEMBER,
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


ANY_ORDER = {"path": "$", "unordered": True}


def in_any_order(one: Any, other: Any, *rules: Mapping[str, object]) -> list[str]:
    """Differences of two lists without order, which are as many when the sides are swapped."""
    compare = {"rules": [ANY_ORDER, *rules]}
    differences_ = differences(one, other, compare)
    assert mirrored(differences(other, one, compare)) == sorted(entry.split()[1] for entry in differences_)
    return differences_


@pytest.mark.parametrize("size", [2, 30, 200, 2000])
def test_numbers_in_any_order_find_those_they_are_near(size: int) -> None:
    here = drawn(size)
    there = nudged(here)
    random.Random(1).shuffle(there)
    assert in_any_order(here, there, NEAR_ELEMENT) == []


def test_one_number_less_is_one_difference_in_any_order() -> None:
    here = drawn(200)
    there = nudged(here)[1:]
    random.Random(1).shuffle(there)
    assert in_any_order(here, there, NEAR_ELEMENT) == ["$[0] missing"]


def test_who_has_the_choice_leaves_the_only_one_to_others() -> None:
    near = {"path": "$[*].v", "within": 0.1}
    here, there = [{"v": 0.9}, {"v": 0.75}], [{"v": 0.82}, {"v": 1}]
    assert in_any_order(here, there, near) == []


def test_who_finds_no_partner_is_alone() -> None:
    here, there = [0.9, 0.9, 0.9, 5], [0.9, 0.9, 7]
    assert in_any_order(here, there, NEAR_ELEMENT) == ["$[2] missing", "$[3] missing", "$[2] extra"]


def test_more_rows_than_can_be_weighed_are_paired_as_they_come() -> None:
    here = [{"v": number} for number in drawn(400)]
    there = [{"v": row["v"] + 0.001} for row in here]
    assert in_any_order(here, there, NEAR_MEMBER) == []
    assert len(in_any_order(here, there[::-1], NEAR_MEMBER)) == 400


def test_what_two_rows_hold_agrees_by_its_own_rules() -> None:
    near = {"path": "$[*].v", "within": 0.1}
    lackable = {"path": "$[*].n", "rule": "null_missing"}
    tags = {"path": "$[*].t", "unordered": True}
    here = [{"v": 1, "n": None, "t": [1, 2]}, {"v": 2, "n": None, "t": [3, 4]}]
    there = [{"v": 2.05, "t": [4, 3]}, {"v": 1.05, "t": [2, 1]}]
    assert in_any_order(here, there, near, lackable, tags) == []
    assert differences(here, [{"v": 5}, *there[::-1]], {"rules": [near, lackable, tags]}) == ["$[0] extra"]


def test_two_moments_as_php_has_them_are_near_as_moments() -> None:
    within = {"path": "$[*].at", "instant": {"zone": "UTC", "within": "2s"}}
    moments = [
        {"at": {"date": f"2026-07-01 12:00:0{second}.000000", "timezone_type": 3, "timezone": "UTC"}}
        for second in range(9)
    ]
    assert in_any_order([moments[0], moments[5]], [moments[6], moments[1]], within) == []


def test_a_list_is_no_object() -> None:
    here, there = [{"v": 1, "m": [1]}], [{"v": 1.001, "m": {"a": 1}}, {"v": 1.001, "m": [1]}]
    assert differences(here, there, ROWS) == ["$[0] extra"]


@pytest.mark.parametrize(("work", "do"), [(4, True), (3, False)])
def test_lists_in_lists_agree_in_any_order_as_long_as_there_is_work_to_spend(work: int, do: bool) -> None:
    loose, budget = Treatment(unordered=True, within=Decimal(1)), Budget(work)
    assert agree([1, 5], [5, 1], (None, None), loose, budget) is do
    assert budget.left == work % 4
