"""Noise, for people: what was learned is visible; they pin, forbid, and leave it to what was learned."""

from pathlib import Path
from typing import Any

import pytest

from proxy.ledger import Ledger, noise
from proxy.shadow_store import LedgerStore
from shadow.noise import Seen
from tests.support.control import bearer, control

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
    assert time["ruling"] is None and time["seen"]
    assert len(every) == 4


async def test_people_have_the_last_word_and_it_is_audited(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        learned(running.ledger)

        async def rule(path: str, ruling: str) -> dict[str, Any]:
            body = {"route": "payment-show", "path": path, "ruling": ruling, "note": "seen by QA"}
            found: dict[str, Any] = (await running.post(NOISE, body)).json()
            return found

        assert (await rule("$.time", "forbidden"))["is_noise"] is False
        assert (await rule("$.rows[3].nonce", "pinned"))["path"] == "$.rows[*].nonce"
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


def test_a_path_that_names_a_card_is_not_learned(tmp_path: Path) -> None:
    store = LedgerStore(f"sqlite:///{tmp_path / 'ledger.db'}", 20, 3600.0)
    seen = Seen(pairs=2)
    seen.differed.update({"$.time": 2, "$['4111111111111111'].v": 2})
    store.record([], {"r": seen})
    known = store.known()["r"].seen.differed
    store.close()
    assert known == {"$.time": 2}
