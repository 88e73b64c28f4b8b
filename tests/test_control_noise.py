"""Noise, for people: what was learned is visible; they pin, forbid, and leave it to what was learned."""

import re
from collections import Counter
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from proxy.ledger import Ledger, noise
from proxy.ledger.columns import milliseconds, now
from proxy.ledger.schema import noise as table
from proxy.shadow_store import LedgerStore
from shadow.noise import Seen
from tests.support.control import HOST, Control, bearer, control

ORIGIN = {"Origin": f"http://{HOST}"}
NOISE = "/api/v1/noise"


def learned(ledger: Ledger, route: str = "payment-show") -> None:
    ledger.write(lambda connection: noise.learn(connection, route, 50, {"$.time": 50, "$.rare": 1}))
    ledger.write(lambda connection: noise.compare(connection, route, 100, {"$.time": 100, "$.rare": 40}))


async def test_what_was_learned_is_listed_with_its_counts(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        learned(running.ledger)
        learned(running.ledger, "payment-list")
        found = (await running.get(NOISE, params={"route": "payment-show"})).json()["noise"]
        every = (await running.get(NOISE)).json()["noise"]
    assert {one["path"]: one["is_noise"] for one in found} == {"$.time": True, "$.rare": False}
    time = next(one for one in found if one["path"] == "$.time")
    assert time["same_side"] == {"differed": 50, "pairs": 50}
    assert time["both_sides"] == {"differed": 100, "pairs": 100}
    assert time["ruling"] is None
    seen, expires = (datetime.fromisoformat(time[when]) for when in ("seen", "expires"))
    assert expires - seen == timedelta(days=7)
    assert len(every) == 4


async def test_people_have_the_last_word_and_it_is_audited(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        learned(running.ledger)

        async def rule(path: str, ruling: str) -> dict[str, Any]:
            body = {"route": "payment-show", "path": path, "ruling": ruling, "note": "seen by QA"}
            found: dict[str, Any] = (await running.post(NOISE, body)).json()
            return found

        ruled = await rule("$.time", "forbidden")
        assert ruled["is_noise"] is False and ruled["expires"] is None
        pinned = await rule("$.rows[3].nonce", "pinned")
        assert (pinned["path"], pinned["is_noise"]) == ("$.rows[*].nonce", True)
        assert (await rule("$.rows[3].nonce", "learned"))["is_noise"] is False
        assert (await rule("$.time", "learned"))["is_noise"] is True
        [entry, *_] = (await running.get("/api/v1/audit")).json()["entries"]
        assert (entry["action"], entry["was"], entry["became"]) == ("noise", "$.time", "learned")
        assert entry["reason"] == "seen by QA"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"route": "payment-shwo", "path": "$.a", "ruling": "pinned"}, 404, "did you mean payment-show?"),
        ({"route": "payment-show", "path": "status", "ruling": "pinned"}, 422, "not the status"),
        ({"route": "payment-show", "path": "", "ruling": "pinned"}, 422, "not empty"),
        ({"route": "payment-show", "path": "$.a", "ruling": "pin"}, 422, "ruling must be"),
    ],
)
async def test_a_ruling_that_means_nothing_is_refused(
    tmp_path: Path, body: dict[str, str], status: int, said: str
) -> None:
    async with control(tmp_path) as running:
        answer = await running.post(NOISE, body)
    assert answer.status_code == status and said in answer.json()["detail"]


