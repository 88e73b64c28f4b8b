"""What people paste into reasons and notes: no card number or password of theirs reaches the ledger."""

from pathlib import Path

import pytest

from proxy.control.bodies import Rollback, validated
from tests.support.control import HOST, control, diff, seen

CARD = "4111 1111 1111 1111"
PASTED = f"refund of {CARD} went wrong, cvv 737, password=hunter2correct"
SECRETS = (b"4111 1111 1111 1111", b"4111111111111111", b"737", b"hunter2correct")
ROUTE = "payment-show"
SIGNATURE = "feed" * 4
ORIGIN = {"Origin": f"http://{HOST}"}

WAYS = (
    (f"/routes/{ROUTE}/flip", {"stage": "modern", "reason": PASTED}),
    (f"/routes/{ROUTE}/rollback", {"reason": PASTED}),
    (f"/routes/{ROUTE}/ramp", {"action": "start", "reason": PASTED}),
    (f"/routes/{ROUTE}/ramp", {"action": "pause", "reason": PASTED}),
    (f"/routes/{ROUTE}/ramp", {"action": "abort", "reason": PASTED}),
    ("/rollback", {"reason": PASTED}),
)
"""Where the API and the pages take what people say."""


def stored(home: Path) -> bytes:
    """All that the ledger has on disk."""
    return b"".join(file.read_bytes() for file in home.glob("ledger.db*"))


async def test_nothing_secret_that_people_write_reaches_the_ledger(tmp_path: Path) -> None:
    async with control(tmp_path) as running:
        seen(running.ledger, diff(1))
        answers = [await running.post(f"/api/v1{path}", body) for path, body in WAYS]
        answers += [await running.post(path, data=fields, headers=ORIGIN) for path, fields in WAYS]
        note = {"verdict": "bug", "note": PASTED}
        answers.append(await running.post(f"/api/v1/diff-groups/{SIGNATURE}/triage", note))
        answers.append(await running.post(f"/differences/{SIGNATURE}/triage", data=note, headers=ORIGIN))
        assert {answer.status_code for answer in answers} <= {200, 303}
        entries = (await running.get("/api/v1/audit")).json()["entries"]
        kept = stored(tmp_path)
    assert len(entries) >= len(WAYS)
    assert all("411111******1111" in entry["reason"] for entry in entries)
    assert [secret for secret in SECRETS if secret in kept] == []


@pytest.mark.parametrize(
    "reason",
    [
        "incident 17: timeouts since 12:30, see https://wiki.example/incidents/2026-03-01",
        "modern fails 49.61% of 1,165 requests, legacy 0.00%",
        "order 20260301123456 was refused twice",
    ],
)
def test_what_is_no_secret_stays_as_it_was_written(reason: str) -> None:
    assert validated({"reason": reason}, Rollback).reason == reason


def test_a_long_reason_is_kept_whole() -> None:
    reason = "x " * 900
    assert validated({"reason": reason}, Rollback).reason == reason.strip()
