"""What people do in several steps: functions of a browser, which raise Unexpected when a step goes wrong."""

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from .browser import Browser, Unexpected, hidden
from .wire import Request, ask

WEBHOOK_SECRET = b"demo-webhook-secret"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 200


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey and what it is in plain words."""

    what: str
    make: Callable[[Browser, random.Random], None]


def buyer_pays(browser: Browser, chance: random.Random) -> None:
    """From the shop's order form over the hosted page and the bank's question back to the receipt."""
    order = {
        "merchant": "m_1",
        "order[reference]": f"WEB-{chance.randint(1000, 9999)}",
        "order[items][0][name]": "Chair Åse",
        "order[items][0][price]": "129.90",
        "order[items][0][quantity]": "2",
    }
    page = browser.follow(browser.post("/payment.php", order))
    browser.get(page)
    card = {
        "id": page.rpartition("=")[2],
        "card[number]": "4000 0000 0000 3220",
        "card[expiry][month]": "09",
        "card[expiry][year]": "2031",
        "card[cvv]": "123",
        "card[holder]": "Zoë Miller",
    }
    bank = browser.post("/checkout.php", card)
    back = hidden(browser.submit(bank, {"answer": "yes"}), "cres")
    _expect(b"captured", browser.get(browser.post("/threeds.php", {"cres": back})).body, "the receipt")


def merchant_works(browser: Browser, chance: random.Random) -> None:
    """Signs in, refunds, sends a file in and gets it back, takes the month's CSV, signs out."""
    reference = f"WEB-{chance.randint(1000, 9999)}"
    payment = _captured(browser, reference)
    token = hidden(browser.get("/login.php"), "form_token")
    who = {"form_token": token, "email": "anna@nordlicht.example", "password": "nordlicht-demo"}
    _expect(reference.encode(), browser.get(browser.post("/login.php", who)).body, "the dashboard")
    detail = f"/refund.php?payment={payment}"
    form = {"form_token": hidden(browser.get(detail), "form_token"), "payment": payment}
    refund = form | {"refund[amount]": "20.00", "refund[reason]": "damaged/returned"}
    _expect(
        "Refunded € 20.00.".encode(), browser.get(browser.post("/refund.php", refund)).body, "the message"
    )
    page = browser.get(browser.upload("/evidence.php", form, "Beleg März.pdf", PDF))
    link = page.body.decode().partition('href="/evidence.php?id=')[2].partition('"')[0]
    if browser.get(f"/evidence.php?id={link}").body != PDF:
        raise Unexpected("the file that came down is not the one that went up")
    _expect(b";INV-2026-0001;", browser.get("/export.php?month=2026-01").body, "the CSV")
    browser.follow("/logout.php")


def provider_tells(browser: Browser, chance: random.Random) -> None:
    """A webhook, its signature over the very bytes, delivered twice as providers do."""
    # Two spaces: whoever re-serialises the body breaks the signature.
    event = f'{{"id": "evt_{chance.getrandbits(48):x}",  "type": "payment.captured", "payment": "pay_1004"}}'
    body = event.encode()
    signature = "sha256=" + hmac.new(WEBHOOK_SECRET, body, hashlib.sha256).hexdigest()
    fields = (("Content-Type", "application/json"), ("X-Provider-Signature", signature))
    for duplicate in (False, True):
        answer = ask(browser.address, Request("POST", "/webhook.php", fields, body))
        browser.asked += 1
        if answer.status != 200 or json.loads(answer.body)["duplicate"] is not duplicate:
            raise Unexpected(f"the webhook was answered {answer.status} {answer.body.decode()}")


def erp_asks(browser: Browser, _chance: random.Random) -> None:
    """An XML envelope for an XML envelope."""
    envelope = (
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        b'<GetPayment xmlns="urn:oakline:payments:1"><Id>pay_1002</Id></GetPayment>'
        b"</soap:Body></soap:Envelope>"
    )
    answer = ask(browser.address, Request("POST", "/soap.php", (("Content-Type", "text/xml"),), envelope))
    browser.asked += 1
    _expect(b'<oak:Amount currency="USD">49.99</oak:Amount>', answer.body, "the XML")


def shop_looks_up_a_bank(browser: Browser, _chance: random.Random) -> None:
    """The path with a notice before its JSON: it comes through as it is."""
    _expect(b"<b>Notice</b>", browser.get("/bin.php?bin=411111").body, "the answer with a notice")


JOURNEYS = [
    Journey("a buyer orders, pays by card, is asked by the bank and comes back", buyer_pays),
    Journey("a merchant signs in, refunds, uploads, downloads, exports, signs out", merchant_works),
    Journey("the card network calls the webhook, twice", provider_tells),
    Journey("an ERP system sends its XML", erp_asks),
    Journey("a shop looks up a card's bank, where PHP prints a notice first", shop_looks_up_a_bank),
]


def _captured(browser: Browser, reference: str) -> str:
    """A payment of m_1 that is captured and can be refunded: its id."""
    key = (("Authorization", "Bearer sk_demo_m1"), ("Content-Type", "application/json"))
    order = {"amount": "50.00", "currency": "EUR", "reference": reference, "token": "tok_1001"}
    made = ask(browser.address, Request("POST", "/api/payments", key, json.dumps(order).encode()))
    payment: str = json.loads(made.body)["id"]
    ask(browser.address, Request("POST", f"/api/payments/{payment}/capture", key[:1], b""))
    browser.asked += 2
    return payment


def _expect(wanted: bytes, body: bytes, where: str) -> None:
    if wanted not in body:
        raise Unexpected(f"{where} does not say {wanted.decode()}")
