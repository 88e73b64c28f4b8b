"""Comparing in a process of its own: the same results, and an end to what would take too long."""

import asyncio
import gzip
import json
import os
import pickle
import signal

import pytest

from shadow.compare import Answer, Kind, Policy, Request, Verdict, compare
from shadow.comparing import Comparing
from tests.support.compare import HTML, JSON, XML, answer
from tests.support.processes import command, descendants
from tests.support.shadow import until

GET = Request("GET", b"/")
LONG = "x" * 20_000
EVERY_RULE = {
    "headers": ["content-type", "x-a"],
    "presets": ["numeric_string"],
    "ignore": ["$..at", "$.rows[?@.skip==true]", "//secret"],
    "rules": [{"path": "$.id", "pattern": "^pay_"}, {"path": "$.sum", "money": True}],
}
CUBIC = {"ignore": ["//*[//*[//*]=//*]"]}
"""An XPath that looks through the whole document for each pair of its elements."""


def items(number: int, text: str) -> Answer:
    return answer("<r>" + f"<i><j>{text}</j></i>" * number + "</r>", XML)


async def test_large_bodies_differ_in_what_they_differ_in_here() -> None:
    one = answer(json.dumps({"id": "pay_1", "sum": "1.0", "pad": LONG, "rows": [{"at": 1}], "l": [1, [2]]}))
    other = answer(json.dumps({"id": "1", "sum": 2, "pad": LONG, "rows": [{"at": 2}], "l": [1, 10**400]}))
    policy = Policy.compile(EVERY_RULE)
    async with Comparing() as comparing:
        found = await comparing.compare(GET, one, other, policy)
        again = await comparing.compare(GET, other, one, policy)
    assert found == compare(GET, one, other, policy) and len(found.differences) == 3
    assert again == compare(GET, other, one, policy)


async def test_values_that_nest_deeply_come_back() -> None:
    deep = json.loads("[" * 500 + "1" + "]" * 500)
    one, other = answer(json.dumps({"pad": LONG})), answer(json.dumps({"pad": LONG, "deep": deep}))
    async with Comparing() as comparing:
        [found] = (await comparing.compare(GET, one, other, Policy.compile())).differences
    assert (found.path, found.kind, found.shadow) == ("$.deep", Kind.EXTRA, deep)


def test_a_policy_survives_the_way_to_another_process() -> None:
    policy = Policy.compile(EVERY_RULE, php=False)
    there = pickle.loads(pickle.dumps(policy))
    assert there.source == policy.source == (EVERY_RULE, False)
    one, other = answer('{"id": "pay_1", "at": 1}'), answer('{"id": "2", "at": 2}')
    assert compare(GET, one, other, there) == compare(GET, one, other, policy)


@pytest.mark.parametrize(
    ("one", "other", "rules"),
    [
        (items(3000, "1"), items(3000, "2"), CUBIC),
        (items(300, "1"), items(300, "2"), CUBIC),
        (
            answer("[" * 500 + "1" + "]" * 500),
            answer("[" * 500 + "2" + "]" * 500),
            {"ignore": ["$..*..*..*..[?@==3]"]},
        ),
        (
            answer(
                "<r "
                + " ".join(f'xmlns:n{n}="u{n}"' for n in range(3000))
                + ">"
                + "<n1:a/>" * 30_000
                + "</r>",
                XML,
            ),
            answer("<r/>", XML),
            {},
        ),
        (answer("<p>a<b>b</b>" * 90_000, HTML), answer("<p>a<b>c</b>" * 90_000, HTML), {}),
        (
            answer(gzip.compress(json.dumps(list(range(190_000))).encode()), JSON, content_encoding="gzip"),
            answer(
                gzip.compress(json.dumps(list(range(5, 190_005))).encode()), JSON, content_encoding="gzip"
            ),
            {},
        ),
    ],
    ids=["xpath", "xpath on little", "jsonpath on little", "namespaces", "html", "coded"],
)
async def test_what_takes_too_long_is_cut_off_with_a_verdict(
    one: Answer, other: Answer, rules: dict[str, object]
) -> None:
    async with Comparing(seconds=0.05) as comparing:
        found = await comparing.compare(GET, one, other, Policy.compile(rules))
    assert found.verdict is Verdict.INCONCLUSIVE and "0.05 s" in found.unread


async def test_a_status_that_differs_counts_whatever_the_bodies() -> None:
    one, other = items(3000, "1"), items(3000, "2")
    async with Comparing(seconds=0.05) as comparing:
        broken = Answer(500, other.fields, other.body)
        found = await comparing.compare(GET, one, broken, Policy.compile(CUBIC))
    assert [one.path for one in found.differences] == ["status"] and found.unread


async def test_after_one_that_was_cut_off_the_next_is_compared() -> None:
    async with Comparing(seconds=0.3) as comparing:
        await comparing.compare(GET, items(3000, "1"), items(3000, "2"), Policy.compile(CUBIC))
        found = await comparing.compare(GET, answer(f'"{LONG}"'), answer(f'"{LONG}y"'), Policy.compile())
    assert [one.path for one in found.differences] == ["$"] and not found.unread


async def test_others_work_while_something_slow_is_compared() -> None:
    async with Comparing(seconds=0.3) as comparing:
        slow = asyncio.create_task(
            comparing.compare(GET, items(3000, "1"), items(3000, "2"), Policy.compile(CUBIC))
        )
        quick = 0
        while not slow.done():
            await comparing.compare(GET, answer("1"), answer("2"), Policy.compile())
            await asyncio.sleep(0)
            quick += 1
    assert (await slow).unread and quick > 10


async def test_a_process_that_somebody_ended_is_replaced() -> None:
    pair = answer(f'"{LONG}"'), answer(f'"{LONG}y"')
    async with Comparing() as comparing:
        await comparing.compare(GET, *pair, Policy.compile())
        [child] = children()
        os.kill(child, signal.SIGKILL)
        assert (await comparing.compare(GET, *pair, Policy.compile())).differences


async def test_the_process_ends_with_the_worker() -> None:
    async with Comparing() as comparing:
        await comparing.compare(GET, answer(f'"{LONG}"'), answer("1"), Policy.compile())
        [child] = children()
    await until(lambda: child not in children())


async def test_small_bodies_need_no_process() -> None:
    async with Comparing() as comparing:
        assert (await comparing.compare(GET, answer("1"), answer("2"), Policy.compile())).differences
        assert children() == []


def children() -> list[int]:
    """The pids of this process' children that compare."""
    return [pid for pid in descendants(os.getpid()) if "shadow.comparing" in command(pid)]
