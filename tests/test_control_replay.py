"""Sending a kept exchange again: what is repeated, what is not, and when a bug counts as gone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy.config.snapshot import Snapshot
from tests.support.config import loaded
from tests.support.control import Control, control, diff, seen
from tests.support.origin import Origin, answer
from tests.support.wire import response

JSON = b"Content-Type: application/json"
TEN = response(b"200 OK", JSON, body=b'{"amount":"10.00"}')
NINE = response(b"200 OK", JSON, body=b'{"amount":"9.99"}')
DIFFERS = [
    {**diff(1)["differences"][0], "path": "$.amount", "primary": "10.00", "shadow": "9.99"},
]


@pytest.fixture
def sides() -> Iterator[tuple[Origin, Origin]]:
    legacy, modern = Origin(), Origin()
    yield legacy, modern
    for origin in (legacy, modern):
        assert origin.violations == []
        origin.close()


def kept(**changes: Any) -> dict[str, Any]:
    """The exchange that is repeated."""
    fields = [["Host", "shop.example"], ["Cookie", "hmac:1"], ["Authorization", "hmac:2"], ["X-A", "1"]]
    return diff(
        1, target="/pay/7?a=b", differences=DIFFERS, request={"fields": fields, "body": ""}, **changes
    )


async def replayed(running: Control, sides: tuple[Origin, Origin], exchange: dict[str, Any]) -> Any:
    """The answer to a replay of this exchange between these sides."""
    urls = [f"http://127.0.0.1:{origin.port}" for origin in sides]
    text = f"""\
version: 1
backends: {{legacy: {{url: "{urls[0]}"}}, payments: {{url: "{urls[1]}"}}}}
routes:
  - id: payment-show
    match: {{path: "/pay/{{id}}"}}
    modern: {{backend: payments, path: "/v1/{{id}}", headers: {{set: {{X-Source: banyan}}, remove: [X-A]}}}}
"""
    known = running.state.snapshot
    assert known is not None
    fresh = snapshot_of(text)
    running.state.snapshot = replace(
        fresh,
        config=fresh.config.model_copy(update={"ledger": known.config.ledger, "shadow": known.config.shadow}),
    )
    seen(running.ledger, exchange)
    return await running.post(f"/api/v1/diffs/{exchange['id']}/replay")


def snapshot_of(text: str) -> Snapshot:
    found = loaded(text)
    assert found.snapshot is not None, found.errors
    return found.snapshot


async def test_a_bug_that_is_still_there(tmp_path: Path, sides: tuple[Origin, Origin]) -> None:
    sides[0].plays(answer(TEN))
    sides[1].plays(answer(NINE))
    async with control(tmp_path) as running:
        outcome = (await replayed(running, sides, kept())).json()
    assert (outcome["gone"], outcome["verdict"], outcome["statuses"]) == (False, "mismatch", [200, 200])
    assert [one["path"] for one in outcome["differences"]] == ["$.amount"]


async def test_a_bug_that_is_gone(tmp_path: Path, sides: tuple[Origin, Origin]) -> None:
    sides[0].plays(answer(TEN))
    sides[1].plays(answer(TEN))
    async with control(tmp_path) as running:
        outcome = (await replayed(running, sides, kept())).json()
    assert (outcome["gone"], outcome["verdict"], outcome["differences"]) == (True, "match", [])


async def test_what_each_side_is_sent(tmp_path: Path, sides: tuple[Origin, Origin]) -> None:
    sides[0].plays(answer(TEN))
    sides[1].plays(answer(TEN))
    async with control(tmp_path) as running:
        await replayed(running, sides, kept())
    [legacy], [modern] = (side.wait_for(1) for side in sides)
    assert (legacy.target, modern.target) == (b"/pay/7?a=b", b"/v1/7?a=b")
    for request in (legacy, modern):
        assert request.get(b"host") == b"shop.example"
        assert request.get(b"x-banyan-shadow") == b"1"
        assert request.get(b"cookie") is None
        assert request.get(b"authorization") is None
    assert (legacy.get(b"x-a"), modern.get(b"x-a")) == (b"1", None)
    assert modern.get(b"x-source") == b"banyan"


async def test_an_answer_for_want_of_a_login_proves_nothing(
    tmp_path: Path, sides: tuple[Origin, Origin]
) -> None:
    for side in sides:
        side.plays(answer(response(b"401 Unauthorized")))
    async with control(tmp_path) as running:
        outcome = (await replayed(running, sides, kept())).json()
    assert (outcome["gone"], outcome["verdict"]) == (False, "inconclusive")
    assert "401 now" in outcome["reason"]


async def test_a_side_that_is_down_proves_nothing(tmp_path: Path, sides: tuple[Origin, Origin]) -> None:
    sides[0].plays(answer(TEN))
    sides[1].plays(lambda exchange: exchange.reset())
    async with control(tmp_path) as running:
        outcome = (await replayed(running, sides, kept())).json()
    assert (outcome["gone"], outcome["verdict"]) == (False, "failed")
    assert "payments" in outcome["reason"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "POST"}, "may change something"),
        ({"route": "gone-by-now"}, "no two sides"),
        ({"method": "GET", "primary": {**diff(1)["primary"], "backend": "old"}}, "other backends by now"),
    ],
)
async def test_what_cannot_be_repeated_is_refused(
    tmp_path: Path, sides: tuple[Origin, Origin], changes: dict[str, Any], said: str
) -> None:
    async with control(tmp_path) as running:
        refused = await replayed(running, sides, {**kept(), **changes})
    assert refused.status_code == 409
    assert said in refused.json()["detail"]


async def test_a_secret_in_an_answer_is_not_shown(tmp_path: Path, sides: tuple[Origin, Origin]) -> None:
    for side, number in zip(sides, (b"4111111111111111", b"4242424242424242"), strict=True):
        side.plays(answer(response(b"200 OK", JSON, body=b'{"card_number":"%s"}' % number)))
    async with control(tmp_path) as running:
        outcome = await replayed(running, sides, kept())
    assert "card_number" in outcome.text
    assert "4111111111111111" not in outcome.text
    assert "4242424242424242" not in outcome.text
