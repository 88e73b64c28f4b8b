"""Single requests of the gateway's clients, each with its route and the same question to the service."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from .wire import Fields, Request

PAYMENTS = [f"pay_{number}" for number in range(1001, 1061)]
KEYS = {merchant: f"sk_demo_{merchant.replace('_', '')}" for merchant in ("m_1", "m_2", "m_3")}
MONTHS = ["2026-01", "2026-02"]
AMOUNTS = ["5.00", "15.00", "19.90", "25.00", "49.99", "86.40", "125.00", "1249.90"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: in plain words, its route in routes.yaml, and its target at the modern service."""

    what: str
    route: str
    request: Request
    modern: str

    def for_modern(self) -> Request:
        """The same request as Banyan sends it to the modern service."""
        request = self.request
        return Request(request.method, self.modern, request.fields, request.body)


def reads(chance: random.Random) -> list[Visit]:
    """A handful of reads of every kind, different with every draw."""
    payment, other = chance.sample(PAYMENTS, 2)
    merchant = chance.choice(list(KEYS))
    amount, month = chance.choice(AMOUNTS), chance.choice(MONTHS)
    page = f"?limit=5&page={chance.randint(1, 3)}"
    return [
        _get("a shop reads a payment", "payment-show", f"/api/payments/{payment}", f"/v1/payments/{payment}"),
        _get("an old shop reads one", "payment-php", f"/payment.php?id={other}", f"/v1/payments/{other}"),
        _get(
            "an older one asks gateway.php",
            "payment-action",
            f"/gateway.php?action=show&id={payment}",
            f"/v1/payments/{payment}",
        ),
        _api("a merchant lists payments", "payment-list", merchant, f"/payments{page}"),
        _api(
            "… those that went wrong", "payment-list", merchant, "/payments?status[]=failed&status[]=disputed"
        ),
        _api(
            "… reads the month's report",
            "merchant-report",
            merchant,
            f"/merchants/{merchant}/report?month={month}",
        ),
        _api("… and looks at the account", "merchant-show", merchant, f"/merchants/{merchant}"),
        _api("support looks up a refund", "refund-show", "m_1", "/refunds/ref_1011"),
        _api("… and a payment's refunds", "refund-list", "m_1", "/payments/pay_1059/refunds"),
        _api("a shop reads a stored card", "token-show", "m_1", "/tokens/tok_1001"),
        _api("a shop asks for the rates", "rates", merchant, "/rates"),
        _api("… and what a payment will cost", "rate-fee", merchant, f"/rates/EUR/fee?amount={amount}"),
        _get("a buyer follows a payment link", "pay-link", f"/pay/{payment}", f"/pay/{payment}"),
        _api("someone guesses an id", "payment-show", merchant, f"/payments/{quote('pay_ü 1')}"),
    ]


def writes(chance: random.Random) -> list[Visit]:
    """JSON writes. Each makes something new, so asking twice answers alike but for ids."""
    amount = chance.choice(AMOUNTS)
    payment = {"amount": amount, "currency": "EUR", "reference": f"WEB-{chance.randint(1000, 9999)}"}
    card = {
        "number": "4111 1111 1111 1111",
        "expiry": {"month": "04", "year": "2031"},
        "cvv": "123",
        "holder": "Anna Böhm",
    }
    return [
        _post(
            "a shop makes a payment",
            "payment-create",
            "/payments",
            payment | {"metadata": {"channel": "web"}},
        ),
        _post("… with a stored card", "payment-create", "/payments", payment | {"token": "tok_1001"}),
        _post("… and one with a typing error", "payment-create", "/payments", payment | {"amount": "12,50"}),
        _post("a shop stores a card", "token-create", "/tokens", {"card": card}),
        _post(
            "support refunds too much", "refund-create", "/payments/pay_1059/refunds", {"amount": "9999.00"}
        ),
    ]


def any_read(chance: random.Random) -> Callable[[], Visit]:
    """A source of single reads, one of each kind before a kind comes again."""
    waiting: list[Visit] = []

    def draw() -> Visit:
        if not waiting:
            waiting.extend(reads(chance))
            chance.shuffle(waiting)
        return waiting.pop()

    return draw


def _get(what: str, route: str, target: str, modern: str, fields: Fields = ()) -> Visit:
    return Visit(what, route, Request("GET", target, fields), modern)


def _api(what: str, route: str, merchant: str, path: str) -> Visit:
    return _get(what, route, f"/api{path}", f"/v1{path}", _credentials(merchant))


def _post(what: str, route: str, path: str, body: object) -> Visit:
    fields = (*_credentials("m_1"), ("Content-Type", "application/json"))
    request = Request("POST", f"/api{path}", fields, json.dumps(body).encode())
    return Visit(what, route, request, f"/v1{path}")


def _credentials(merchant: str) -> Fields:
    return ("X-Merchant-Id", merchant), ("Authorization", f"Bearer {KEYS[merchant]}")
