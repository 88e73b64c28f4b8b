"""The FastAPI service beside the gateway: equal but for rules that routes.yaml can declare and three bugs."""

import json
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Server
from tests.support.demo import API_KEY, JSON, App, Reply, running_modern, seeded
from tests.support.demo_rules import differences


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in the words of each side."""

    legacy: str
    modern: str


def api(path: str) -> Pair:
    return Pair(f"/api{path}", f"/v1{path}")


EQUAL = [
    Pair("/healthz", "/healthz"),
    Pair("/payment.php?id=pay_1002", "/v1/payments/pay_1002"),
    Pair("/gateway.php?action=show&id=pay_1003", "/v1/payments/pay_1003"),
    *[api(f"/payments/pay_{number}") for number in range(1001, 1061)],
    api("/payments/nosuch"),
    api("/nosuch"),
    api("/payments"),
    api("/payments?limit=2&page=3"),
    api("/payments?limit=2x&page=1e0"),
    api("/payments?limit=-1&page=none"),
    api("/payments?page=99"),
    api("/payments?status=captured&status=failed"),
    api("/payments?status[]=captured&status[]=failed&limit=100"),
    api("/payments?status=bogus"),
    api("/payments?status="),
    api("/payments/pay_1012/refunds"),
    api("/payments/pay_1059/refunds"),
    api("/refunds/ref_1011"),
    api("/refunds/ref_1001"),
    api("/tokens/tok_1001"),
    api("/tokens/tok_1003"),
    api("/merchants/m_1"),
    api("/merchants/m_2"),
    api("/merchants/m_1/report?month=2026-00"),
    api("/rates"),
    api("/rates/XXX/fee?amount=1"),
    *[
        api(f"/rates/EUR/fee?amount={amount}")
        for amount in ("1", "19.9", "15.00", "999999999.99", "%2012%0A")
    ],
    *[
        api(f"/rates/EUR/fee?amount={amount}")
        for amount in ("", "0", "-1", "1e3", "1.234", "abc", "1234567890")
    ],
    *[api(f"/rates/JPY/fee?amount={amount}") for amount in ("50", "1200", "12.5")],
]

ROUNDING = [
    api(f"/rates/{quote}") for quote in ("EUR/fee?amount=125", "EUR/fee?amount=5", "JPY/fee?amount=150")
]
REDIRECT = [Pair("/pay/pay_1001", "/pay/pay_1001"), Pair("/pay/a%20%C3%BC", "/pay/a%20%C3%BC")]
MISSING = [api("/merchants/m_1/report?month=2026-02"), api("/merchants/m_1/report?month=2020-01")]


def compared(legacy_app: App, modern_app: App, pair: Pair) -> set[str]:
    return differences(legacy_app.get(pair.legacy, API_KEY), modern_app.get(pair.modern, API_KEY))


@pytest.mark.parametrize("pair", EQUAL, ids=lambda pair: pair.legacy)
def test_the_sides_answer_alike(legacy_app: App, modern_app: App, pair: Pair) -> None:
    assert compared(legacy_app, modern_app, pair) == set()


@pytest.mark.parametrize("pair", ROUNDING, ids=lambda pair: pair.legacy)
def test_first_bug_the_fee_is_rounded_half_to_even(legacy_app: App, modern_app: App, pair: Pair) -> None:
    assert compared(legacy_app, modern_app, pair) == {"$.fee"}


@pytest.mark.parametrize("pair", REDIRECT, ids=lambda pair: pair.legacy)
def test_second_bug_the_pay_link_answers_307(legacy_app: App, modern_app: App, pair: Pair) -> None:
    assert compared(legacy_app, modern_app, pair) == {"status"}
    assert modern_app.get(pair.modern).status == 307


@pytest.mark.parametrize("pair", MISSING, ids=lambda pair: pair.legacy)
def test_third_bug_the_report_lacks_chargebacks(legacy_app: App, modern_app: App, pair: Pair) -> None:
    assert compared(legacy_app, modern_app, pair) == {"$.totals.chargebacks"}


def test_only_a_fee_exactly_between_two_cents_differs(legacy_app: App, modern_app: App) -> None:
    pairs = {cents: api(f"/rates/EUR/fee?amount={cents / 100:.2f}") for cents in range(500, 3000, 100)}
    wrong = {cents for cents, pair in pairs.items() if compared(legacy_app, modern_app, pair)}
    assert wrong == {500, 2500}


CREATED = re.compile(rb"(pay|tok|ref)_[0-9a-f]{12}")

WRITES = [
    ("/payments", {}),
    ("/payments", []),
    ("/payments", "text"),
    ("/payments", {"amount": "12.5", "currency": "EUR", "reference": "r", "metadata": {}}),
    (
        "/payments",
        {"amount": 1200, "currency": "JPY", "reference": " r ", "installments": "3x", "description": "Zoë"},
    ),
    (
        "/payments",
        {"amount": 12.5, "currency": "EUR", "reference": "r", "token": "tok_1001", "installments": None},
    ),
    ("/payments", {"amount": True, "currency": "ZZZ", "reference": 5, "metadata": [1], "token": "tok_1003"}),
    ("/payments", {"amount": 0.1, "currency": "EUR", "reference": "r" * 65, "description": "d" * 256}),
    ("/payments", {"amount": "1", "currency": "EUR", "reference": "r", "installments": 37}),
    ("/tokens", {}),
    ("/tokens", {"card": 5}),
    (
        "/tokens",
        {
            "card": {
                "number": "4111 1111 1111 1111",
                "cvv": "123",
                "holder": "A",
                "expiry": {"month": "01", "year": "2031"},
            }
        },
    ),
    (
        "/tokens",
        {"card": {"number": "4111111111111112", "cvv": 123, "expiry": {"month": "13", "year": "2021"}}},
    ),
    ("/tokens", {"card": {"number": "5555555555554444", "cvv": "12a", "holder": "h" * 81, "expiry": []}}),
    ("/payments/pay_1054/refunds", {"amount": "0.5", "reason": "duplicate"}),
    ("/payments/pay_1051/refunds", {"amount": 1}),
    ("/payments/pay_1054/refunds", {"amount": "abc"}),
    ("/payments/pay_1054/refunds", {"amount": "1", "reason": "x" * 65}),
    ("/payments/pay_1054/refunds", [1]),
    ("/payments/pay_1004/refunds", {}),
    ("/payments/pay_1002/refunds", {}),
    ("/payments/pay_1001", {}),
]


@pytest.mark.parametrize(("path", "body"), WRITES, ids=str)
def test_writes_are_checked_and_answered_alike(
    legacy_app: App, modern_app: App, path: str, body: object
) -> None:
    legacy = _write(legacy_app, f"/api{path}", body)
    modern = _write(modern_app, f"/v1{path}", body)
    assert differences(legacy, modern) == set()


def _write(app: App, target: str, body: object) -> Reply:
    """The reply with the ids that each side drew by chance made equal."""
    reply = app.send("POST", target, json.dumps(body).encode(), {**API_KEY, **JSON})
    fields = tuple((name, CREATED.sub(rb"\1_new", value.encode()).decode()) for name, value in reply.fields)
    return Reply(reply.status, fields, CREATED.sub(rb"\1_new", reply.body))


def test_no_more_than_the_rest_can_be_refunded_on_either_side(legacy_app: App, modern_app: App) -> None:
    made = _send(
        modern_app,
        "/v1/payments",
        {"amount": "9.00", "currency": "EUR", "reference": "r", "token": "tok_1001"},
    )
    refunds = f"/payments/{made['id']}/refunds"
    legacy_app.send("POST", f"/api/payments/{made['id']}/capture", b"", API_KEY)
    assert _send(legacy_app, f"/api{refunds}", {"amount": "4"})["amount"] == "4.00"
    assert _send(modern_app, f"/v1{refunds}", {"amount": "4.50"})["amount"] == "4.50"
    refused = {
        json.loads(_write(app, target, {"amount": "0.51"}).body)["error"]["message"]
        for app, target in ((legacy_app, f"/api{refunds}"), (modern_app, f"/v1{refunds}"))
    }
    assert refused == {"Only 0.50 EUR are left to refund."}


def _send(app: App, target: str, body: object) -> dict[str, Any]:
    reply = app.send("POST", target, json.dumps(body).encode(), {**API_KEY, **JSON})
    assert reply.status == 201, reply
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def test_what_one_side_creates_the_other_reads(legacy_app: App, modern_app: App) -> None:
    order = {"amount": "15.00", "currency": "EUR", "reference": "both", "metadata": {"a/b": "ü"}}
    for maker, target in ((legacy_app, "/api/payments"), (modern_app, "/v1/payments")):
        made = _send(maker, target, order)
        assert compared(legacy_app, modern_app, api(f"/payments/{made['id']}")) == set()


def test_a_422_never_echoes_the_card(modern_app: App) -> None:
    card = {
        "number": "4111111111111112",
        "cvv": "98765",
        "holder": "",
        "expiry": {"month": "1", "year": "1999"},
    }
    reply = modern_app.send("POST", "/v1/tokens", json.dumps({"card": card}).encode(), {**API_KEY, **JSON})
    assert reply.status == 422
    assert set(json.loads(reply.body)["error"]["fields"]) == {
        "card.number",
        "card.cvv",
        "card.holder",
        "card.expiry.month",
        "card.expiry.year",
    }
    assert b"4111" not in reply.body
    assert b"98765" not in reply.body


def test_the_service_knows_the_gateways_tables(demo_home: Any, tmp_path: Path) -> None:
    """A database that the service makes by itself has the gateway's columns."""
    own = tmp_path / "own.db"
    with running_modern(seeded(tmp_path), {"DEMO_DATABASE_URL": f"sqlite:///{own}"}) as app:
        assert app.get("/v1/payments/pay_1001").status == 200
        mine, theirs = _columns(own), _columns(demo_home.database)
    assert mine == {table: theirs[table] for table in mine}


def _columns(path: Path) -> dict[str, list[tuple[str, str, int, int]]]:
    database = sqlite3.connect(path)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    columns = {
        table: [
            (name, "REAL" if kind == "FLOAT" else kind, required, key)
            for _, name, kind, required, _, key in database.execute(f"PRAGMA table_info({table})")
        ]
        for table in tables
    }
    database.close()
    return columns


def test_the_service_runs_on_postgresql_as_well(legacy_app: App, postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.create_database().replace("postgresql:", "postgresql+psycopg:")
    with running_modern(seeded(tmp_path), {"DEMO_DATABASE_URL": url}) as app:
        for target in ("/payments/pay_1001", "/rates", "/tokens/tok_1002", "/payments/pay_1059/refunds"):
            assert compared(legacy_app, app, api(target)) == set()
        made = _send(app, "/v1/payments", {"amount": "1.00", "currency": "EUR", "reference": "on PostgreSQL"})
        assert json.loads(app.get(f"/v1/payments/{made['id']}").body) == made
        assert _write(app, f"/v1/payments/{made['id']}/refunds", {}).status == 409