async def test_a_route_that_never_was_has_no_noise(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        assert (await running.get(NOISE, params={"route": "nope"})).status_code == 404
        assert (await running.get(NOISE, params={"route": "admin"})).json() == {"noise": []}


async def test_viewers_look_and_reviewers_rule(tmp_path: Path) -> None:
    body = {"route": "payment-show", "path": "$.a", "ruling": "pinned"}
    async with control(tmp_path, tokens=True) as running:
        assert (await running.get(NOISE, headers=bearer("viewer"))).status_code == 200
        assert (await running.post(NOISE, body, headers=bearer("viewer"))).status_code == 403
        assert (await running.post(NOISE, body, headers=bearer("reviewer"))).status_code == 200


# -- the page


async def rows(running: Control, path: str = "/noise", **arguments: Any) -> dict[str, str]:
    """The table's rows as text, by path."""
    page = (await running.get(path, **arguments)).text
    found = re.findall(r"<tr>\s*<td>.*?</tr>", page, re.DOTALL)
    texts = [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in found]
    return {text.split()[1]: text for text in texts}


async def test_the_page_shows_what_was_learned_and_until_when(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        learned(running.ledger)
        learned(running.ledger, "payment-list")
        [one, *_] = (await running.get(NOISE, params={"route": "payment-show"})).json()["noise"]
        shown = await rows(running, "/noise?route=payment-show")
        linked = (await running.get("/differences?route=payment-show")).text
        every = (await running.get("/noise")).text
        wrong = (await running.get("/noise?route=payment-shwo")).text
    assert list(shown) == ["$.time", "$.rare"]
    assert shown["$.time"].startswith("payment-show $.time noise learned 50 of 50 100 of 100 20")
    assert shown["$.rare"].startswith("payment-show $.rare no noise learned 1 of 50 40 of 100 20")
    assert f"{datetime.fromisoformat(one['expires']):%Y-%m-%d %H:%M:%S}" in shown["$.rare"]
    assert 'href="/noise?route=payment-show"' in linked
    assert every.count("payment-list</a>") == 2
    assert "did you mean payment-show?" in wrong and "Nothing has varied" in wrong


async def test_a_ruling_by_form(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        learned(running.ledger)

        async def rule(query: str = "", **fields: str) -> Any:
            form = {"route": "payment-show", "path": "$.time", **fields}
            return await running.post(f"/noise{query}", data=form, headers=ORIGIN)

        done = await rule("?route=payment-show", ruling="forbidden", note="it is a bug")
        assert (done.status_code, done.headers["location"]) == (303, "/noise?route=payment-show")
        forbidden = (await rows(running))["$.time"]
        assert "no noise forbidden" in forbidden and "never: ruled" in forbidden
        assert "Pin as noise" in forbidden and "As learned" in forbidden and "Forbid" not in forbidden
        assert (await rule(ruling="learned")).headers["location"] == "/noise"
        assert "noise learned" in (await rows(running))["$.time"]
        refused = await rule(ruling="pinned", path="status")
        assert refused.status_code == 422 and "not the status" in refused.text
        assert "not the status" in (await rule("?route=nope", ruling="pinned", path="status")).text
        entries = (await running.get("/api/v1/audit")).json()["entries"]
    assert [(one["became"], one["reason"], one["source"]) for one in entries] == [
        ("learned", "", "ui"),
        ("forbidden", "it is a bug", "ui"),
    ]


async def test_on_the_page_viewers_look_and_reviewers_rule(tmp_path: Path) -> None:
    form = {"route": "payment-show", "path": "$.time", "ruling": "pinned"}
    async with control(tmp_path, tokens=True) as running:
        learned(running.ledger)
        assert "Rule" not in (await rows(running, headers=bearer("viewer")))["$.time"]
        assert "Rule" in (await rows(running, headers=bearer("reviewer")))["$.time"]
        refused = await running.post("/noise", data=form, headers=bearer("viewer"))
        assert refused.status_code == 403 and "reviewer" in refused.text
        assert (await running.post("/noise", data=form, headers=bearer("reviewer"))).status_code == 303


async def test_of_very_many_paths_noise_comes_first_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.control.noise_page.PATHS_PAGE", 1)
    async with control(tmp_path) as running:
        learned(running.ledger)
        assert list(await rows(running)) == ["$.time"]
        assert "These are 1 of 2 paths" in (await running.get("/noise")).text


def test_a_path_that_names_a_card_is_not_learned(tmp_path: Path) -> None:
    store = LedgerStore(f"sqlite:///{tmp_path / 'ledger.db'}", 20, 3600.0)
    seen = Seen(pairs=2)
    seen.differed.update({"$.time": 2, "$['4111111111111111'].v": 2})
    store.record([], {"r": seen})
    known = store.known()["r"].seen.differed
    store.close()
    assert known == {"$.time": 2}


def test_what_did_not_vary_for_a_week_is_forgotten(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    store = LedgerStore(url, 20, 3600.0)
    store.record([], {"r": Seen(pairs=2, differed=Counter({"$.old": 1, "$.late": 1}))})
    ledger = Ledger.open(url)
    for path, ago in (("$.old", noise.KEEP), ("$.late", noise.KEEP - timedelta(hours=1))):
        row = update(table).where(table.c.path == path).values(seen=now() - milliseconds(ago))
        ledger.write(lambda connection, row=row: connection.execute(row))
    store.tidy()
    assert list(store.known()["r"].seen.differed) == ["$.late"]
    store.close()
    ledger.close()
