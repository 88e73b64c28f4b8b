"""The control API for engineers: where routes stand, flips, rollbacks, ramps, and what is refused."""

import asyncio
import json
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from proxy.control import routes_api
from proxy.ledger import replicas
from proxy.ledger.columns import now
from proxy.ledger.schema import replicas as table
from proxy.link import Fleet
from proxy.rollout.view import LedgerView
from tests.support.config import snapshot
from tests.support.control import Control, control, diff, seen
from tests.support.rollout import alive, eventually

ONE = "/api/v1/routes/payment-show"
FLIP = f"{ONE}/flip"
JSON = {"Content-Type": "application/json"}
CANARY = {"stage": "canary", "weight": 12.5, "reason": "a first taste"}


async def version(running: Control) -> int:
    found: int = (await running.get(ONE)).json()["version"]
    return found


async def entries(running: Control) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await running.get("/api/v1/audit")).json()["entries"]
    return found


async def test_a_file_that_is_refused_is_told_beside_what_stays_in_force(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        assert (await running.get("/api/v1/routes")).json()["config_errors"] == []
        running.state.take(Fleet({}, False, ("routes.yaml:1:1: <b>", "routes.yaml:2:1: b"), 1, LedgerView()))
        told = (await running.get("/api/v1/routes")).json()
        page = (await running.get("/")).text
    assert told["config_errors"] == ["routes.yaml:1:1: <b>", "routes.yaml:2:1: b"]
    assert len(told["routes"]) == 3
    assert "routes.yaml:1:1: &lt;b&gt;" in page and "routes.yaml:2:1: b" in page


async def test_a_flip_names_the_routes_of_its_group_that_stand_elsewhere(tmp_path: Path) -> None:
    routes = """\
    routes:
      - {id: pay, match: {path: /pay}, modern: payments, group: checkout}
      - {id: capture, match: {path: /capture}, modern: payments, group: checkout, stage: shadow}
      - {id: refund, match: {path: /refund}, modern: payments, group: checkout, stage: modern}
      - {id: other, match: {path: /other}, modern: payments, stage: modern}
      - {id: third, match: {path: /third}, modern: payments, stage: modern}
    """
    async with control(tmp_path) as running:
        assert running.state.snapshot is not None
        config = running.state.snapshot.config
        running.state.snapshot = replace(snapshot(routes), config=config)
        reason = {"reason": "x"}
        to_modern = (await running.post("/api/v1/routes/pay/flip", {"stage": "modern", **reason})).json()
        back = (await running.post("/api/v1/routes/pay/rollback", reason)).json()
        alone = (await running.post("/api/v1/routes/other/flip", {"stage": "legacy", **reason})).json()
    assert (to_modern["apart"], back["apart"], alone["apart"]) == (["capture"], ["refund"], [])


async def test_the_audit_of_a_route_that_there_is_not_says_so(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        await running.post(FLIP, CANARY)
        answers = [
            await running.get("/api/v1/audit", params={"route": route})
            for route in ("payment-show", "payment-list", "payment-shwo")
        ]
        older = await running.get("/api/v1/audit", params={"route": "gone-from-the-file", "cursor": 1})
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert "did you mean payment-show?" in answers[2].json()["detail"]
    assert (older.status_code, older.json()) == (200, {"entries": [], "next": None})


# -- flips


async def test_a_flip_is_made_audited_and_announced(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, CANARY)
        assert answer.status_code == 200
        made = answer.json()
        assert made["was"] == {"stage": "shadow", "weight": 0}
        assert made["became"] == {"stage": "canary", "weight": 12.5}
        assert answer.headers["etag"] == f'"{made["version"]}"'
        assert running.announced == [made["version"]]
        [entry] = await entries(running)
        assert (entry["actor"], entry["source"], entry["reason"]) == ("local", "api", "a first taste")
        assert (entry["was"], entry["became"]) == ("shadow", "canary 12.5 %")
        assert entry["version"] == made["version"]


async def test_the_audit_tells_the_command_line_from_other_programs(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        await running.post(FLIP, CANARY, headers={"User-Agent": "banyan-cli/0.1"})
        assert (await entries(running))[0]["source"] == "cli"


async def test_a_flip_is_confirmed_when_the_bell_rings_and_not_by_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_api, "PATIENCE", 3600)
    monkeypatch.setattr(routes_api, "LOOK", 3600)
    async with control(tmp_path) as running:
        running.ledger.write(lambda found: replicas.report(found, "one", 0, {}))
        flipping = asyncio.create_task(running.post(FLIP, CANARY))
        await asyncio.to_thread(eventually, lambda: running.announced)
        [version] = running.announced
        running.ledger.write(lambda found: replicas.report(found, "one", version, {}))
        running.bell.ring()
        answer = await asyncio.wait_for(flipping, 60)
        assert answer.json()["replicas"] == {"confirmed": ["one"], "missing": [], "silent": []}


async def test_a_flip_names_the_replicas_that_have_it_and_those_that_have_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_api, "PATIENCE", 0.0)
    async with control(tmp_path, heard=lambda version: alive(running.ledger, "quick", version)) as running:
        for name in ("quick", "slow", "silent"):
            alive(running.ledger, name, 0)
        fell_silent = update(table).where(table.c.id == "silent").values(seen=now() - 60_000)
        running.ledger.write(lambda found: found.execute(fell_silent))
        made = (await running.post(FLIP, CANARY)).json()
    assert made["replicas"] == {"confirmed": ["quick"], "missing": ["slow"], "silent": ["silent"]}
    assert made["seconds"] is not None


async def test_who_lived_when_a_flip_was_made_and_then_fell_silent_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaping = count(step=60)
    monkeypatch.setattr(routes_api, "time", SimpleNamespace(monotonic=lambda: float(next(leaping))))
    async with control(tmp_path) as running:
        alive(running.ledger, "silent", 0)
        fell_silent = update(table).where(table.c.id == "silent").values(seen=now() - 30_000)
        running.ledger.write(lambda found: found.execute(fell_silent))
        made = (await running.post(FLIP, CANARY)).json()
    assert made["replicas"] == {"confirmed": [], "missing": ["silent"], "silent": []}


@pytest.mark.parametrize("tag", ['"0"', "*"])
async def test_a_flip_with_the_version_in_force_is_made(tmp_path: Path, tag: str) -> None:
    async with control(tmp_path) as running:
        assert (await running.get(ONE)).headers["etag"] == '"0"'
        assert (await running.post(FLIP, CANARY, headers={"If-Match": tag})).status_code == 200


@pytest.mark.parametrize("path", [FLIP, f"{ONE}/rollback", f"{ONE}/ramp"])
async def test_a_change_with_a_stale_version_is_refused(tmp_path: Path, path: str) -> None:
    bodies = {FLIP: CANARY, f"{ONE}/rollback": {"reason": "x"}, f"{ONE}/ramp": {"action": "start"}}
    async with control(tmp_path) as running:
        await running.post(FLIP, CANARY)
        answer = await running.post(path, bodies[path], headers={"If-Match": '"0"'})
        assert answer.status_code == 412
        assert answer.json()["type"] == "urn:banyan:stale-version"
        assert await version(running) == 1


@pytest.mark.parametrize("tag", ["7", 'W/"7"', '"7", "8"', '"x"', "", '"٣"'.encode()])
async def test_what_is_no_version_is_refused(tmp_path: Path, tag: str | bytes) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, CANARY, headers={"If-Match": tag})
        assert answer.status_code == 400
        assert await version(running) == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, ["stage is required", "reason is required"]),
        ({"stage": "canry", "weight": 5, "reason": "x"}, ["did you mean canary?"]),
        ({"stage": 5, "reason": "x"}, ["stage must be legacy, shadow, canary or modern"]),
        ({"stage": "canary", "reason": "x"}, ["stage canary needs a weight"]),
        ({"stage": "modern", "weight": 5, "reason": "x"}, ["leave it out for modern"]),
        ({"stage": "canary", "weight": 101, "reason": "x"}, ["weight must not be more than 100 percent"]),
        ({"stage": "canary", "weight": 0.001, "reason": "x"}, ["two decimals at most"]),
        ({"stage": "canary", "weight": True, "reason": "x"}, ["weight must be a percentage"]),
        ({"stage": "canary", "weight": -1, "reason": "x"}, ["weight must be a percentage"]),
        ({"stage": "legacy", "reason": "  "}, ["reason must say why"]),
        ({"stage": "legacy", "reason": "a\0b"}, ["without NUL"]),
        ({"stage": "legacy", "reason": "\ud800"}, ["reason must be text"]),
        ({"stage": "legacy", "reason": "x" * 2001}, ["at most 2000 characters"]),
        ({"stage": "legacy", "reason": ["x"]}, ["reason must be text"]),
        ({"stage": "legacy", "reason": "x", "wieght": 5}, ["wieght is an unknown key; did you mean weight?"]),
        ([], ["must be an object with stage, weight, reason"]),
        (None, ["must be an object"]),
    ],
)
async def test_a_body_is_refused_with_everything_that_is_wrong(
    tmp_path: Path, body: Any, said: list[str]
) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, content=json.dumps(body), headers=JSON)
        assert answer.status_code == 422
        assert all(words in answer.json()["detail"] for words in said), answer.json()["detail"]
        assert await version(running) == 0


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"stage": NaN}', b"[" * 60_000])
async def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:banyan:not-json"


