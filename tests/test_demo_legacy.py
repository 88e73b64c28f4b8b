"""The PHP gateway, asked directly: it has the traits that a proxy in front of real PHP meets."""

import base64
import hashlib
import hmac
import json
import re
import sqlite3
from xml.etree import ElementTree

import pytest

from tests.support.demo import API_KEY, JSON, App, Reply, create_payment, post_form, show_payment

TEST_CARD = {
    "card[number]": "4111 1111 1111 1111",
    "card[expiry][month]": "04",
    "card[expiry][year]": "2030",
    "card[cvv]": "737",
    "card[holder]": "Anna Böhm",
}
OAK = "{urn:oakline:payments:1}"


@pytest.mark.parametrize(
    "target",
    [
        "/payment.php?id=pay_1001",
        "/api/payments/pay_1001",
        "/index.php/api/payments/pay_1001",
        "/gateway.php?action=show&id=pay_1001",
    ],
)
def test_one_payment_has_four_addresses(legacy_app: App, target: str) -> None:
    reply = legacy_app.get(target)
    assert reply.status == 200
    assert reply.get("content-type") == "application/json"
    assert reply.body == legacy_app.get("/payment.php?id=pay_1001").body


def test_json_is_php_json(legacy_app: App) -> None:
    body = legacy_app.get("/api/payments/pay_1001").body
    assert b'"installments":"1"' in body, "numbers of the database are strings"
    assert b'"metadata":[]' in body, "an empty map is an empty list"
    assert b'"\\/pay\\/pay_1001"' in body, "slashes are escaped"
    assert b"Gr\\u00f6\\u00dfe" in body, "letters beyond ASCII are escaped"


def test_the_action_may_come_in_the_form(legacy_app: App) -> None:
    payment = create_payment(legacy_app, token="tok_1001")
    reply = post_form(legacy_app, "/gateway.php", {"action": "capture", "id": payment["id"]}, API_KEY)
    assert json.loads(reply.body)["status"] == "captured"
    assert legacy_app.get("/gateway.php?action=nonsense").status == 400
    assert legacy_app.get(f"/gateway.php?action=capture&id={payment['id']}").status == 405


def test_a_list_may_be_filtered_by_php_arrays(legacy_app: App) -> None:
    reply = legacy_app.get("/api/payments?status[]=failed&status%5B%5D=disputed&limit=50", API_KEY)
    assert {payment["status"] for payment in json.loads(reply.body)["data"]} == {"failed", "disputed"}
    last_wins = legacy_app.get("/api/payments?status=failed&status=disputed&limit=50", API_KEY)
    assert {payment["status"] for payment in json.loads(last_wins.body)["data"]} == {"disputed"}


def test_numbers_are_read_as_php_reads_them(legacy_app: App) -> None:
    loose, strict = (legacy_app.get(f"/api/payments?limit={limit}", API_KEY) for limit in ("3abc", "3"))
    assert loose.status == 200
    assert loose.body == strict.body


def test_merchants_see_only_their_own(legacy_app: App) -> None:
    assert legacy_app.get("/api/payments").status == 401
    assert legacy_app.get("/api/merchants/m_2", API_KEY).status == 404
    assert legacy_app.get("/api/tokens/tok_1003", API_KEY).status == 404


def test_an_order_form_with_nested_arrays_becomes_a_payment(legacy_app: App) -> None:
    order = {
        "merchant": "m_1",
        "order[reference]": "WEB-77",
        "order[items][0][name]": "Chair Åse",
        "order[items][0][price]": "129.90",
        "order[items][0][quantity]": "2",
        "order[items][1][name]": "Lamp",
        "order[items][1][price]": "10.20",
        "order[meta][channel]": "web",
    }
    reply = post_form(legacy_app, "/payment.php", order)
    assert reply.status == 302
    payment = show_payment(legacy_app, (reply.get("location") or "").removeprefix("/pay/"))
    assert (payment["amount"], payment["description"]) == ("270.00", "Chair Åse, Lamp")
    assert payment["metadata"] == {"channel": "web"}


def test_a_buyer_pays_on_the_hosted_page(legacy_app: App) -> None:
    payment = create_payment(legacy_app)
    link = legacy_app.get(f"/pay/{payment['id']}")
    page = f"/checkout.php?id={payment['id']}"
    assert (link.status, link.get("location")) == (302, page)
    assert b'name="card[expiry][month]"' in legacy_app.get(page).body
    reply = post_form(legacy_app, "/checkout.php", {"id": payment["id"], **TEST_CARD})
    assert (reply.status, reply.get("location")) == (302, page)
    paid = show_payment(legacy_app, payment["id"])
    assert (paid["status"], paid["card"]["last4"]) == ("captured", "1111")


def test_a_wrong_card_leads_back_to_the_page(legacy_app: App) -> None:
    payment = create_payment(legacy_app)
    card = {**TEST_CARD, "card[number]": "4111 1111 1111 1112", "card[cvv]": ""}
    reply = post_form(legacy_app, "/checkout.php", {"id": payment["id"], **card})
    page = legacy_app.get(reply.get("location") or "")
    assert page.body.count(b'class="wrong"') == 2
    assert show_payment(legacy_app, payment["id"])["status"] == "pending"


