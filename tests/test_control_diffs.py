"""The control API for QA: single differences from log or ledger, groups, triage, the audit's pages."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.control import diff_source
from proxy.control.diff_source import LogFile
from proxy.control.groups_view import by_urgency, is_open
from proxy.ledger.diffs import Group, Triage
from tests.support.control import NOW, Control, control, diff, lines, seen

GROUPS = "/api/v1/diff-groups"
SIGNATURE = "feed" * 4


async def ids(running: Control, **query: Any) -> list[str]:
    answer = await running.get("/api/v1/diffs", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["diffs"]]


async def all_pages(running: Control, limit: int) -> list[str]:
    found: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = (await running.get("/api/v1/diffs", params=query)).json()
        found += [one["id"] for one in page["diffs"]]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


# -- reading a file from its end


@given(
    st.lists(st.binary(max_size=6).filter(lambda line: b"\n" not in line), max_size=8),
    st.integers(1, 9),
    st.data(),
)
def test_lines_come_backwards_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, texts: list[bytes], block: int, data: st.DataObject
) -> None:
    log = tmp_path_factory.getbasetemp() / "backwards.jsonl"
    unfinished = data.draw(st.sampled_from([b"", b"cut"]))
    log.write_bytes(b"".join(text + b"\n" for text in texts) + unfinished)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff_source, "_BLOCK", block)
        found = list(LogFile(str(log)).lines())
    assert [line.text for line in found] == texts[::-1]
    content = log.read_bytes()
    assert all(content[line.offset :].startswith(line.text + b"\n") for line in found)


# -- single differences


async def test_differences_come_from_the_log_the_newest_first(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        running.log.write_bytes(lines([diff(number) for number in range(3)]))
        answer = (await running.get("/api/v1/diffs")).json()
    assert [one["id"] for one in answer["diffs"]] == ["d00002", "d00001", "d00000"]
    assert answer["source"] == "log"
    assert answer["next"] is None


async def test_without_a_log_they_come_from_the_ledger(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, *(diff(number) for number in range(7)))
        assert (await running.get("/api/v1/diffs")).json()["source"] == "ledger"
        assert await all_pages(running, 2) == [f"d{number:05}" for number in reversed(range(7))]


@pytest.mark.parametrize("source", ["log", "ledger"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"route": "payment-list"}, ["d00002"]),
        ({"kind": "missing"}, ["d00003"]),
        ({"path": "$.items[3].amount"}, ["d00003", "d00002", "d00000"]),
        ({"path": "$.items[*].amount"}, ["d00003", "d00002", "d00000"]),
        ({"path": "$['a[0]']"}, ["d00001"]),
        ({"kind": "changed", "path": "$['a[0]']"}, ["d00001"]),
        ({"kind": "missing", "path": "$['a[0]']"}, []),
        ({"signature": "beef" * 4}, ["d00001"]),
        ({"verdict": "mismatch", "limit": 2}, ["d00003", "d00002"]),
        ({"verdict": "failed"}, []),
        ({"since": "2026-03-01T12:00:02Z"}, ["d00003", "d00002"]),
        ({"since": "2026-03-01T12:00:01", "until": "2026-03-01T13:00:02+01:00"}, ["d00001"]),
        ({"until": "1h"}, ["d00003", "d00002", "d00001", "d00000"]),
        ({"since": "1s"}, []),
    ],
)
async def test_filters(tmp_path: Path, source: str, query: dict[str, Any], expected: list[str]) -> None:
    amount = diff(0)["differences"][0]
    documents = [
        diff(0),
        diff(1, differences=[{**amount, "path": "$['a[0]']"}], signature="beef" * 4),
        diff(2, route="payment-list", signature="cafe" * 4),
        diff(3, differences=[{**amount, "kind": "missing"}]),
    ]
    async with control(tmp_path) as running:
        if source == "log":
            running.log.write_bytes(lines(documents))
        else:
            seen(running.ledger, *documents)
        assert await ids(running, **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": limit} for limit in ("0", "x", "501", "-1", "٣", "9" * 5000)),
        *(
            {"cursor": text}
            for text in ("x", "log.1", "log.x.1", "ledger.1", "ledger.999999999999999999.a", "a.1.2")
        ),
        *(
            {"since": "yesterday"},
            {"rout": "x"},
            {"until": "5 minutes"},
            {"verdict": "bogus"},
            {"kind": "new"},
        ),
    ],
)
async def test_a_query_that_means_nothing_is_refused(tmp_path: Path, query: dict[str, str]) -> None:
    async with control(tmp_path) as running:
        answer = await running.get("/api/v1/diffs", params=query)
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:banyan:bad-query"


async def test_pages_go_on_across_a_rotation(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        running.log.write_bytes(lines([diff(number) for number in range(4)]))
        first = (await running.get("/api/v1/diffs", params={"limit": 2})).json()
        running.log.rename(tmp_path / "diffs.20260301T120004.000000.jsonl")
        running.log.write_bytes(lines([diff(4)]))
        query = {"limit": 2, "cursor": first["next"]}
        second = (await running.get("/api/v1/diffs", params=query)).json()
        assert await all_pages(running, 2) == [f"d{number:05}" for number in reversed(range(5))]
    assert [one["id"] for one in second["diffs"]] == ["d00001", "d00000"]


async def test_a_page_reads_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff_source, "MOST_READ", 2000)
    async with control(tmp_path) as running:
        running.log.write_bytes(
            lines([diff(0, verdict="failed"), *(diff(number) for number in range(1, 20))])
        )
        page = (await running.get("/api/v1/diffs", params={"verdict": "failed"})).json()
        assert page["diffs"] == []
        assert page["next"] is not None
        query, pages = {"verdict": "failed"}, 1
        while page["next"] is not None and not page["diffs"]:
            page = (await running.get("/api/v1/diffs", params={**query, "cursor": page["next"]})).json()
            pages += 1
    assert [one["id"] for one in page["diffs"]] == ["d00000"]
    assert pages > 2


async def test_lines_that_are_none_are_passed_over(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        running.log.write_bytes(b"\n{\n[1]\n\xff\n" + lines([diff(1)]) + b'{"id": "unfini')
        assert await ids(running) == ["d00001"]


@pytest.mark.parametrize("source", ["log", "ledger"])
async def test_one_difference_by_its_id(tmp_path: Path, source: str) -> None:
    async with control(tmp_path) as running:
        if source == "log":
            running.log.write_bytes(lines([diff(0), diff(1)]))
        else:
            seen(running.ledger, diff(0), diff(1))
        assert (await running.get("/api/v1/diffs/d00000")).json() == diff(0)
        missing = await running.get("/api/v1/diffs/d0000")
    assert missing.status_code == 404
    assert "aged out" in missing.json()["detail"]


# -- groups


async def test_groups_come_by_what_to_look_at_first(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1, signature="a" * 16), severity="minor", count=900)
        seen(running.ledger, diff(2, signature="b" * 16), severity="critical", count=2)
        seen(running.ledger, diff(3, signature="c" * 16), severity="critical", count=90)
        answer = (await running.get(GROUPS)).json()
        found = [group["signature"][0] for group in answer["groups"]]
        assert found == ["c", "b", "a"]
        assert answer["total"] == 3
        assert len((await running.get(GROUPS, params={"limit": 1})).json()["groups"]) == 1
        assert (await running.get(GROUPS, params={"route": "admin"})).json()["groups"] == []


def test_an_old_group_gives_way_and_a_judged_one_goes_last() -> None:
    judged = group("judged", verdict=Triage.EXPECTED)
    bug = group("bug", verdict=Triage.BUG)
    old = group("old", last_seen=NOW - timedelta(days=3))
    ranked = by_urgency([judged, bug, old, group("fresh")], NOW)
    assert [one.signature for one in ranked] == ["fresh", "old", "bug", "judged"]


def group(name: str, **changes: Any) -> Group:
    values: dict[str, Any] = {
        **{"signature": name, "route": "r", "severity": "major", "count": 5, "differences": "[]"},
        **{"first_seen": NOW, "last_seen": NOW, "verdict": None, "note": None, "until": None},
        **{"triaged_by": None, "triaged_at": None},
    }
    return Group(**{**values, **changes})


@pytest.mark.parametrize(("until", "expected"), [(None, False), (timedelta(1), False), (timedelta(0), True)])
def test_a_verdict_that_lapsed_leaves_a_group_open(until: timedelta | None, expected: bool) -> None:
    lapse = None if until is None else NOW + until
    assert is_open(group("a", verdict=Triage.NOISE, until=lapse), NOW) is expected


# -- triage


async def test_what_somebody_says_of_a_group_is_kept_shown_and_audited(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        body = {"verdict": "expected", "note": "rounding", "until": "2999-01-01T00:00:00Z"}
        said = (await running.post(f"{GROUPS}/{SIGNATURE}/triage", body)).json()
        assert (said["verdict"], said["note"], said["open"]) == ("expected", "rounding", False)
        assert datetime.fromisoformat(said["until"]).year == 2999
        shown = (await running.get(f"{GROUPS}/{SIGNATURE}")).json()
        assert shown["triaged_by"] == "local"
        assert [sample["id"] for sample in shown["samples"]] == ["d00001"]
        assert (await running.get(GROUPS, params={"state": "open"})).json()["groups"] == []
        [entry] = (await running.get("/api/v1/audit")).json()["entries"]
        assert (entry["action"], entry["reason"]) == ("triage", "rounding")


async def test_a_group_can_be_opened_again(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        await running.post(f"{GROUPS}/{SIGNATURE}/triage", {"verdict": "bug"})
        said = (await running.post(f"{GROUPS}/{SIGNATURE}/triage", {"verdict": "open"})).json()
    assert (said["verdict"], said["open"]) == (None, True)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "verdict is required"),
        ({"verdict": "bgu"}, "did you mean bug?"),
        ({"verdict": "bug", "until": "soon"}, "until must be an instant"),
        ({"verdict": "bug", "until": 5}, "until must be an instant"),
        ({"verdict": "bug", "until": "9999-12-31T23:59:59-14:00"}, "until must be an instant"),
        ({"verdict": "bug", "until": "2026-03-01T12:00:00Z"}, "still to come"),
        ({"verdict": "bug", "notes": ""}, "did you mean note?"),
    ],
)
async def test_a_triage_that_means_nothing_is_refused(tmp_path: Path, body: Any, said: str) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(f"{GROUPS}/{SIGNATURE}/triage", body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/diffs", GROUPS])
async def test_a_route_that_never_was_is_a_404_with_what_may_be_meant(tmp_path: Path, path: str) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1, route="gone-by-now"))
        wrong = await running.get(path, params={"route": "payment-shwo"})
        quiet = await running.get(path, params={"route": "admin"})
        gone = await running.get(path, params={"route": "gone-by-now"})
    assert wrong.status_code == 404 and "did you mean payment-show?" in wrong.json()["detail"]
    assert quiet.status_code == gone.status_code == 200


async def test_what_was_left_out_is_said_by_its_reason_beside_the_groups(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for label, amount in (
            ("payment-show too_large", 2),
            ("admin too_large", 3),
            ("admin sampled_out", 4),
        ):
            running.state.totals.count("shadow_skipped", label, amount)
        running.state.totals.count("shadow_verdict", "payment-show match", 7)
        every = (await running.get(GROUPS)).json()["mirrored"]
        one = (await running.get(GROUPS, params={"route": "payment-show"})).json()["mirrored"]
        page = (await running.get("/differences")).text
    assert every == {"verdicts": {"match": 7}, "skipped": {"too_large": 5, "sampled_out": 4}}
    assert one == {"verdicts": {"match": 7}, "skipped": {"too_large": 2}}
    assert "5 too_large" in " ".join(page.split()) and "4 sampled_out" in page


async def test_an_unknown_group_is_a_404(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for answer in (
            await running.post(f"{GROUPS}/none/triage", {"verdict": "bug"}),
            await running.get(f"{GROUPS}/none"),
        ):
            assert answer.status_code == 404
            assert "banyan diffs groups" in answer.json()["detail"]


# -- the audit


async def test_the_audit_comes_in_pages(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        for number in range(5):
            body = {"stage": ("legacy", "shadow")[number % 2], "reason": f"{number}"}
            route = ("payment-show", "payment-list")[number == 2]
            await running.post(f"/api/v1/routes/{route}/flip", body)
        first = (await running.get("/api/v1/audit", params={"limit": 3})).json()
        rest = (await running.get("/api/v1/audit", params={"limit": 3, "cursor": first["next"]})).json()
        one = (await running.get("/api/v1/audit", params={"route": "payment-list"})).json()
    assert [entry["reason"] for entry in first["entries"] + rest["entries"]] == ["4", "3", "2", "1", "0"]
    assert rest["next"] is None
    assert [entry["reason"] for entry in one["entries"]] == ["2"]
