"""The demo, mirrored: its three planted bugs are the groups that QA sees, and nothing else is."""

import json
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from demo.story.screen import Screen
from demo.story.stack import Stack, Wishes, running_stack
from demo.story.stages import save, stages, with_stages
from demo.story.visits import reads, writes
from demo.story.wire import ask
from tests.support.demo import NOW
from tests.test_shadow_faults import logged

BUGS = {
    ("rate-fee", "$.fee", "changed"),
    ("pay-link", "status", "changed"),
    ("merchant-report", "$.totals.chargebacks", "missing"),
}
"""demo/README.md, "Three bugs to be found"."""
ROUNDS = 12
TOO_SLOW = {("inconclusive", "unconfirmed"), ("failed", "timeout")}
"""What a machine that has no time makes of an exchange."""


def groups(ledger: Path) -> list[dict[str, Any]]:
    """What the answers differ in. A machine that is too slow for one in time is no bug of the demo."""
    with closing(sqlite3.connect(ledger)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("select * from banyan_diff_groups")
        read = [{**dict(row), "differences": json.loads(row["differences"])} for row in found]
    return [group for group in read if group["differences"][0]["path"] != "status:timeout"]


def bugs_in(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {
        (group["route"], difference["path"], difference["kind"])
        for group in found
        for difference in group["differences"]
    }


@pytest.fixture(scope="module", params=["as shipped", "all mirrored"])
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The running demo, its clock stopped; the second time with every route at stage shadow."""
    with running_stack(Wishes(now=NOW, usual_ports=False), Screen()) as stack:
        if request.param == "all mirrored":
            text = stack.routes.read_text()
            save(stack.routes, with_stages(text, dict.fromkeys(stages(text), "shadow")))
        yield stack


def test_the_planted_bugs_are_found_and_nothing_else(stack: Stack) -> None:
    chance, home = random.Random(1), stack.routes.parent
    log, ledger = home / "var/diffs.jsonl", home / "banyan.db"
    deadline = time.monotonic() + 180
    found: list[dict[str, Any]] = []
    while bugs_in(found) != BUGS or sum(group["count"] for group in found) < ROUNDS:
        assert time.monotonic() < deadline, bugs_in(found)
        for visit in (*reads(chance), *writes(chance)):
            ask(stack.at.clients, visit.request)
        time.sleep(0.3)
        found = groups(ledger) if log.exists() and log.stat().st_size else []
    assert len(found) == len(BUGS)
    assert {group["severity"] for group in found} == {"critical"}
    lines = logged(log.parent)
    others = {(line["verdict"], line["reason"]) for line in lines if line["verdict"] != "mismatch"}
    assert others <= {("inconclusive", "vanished"), *TOO_SLOW}
    assert {line["method"] for line in lines} == {"GET"}