@pytest.mark.parametrize(("answer", "status"), [("yes", "captured"), ("no", "failed")])
def test_the_bank_sends_the_buyer_back_with_a_cres(legacy_app: App, answer: str, status: str) -> None:
    payment = create_payment(legacy_app)
    card = {"id": payment["id"], **TEST_CARD, "card[number]": "4000000000003220"}
    to_bank = post_form(legacy_app, "/checkout.php", card).get("location") or ""
    assert show_payment(legacy_app, payment["id"])["status"] == "challenge"
    bank = post_form(legacy_app, to_bank, {"answer": answer})
    cres = re.search(rb'name="cres" value="([\w-]+)"', bank.body)
    assert cres is not None
    decoded = json.loads(base64.urlsafe_b64decode(cres[1] + b"=="))
    assert decoded["messageType"] == "CRes"
    back = post_form(legacy_app, "/threeds.php", {"cres": cres[1].decode()})
    assert (back.status, back.get("location")) == (302, f"/checkout.php?id={payment['id']}")
    assert show_payment(legacy_app, payment["id"])["status"] == status


def test_a_cres_that_fits_nothing_is_refused(legacy_app: App) -> None:
    assert post_form(legacy_app, "/threeds.php", {"cres": "bm9uc2Vuc2U"}).status == 400


def webhook(app: App, body: bytes, signature: str) -> Reply:
    return app.send("POST", "/webhook.php", body, {**JSON, "X-Provider-Signature": f"sha256={signature}"})


def test_a_webhook_is_signed_over_its_raw_body(legacy_app: App) -> None:
    payment = create_payment(legacy_app, token="tok_1001")
    # A space that any re-serialising would drop.
    event = b'{"id": "evt_%b",  "type": "payment.captured", "payment": "%b"}'
    body = event % (payment["id"].encode(), payment["id"].encode())
    signature = hmac.new(b"demo-webhook-secret", body, hashlib.sha256).hexdigest()
    assert webhook(legacy_app, body.replace(b"  ", b" "), signature).status == 401
    assert json.loads(webhook(legacy_app, body, signature).body) == {"received": True, "duplicate": False}
    assert json.loads(webhook(legacy_app, body, signature).body) == {"received": True, "duplicate": True}
    assert show_payment(legacy_app, payment["id"])["status"] == "captured"


def soap(app: App, operation: str) -> Reply:
    envelope = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f"{operation}</soap:Body></soap:Envelope>"
    )
    return app.send("POST", "/soap.php", envelope.encode(), {"Content-Type": "text/xml"})


def test_xml_is_answered_with_xml(legacy_app: App) -> None:
    reply = soap(legacy_app, '<GetPayment xmlns="urn:oakline:payments:1"><Id>pay_1002</Id></GetPayment>')
    assert reply.get("content-type") == "text/xml; charset=utf-8"
    payment = next(ElementTree.fromstring(reply.body).iter(f"{OAK}Payment"))
    amount = payment.find(f"{OAK}Amount")
    assert amount is not None
    assert (amount.text, amount.get("currency")) == ("49.99", "USD")


def test_a_soap_fault_is_a_500(legacy_app: App) -> None:
    unknown = soap(legacy_app, '<GetPayment xmlns="urn:oakline:payments:1"><Id>nosuch</Id></GetPayment>')
    assert (unknown.status, b"No such payment." in unknown.body) == (500, True)
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    bomb = legacy_app.send("POST", "/soap.php", entity, {"Content-Type": "text/xml"})
    assert (bomb.status, b"root:" in bomb.body) == (500, False)


def test_a_notice_precedes_one_body(legacy_app: App) -> None:
    body = legacy_app.get("/bin.php?bin=411111").body
    assert body.startswith(b"<br />\n<b>Notice</b>:")
    assert json.loads(body[body.index(b"{") :])["bank"] == "First Example Bank"
    assert legacy_app.get("/bin.php?bin=999999").body.startswith(b"{")


def test_a_head_runs_the_script_and_drops_the_body(legacy_app: App) -> None:
    reply = legacy_app.send("HEAD", "/api/payments/pay_1001")
    assert (reply.status, reply.body) == (200, b"")


def test_no_card_number_or_security_code_is_stored(legacy_app: App) -> None:
    payment = create_payment(legacy_app)
    post_form(legacy_app, "/checkout.php", {"id": payment["id"], **TEST_CARD, "card[cvv]": "7391"})
    with sqlite3.connect(legacy_app.home.database) as database:
        stored = "\n".join(database.iterdump())
    database.close()
    assert payment["id"] in stored
    assert "4111111111111111" not in stored
    assert "4111 1111 1111 1111" not in stored
    assert not re.search(r"(?<!\w)7391(?!\w)", stored), "a security code by itself, not a part of a random id"
    assert stored.count("'411111'") >= 1, "the first six digits are kept"


def test_the_stopped_clock_makes_answers_repeatable(legacy_app: App) -> None:
    target = "/api/merchants/m_3/report?month=2026-02"
    key = {"Authorization": "Bearer sk_demo_m3"}
    assert legacy_app.get(target, key).body == legacy_app.get(target, key).body
    assert json.loads(legacy_app.get(target, key).body)["generated_at"] == "2026-03-02 10:15:00"
