"""What `banyan demo` says of shadowing and ramps, and what it takes for a failure."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from demo.story import findings, ramps
from demo.story.control import Group, RampSeen
from demo.story.plans import BROKEN, CLEAN, PLANS
from demo.story.stages import with_ramps
from proxy.config.ramp import Ramp
from tests.support.checkout import ROOT, run

SHIPPED = (ROOT / "routes.yaml").read_text()


def difference(
    path: str, kind: str, primary: str | None = "1", shadow: str | None = None
) -> dict[str, object]:
    where = "status" if path == "status" else "body"
    return {"where": where, "path": path, "kind": kind, "primary": primary, "shadow": shadow}


PLANTED = [Group(route, 3, "critical", (difference(path, kind),)) for route, path, kind in findings.BUGS]


def test_the_planted_bugs_are_what_has_to_be_found() -> None:
    assert findings.judge(PLANTED) is None


@pytest.mark.parametrize(
    "missed", sorted(PLANTED, key=lambda group: group.route), ids=lambda group: group.route
)
def test_a_bug_that_is_not_found_is_a_failure(missed: Group) -> None:
    problem = findings.judge([group for group in PLANTED if group is not missed])
    assert problem is not None
    assert missed.route in problem


@pytest.mark.parametrize(
    "other",
    [
        Group("rates", 1, "minor", (difference("$.generated_at", "changed"),)),
        Group("pay-link", 1, "minor", (difference("location", "changed"),)),
        PLANTED[0],
    ],
    ids=["another route", "another difference", "the same twice"],
)
def test_anything_else_that_is_found_is_a_failure(other: Group) -> None:
    assert findings.judge([*PLANTED, other]) is not None


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (difference("status", "changed", "302", "307"), "the status is 302 from PHP and 307 from Python"),
        (difference("$.a", "missing", "1"), "$.a is missing in Python's answer, PHP says 1"),
        (difference("$.a", "extra", None, "2"), "$.a is in Python's answer only, 2"),
    ],
)
def test_a_group_is_a_sentence(found: dict[str, object], words: str) -> None:
    group = Group("pay-link", 1, "critical", (found,))
    assert findings.sentence(group) == f"pay-link, critical, once: {words}"
    assert findings.sentence(replace(group, count=20)) == f"pay-link, critical, 20 times: {words}"


ENDED = {
    CLEAN: RampSeen("done", 2, "all gates passed at 100 %"),
    BROKEN: RampSeen("rolled_back", 0, "mismatches: 22 of 60 compared exchanges mismatch"),
}
POSITIONS = {CLEAN: ("canary", 100.0), BROKEN: ("shadow", 0.0)}


def test_the_ramps_end_as_the_story_has_it() -> None:
    assert ramps.judge(ENDED, POSITIONS) == []


@pytest.mark.parametrize(
    ("route", "seen", "position"),
    [
        (CLEAN, RampSeen("baking", 1, "errors: no modern requests yet"), ("canary", 50.0)),
        (CLEAN, RampSeen("rolled_back", 1, "errors: 9 of 9"), ("shadow", 0.0)),
        (CLEAN, ENDED[CLEAN], ("canary", 50.0)),
        (BROKEN, RampSeen("done", 2, "all gates passed at 100 %"), ("canary", 100.0)),
        (BROKEN, ENDED[BROKEN], ("canary", 25.0)),
        (BROKEN, RampSeen("rolled_back", 0, "errors: 9 of 9"), ("shadow", 0.0)),
    ],
)
def test_a_ramp_that_ends_otherwise_is_a_failure(
    route: str, seen: RampSeen, position: tuple[str, float]
) -> None:
    (problem,) = ramps.judge(ENDED | {route: seen}, POSITIONS | {route: position})
    assert problem.startswith(f"the ramp of {route} is {seen.state} at {position[0]} ")
    assert problem.endswith(seen.reason)


def test_the_demos_copy_has_the_plans_and_is_else_as_shipped(tmp_path: Path) -> None:
    copy = tmp_path / "routes.yaml"
    copy.write_text(with_ramps(SHIPPED, PLANS))
    lines = copy.read_text().splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("    ramp: ")) == SHIPPED
    planned = {route["id"] for route in yaml.safe_load(copy.read_text())["routes"] if "ramp" in route}
    assert planned == {CLEAN, BROKEN}
    done = run("banyan", "check", copy)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_ramps_have_the_same_gates_and_take_back() -> None:
    clean, broken = (Ramp.model_validate(yaml.safe_load(PLANS[route])) for route in (CLEAN, BROKEN))
    assert clean == broken
    assert broken.on_breach == "rollback"
    assert broken.gates.mismatches is not None
