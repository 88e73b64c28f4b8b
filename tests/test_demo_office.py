"""The gateway's back office, asked directly: logins, forms, files up and down."""

import hashlib
import json
import re
from collections.abc import Mapping

import pytest

from tests.support.demo import API_KEY, App, Reply, create_payment, post_form, show_payment


def cookie_of(reply: Reply) -> dict[str, str]:
    """The last PHPSESSID that the reply sets, as a request header."""
    sessions = [value.split(";")[0] for name, value in reply.fields if name == "set-cookie"]
    return {"Cookie": sessions[-1]}


def form_token(reply: Reply) -> str:
    found = re.search(rb'name="form_token" value="([0-9a-f]+)"', reply.body)
    assert found is not None, reply
    return found[1].decode()


@pytest.fixture(scope="module")
def session(legacy_app: App) -> dict[str, str]:
    """The cookie of a signed-in merchant."""
    page = legacy_app.get("/login.php")
    fields = {"form_token": form_token(page), "email": "anna@nordlicht.example", "password": "nordlicht-demo"}
    reply = post_form(legacy_app, "/login.php", fields, cookie_of(page))
    assert (reply.status, reply.get("location")) == (302, "/dashboard.php")
    return cookie_of(reply)


def test_the_back_office_needs_a_session(legacy_app: App, session: Mapping[str, str]) -> None:
    for page in ("/dashboard.php", "/refund.php?payment=pay_1001", "/export.php", "/evidence.php?id=x"):
        assert legacy_app.get(page).get("location") == "/login.php"
    dashboard = legacy_app.get("/dashboard.php", session)
    assert (dashboard.status, dashboard.get("cache-control")) == (200, "no-store, no-cache, must-revalidate")
    assert "Nordlicht Möbel GmbH".encode() in dashboard.body


def test_a_wrong_password_is_refused(legacy_app: App) -> None:
    page = legacy_app.get("/login.php")
    fields = {"form_token": form_token(page), "email": "anna@nordlicht.example", "password": "guess"}
    assert post_form(legacy_app, "/login.php", fields, cookie_of(page)).status == 401
    assert post_form(legacy_app, "/login.php", {**fields, "form_token": "x"}, cookie_of(page)).status == 403


def test_signing_out_takes_the_cookie_back(legacy_app: App) -> None:
    reply = legacy_app.get("/logout.php", cookie_of(legacy_app.get("/login.php")))
    assert "PHPSESSID=deleted" in cookie_of(reply)["Cookie"]
    assert (reply.status, reply.get("location")) == (302, "/login.php")


def test_a_refund_by_form_shows_its_message_once(legacy_app: App, session: Mapping[str, str]) -> None:
    payment = create_payment(legacy_app, token="tok_1001")
    post_form(legacy_app, "/gateway.php", {"action": "capture", "id": payment["id"]}, API_KEY)
    page = f"/refund.php?payment={payment['id']}"
    fields = {
        "form_token": form_token(legacy_app.get(page, session)),
        "payment": payment["id"],
        "refund[amount]": "20.00",
        "refund[reason]": "damaged/returned",
    }
    reply = post_form(legacy_app, "/refund.php", fields, session)
    assert (reply.status, reply.get("location")) == (302, page)
    assert "Refunded € 20.00.".encode() in legacy_app.get(page, session).body
    assert "Refunded € 20.00.".encode() not in legacy_app.get(page, session).body
    assert show_payment(legacy_app, payment["id"])["refunded"] == "20.00"


def multipart(fields: Mapping[str, str], filename: str, content: bytes) -> tuple[bytes, dict[str, str]]:
    head = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--frontier\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'
    body = (head + file).encode() + content + b"\r\n--frontier--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=frontier"}


def test_a_file_goes_up_and_comes_down_again(legacy_app: App, session: Mapping[str, str]) -> None:
    content = bytes(range(256)) * 900
    page = "/refund.php?payment=pay_1001"
    fields = {"form_token": form_token(legacy_app.get(page, session)), "payment": "pay_1001"}
    body, headers = multipart(fields, "Beleg März.pdf", content)
    assert legacy_app.send("POST", "/evidence.php", body, {**headers, **session}).status == 302
    link = re.search(rb"/evidence\.php\?id=evi_[0-9a-f]+", legacy_app.get(page, session).body)
    assert link is not None
    file = legacy_app.get(link[0].decode(), session)
    assert file.body == content
    assert file.get("content-length") == str(len(content))
    assert file.get("content-disposition") == "attachment; filename*=UTF-8''Beleg%20M%C3%A4rz.pdf"


def test_the_api_takes_files_too(legacy_app: App) -> None:
    body, headers = multipart({}, "../../tracking.txt", b"parcel 1")
    reply = legacy_app.send("POST", "/api/payments/pay_1001/evidence", body, {**headers, **API_KEY})
    evidence = json.loads(reply.body)
    assert (reply.status, evidence["filename"], evidence["bytes"]) == (201, "tracking.txt", "8")
    assert evidence["sha256"] == hashlib.sha256(b"parcel 1").hexdigest()
    assert (legacy_app.home.path / "uploads" / evidence["id"]).read_bytes() == b"parcel 1"


def test_the_export_is_a_csv_download(legacy_app: App, session: Mapping[str, str]) -> None:
    reply = legacy_app.get("/export.php?month=2026-01", session)
    assert reply.get("content-disposition") == 'attachment; filename="payments-2026-01.csv"'
    lines = reply.body.decode("utf-8-sig").splitlines()
    assert lines[0] == "id;reference;created;status;currency;amount;fee;description"
    assert lines[1].startswith("pay_1001;INV-2026-0001;")
    assert ";125,00;3,93;" in lines[1]


def test_style_sheets_come_from_the_file_system(legacy_app: App) -> None:
    assert (legacy_app.get("/assets/style.css").get("content-type") or "").startswith("text/css")