async def test_a_huge_body_is_refused(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(FLIP, content=b" " * 70_000, headers=JSON)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["flip", "rollback", "ramp"])
async def test_an_unknown_route_is_named_with_what_may_be_meant(tmp_path: Path, path: str) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(f"/api/v1/routes/payment-shw/{path}", CANARY)
    assert answer.status_code == 404
    assert "did you mean payment-show?" in answer.json()["detail"]


async def test_a_route_without_a_modern_side_cannot_leave_legacy(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post("/api/v1/routes/admin/flip", CANARY)
    assert answer.status_code == 409
    assert "no modern side" in answer.json()["detail"]


# -- rollbacks


async def test_a_rollback_leads_to_the_stage_before(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        await running.post(FLIP, CANARY)
        made = (await running.post(f"{ONE}/rollback", {"reason": "errors"})).json()
        assert made["became"] == {"stage": "shadow", "weight": 0}
        assert (await entries(running))[0]["action"] == "rollback"


async def test_what_stands_at_legacy_cannot_be_rolled_back(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post("/api/v1/routes/payment-list/rollback", {"reason": "x"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:banyan:nothing-before"


async def test_the_panic_button_puts_everything_to_legacy(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        await running.post("/api/v1/routes/payment-list/flip", {"stage": "modern", "reason": "x"})
        made = (await running.post("/api/v1/rollback", {"reason": "panic"})).json()
        assert [flip["route"] for flip in made["flips"]] == ["payment-show", "payment-list"]
        again = (await running.post("/api/v1/rollback", {"reason": "panic"})).json()
        assert again["flips"] == []


# -- ramps


async def test_a_ramp_is_driven_and_shown(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for action, state in (("start", "running"), ("pause", "paused"), ("resume", "baking")):
            answer = await running.post(f"{ONE}/ramp", {"action": action, "reason": "try"})
            assert answer.json()["state"] == state
            assert (await running.get(ONE)).json()["ramp"]["state"] == state
        assert (await running.post(f"{ONE}/ramp", {"action": "resume"})).status_code == 409
        assert (await running.post(f"{ONE}/ramp", {"action": "abort"})).json()["state"] == "aborted"


async def test_a_route_without_a_ramp_in_the_file_has_none_to_start(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.post("/api/v1/routes/payment-list/ramp", {"action": "start"})
        unknown = await running.post(f"{ONE}/ramp", {"action": "strat"})
    assert answer.status_code == 409
    assert "ramp:" in answer.json()["detail"]
    assert "did you mean start?" in unknown.json()["detail"]


# -- the table, and a ledger that is away


async def test_the_table_shows_file_and_ledger(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        await running.post(FLIP, CANARY)
        seen(running.ledger, diff(1), count=7)
        running.state.totals.count("shadow_verdict", "payment-show mismatch", 7)
        table = (await running.get("/api/v1/routes")).json()
    shown = {route["id"]: route for route in table["routes"]}
    assert list(shown) == ["payment-show", "payment-list", "admin"]
    assert table["ledger"] == "ok"
    assert shown["payment-show"]["version"] == 1
    assert shown["payment-show"]["file"] == {"stage": "shadow", "weight": 0}
    assert shown["payment-show"]["diff_groups"] == {"groups": 1, "exchanges": 7}
    assert shown["payment-show"]["verdicts"] == {"mismatch": 7}
    assert shown["payment-list"]["version"] == 0
    assert shown["payment-list"]["verdicts"] == {}


async def test_without_a_ledger_the_table_is_shown_and_changes_are_refused(tmp_path: Path) -> None:
    async with control(tmp_path, url=f"sqlite:///{tmp_path}/never-upgraded.db") as running:
        table = await running.get("/api/v1/routes")
        one = await running.get(ONE)
        flip = await running.post(FLIP, CANARY)
        audit = await running.get("/api/v1/audit")
    assert table.status_code == 200
    assert "unavailable" in table.json()["ledger"]
    assert one.json()["version"] is None
    assert "etag" not in one.headers
    for refused in (flip, audit):
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "5"
        assert "nothing was changed; a route's stage in routes.yaml holds without" in refused.json()["detail"]


async def test_a_ledger_that_cannot_be_reached_is_a_503(tmp_path: Path) -> None:
    async with control(tmp_path, url="postgresql://nobody@127.0.0.1:1/none") as running:
        assert (await running.post(FLIP, CANARY)).status_code == 503


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing", "/api/v1/routes/none"])
async def test_what_there_is_not_is_a_problem_document(tmp_path: Path, path: str) -> None:
    async with control(tmp_path) as running:
        answer = await running.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_is_said_to_be_one(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        answer = await running.get(FLIP)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_defect_shows_none_of_its_insides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(routes_api, "routes_view", broken)
    async with control(tmp_path) as running:
        answer = await running.get("/api/v1/routes")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
