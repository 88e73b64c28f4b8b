"""The web pages: what they show, that they show it as text, and that their forms do what they say."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from proxy.control import routes_api
from proxy.control.pages import GROUPS_PAGE
from proxy.ledger import replicas
from tests.support.control import HOST, TOKENS, Control, bearer, control, diff, seen

ORIGIN = {"Origin": f"http://{HOST}"}
EVIL = "<script>alert('x')</script>"
SIGNATURE = "feed" * 4


async def submitted(running: Control, path: str, **fields: Any) -> tuple[int, str]:
    """Status, and where it leads or what it says."""
    answer = await running.post(path, data=fields, headers=ORIGIN)
    notice = re.search(r'class="notice" role="alert">(.*?)</p>', answer.text, re.DOTALL)
    return answer.status_code, answer.headers.get("location") or unescape(notice[1] if notice else "")


@pytest.mark.parametrize(
    "path",
    ["/", "/differences", "/noise", "/audit", "/login", f"/differences/{SIGNATURE}", "/differences/none"],
)
async def test_pages_run_no_script_but_ours(tmp_path: Path, path: str) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        page = await running.get(path)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r'style="|<style|<script>|\son\w+=|(src|href)="(?!/|#)', page.text)


@pytest.mark.parametrize("name", ["style.css", "live.js"])
async def test_what_pages_need_is_there_before_signing_in(tmp_path: Path, name: str) -> None:
    async with control(tmp_path, tokens=True) as running:
        login = await running.get("/login")
        assert f"/static/{name}" in login.text
        assert (await running.get(f"/static/{name}")).status_code == 200


async def test_of_very_many_groups_the_most_urgent_are_shown_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.control.quality_api.MOST_GROUPS", GROUPS_PAGE + 10)
    async with control(tmp_path) as running:
        many = [diff(number, signature=f"{number:016x}") for number in range(GROUPS_PAGE + 20)]
        seen(running.ledger, *many)
        page = (await running.get("/differences")).text
        few = (await running.get("/differences?route=payment-list")).text
        told = (await running.get("/api/v1/diff-groups?limit=1")).json()
    assert page.count('class="group card"') == GROUPS_PAGE
    assert "These are the 100 most urgent of 120 groups" in page
    assert "most urgent of" not in few
    assert (len(told["groups"]), told["total"]) == (1, 120)


async def test_what_others_wrote_is_shown_as_text(tmp_path: Path) -> None:
    difference = {**diff(1)["differences"][0], "path": EVIL, "primary": EVIL, "shadow": EVIL, "hint": EVIL}
    async with control(tmp_path) as running:
        request = {"fields": [["X-A", EVIL]], "body": EVIL}
        seen(running.ledger, diff(1, target=EVIL, differences=[difference], request=request))
        await submitted(running, f"/differences/{SIGNATURE}/triage", verdict="bug", note=EVIL)
        await submitted(running, "/routes/payment-show/flip", stage="legacy", reason=EVIL)
        for path in ("/", "/differences?state=all", f"/differences/{SIGNATURE}", "/audit"):
            page = await running.get(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text


async def test_the_routes_page_shows_where_each_stands(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        await submitted(running, "/routes/payment-list/flip", stage="canary", weight="12.5", reason="x")
        page = (await running.get("/")).text
    row = page[page.index('id="payment-show"') : page.index('id="payment-list"')]
    assert "shadow" in row
    assert "1 open" in row
    assert 'action="/routes/payment-show/flip"' in row


async def test_a_flip_by_form(tmp_path: Path) -> None:
    path = "/routes/payment-show/flip"
    async with control(tmp_path) as running:
        done = await submitted(running, path, stage="canary", weight="5", reason="try", version="0")
        assert done == (303, "/#payment-show")
        [entry] = (await running.get("/api/v1/audit")).json()["entries"]
        assert (entry["source"], entry["became"]) == ("ui", "canary 5 %")
        stale = await submitted(running, path, stage="legacy", reason="x", version="0")
        assert stale[0] == 412
        assert "changed since" in stale[1]
        back = await submitted(running, "/routes/payment-show/rollback", reason="x")
        assert back == (303, "/#payment-show")
        assert len(running.announced) == 2


async def test_the_weight_of_a_form_counts_for_a_canary_alone(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        path = "/routes/payment-show/flip"
        assert (await submitted(running, path, stage="legacy", weight="5", reason="x"))[0] == 303
        status, said = await submitted(running, path, stage="canary", weight="lots", reason="x")
        assert (status, "weight must be a percentage" in said) == (422, True)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/routes/payment-show/flip", {"stage": "legacy", "reason": ""}, 422),
        ("/routes/payment-show/flip", {}, 422),
        ("/routes/nope/flip", {"stage": "legacy", "reason": "x"}, 404),
        ("/routes/payment-list/rollback", {"reason": "x"}, 409),
        ("/routes/payment-list/ramp", {"action": "start"}, 409),
        ("/rollback", {"reason": ""}, 422),
    ],
)
async def test_what_a_form_is_refused_is_said_on_the_page(
    tmp_path: Path, path: str, fields: dict[str, str], status: int
) -> None:
    async with control(tmp_path) as running:
        refused = await submitted(running, path, **fields)
    assert refused[0] == status
    assert refused[1]


async def test_a_body_that_is_no_form_is_refused(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for content in (b"\xff", b"&".join(b"a=1" for _ in range(30))):
            answer = await running.post("/rollback", content=content, headers=ORIGIN)
            assert answer.status_code == 400


async def test_a_replica_that_has_not_a_flip_yet_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_api, "PATIENCE", 0.0)
    async with control(tmp_path) as running:
        running.ledger.write(lambda found: replicas.report(found, "slow", 0, {}))
        said = await submitted(running, "/rollback", reason="panic")
    assert "slow" in said[1]


async def test_a_ramp_by_form(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for action in ("start", "pause", "resume", "abort"):
            page = (await running.get("/")).text
            assert f'value="{action}"' in page
            done = await submitted(running, "/routes/payment-show/ramp", action=action)
            assert done == (303, "/#payment-show")


async def test_triage_by_form(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        seen(running.ledger, diff(1))
        path = f"/differences/{SIGNATURE}"
        viewer = await running.get(path, headers=bearer("viewer"))
        reviewer = await running.get(path, headers=bearer("reviewer"))
        assert "/triage" not in viewer.text
        assert "/triage" in reviewer.text
        said = {"verdict": "expected", "note": "fine", "until": ""}
        answer = await running.post(f"{path}/triage", data=said, headers=bearer("reviewer"))
        assert (answer.status_code, answer.headers["location"]) == (303, path)
        open_ones = await running.get("/differences", headers=bearer("viewer"))
        assert SIGNATURE not in open_ones.text


async def test_a_group_shows_its_request_for_a_shell(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        page = (await running.get(f"/differences/{SIGNATURE}")).text
    assert "curl -i -X GET -H &#39;X-A: 1&#39;" in page


async def test_a_viewer_sees_no_forms(tmp_path: Path) -> None:
    async with control(tmp_path, tokens=True) as running:
        page = await running.get("/", headers=bearer("viewer"))
        refused = await running.post("/rollback", data={"reason": "x"}, headers=bearer("viewer"))
    assert "<form" not in page.text
    assert refused.status_code == 403
    assert "operator" in refused.text
    assert TOKENS["viewer"] not in page.text


async def test_without_a_ledger_the_pages_say_so(tmp_path: Path) -> None:
    async with control(tmp_path, url=f"sqlite:///{tmp_path}/never-upgraded.db") as running:
        for path, status in (("/", 200), ("/differences", 200), ("/noise", 200), ("/audit", 503)):
            answer = await running.get(path)
            assert answer.status_code == status and "unavailable" in answer.text
            assert "Nothing differs" not in answer.text and "none open" not in answer.text


async def test_the_audit_page_leads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.control.pages.AUDIT_PAGE", 1)
    async with control(tmp_path) as running:
        for stage in ("legacy", "shadow"):
            await submitted(running, "/routes/payment-show/flip", stage=stage, reason=f"to {stage}")
        first = await running.get("/audit")
        older = re.search(r'href="(/audit\?cursor=\d+)"', first.text)
        assert "to shadow" in first.text
        assert older is not None
        assert "to legacy" in (await running.get(older[1])).text
