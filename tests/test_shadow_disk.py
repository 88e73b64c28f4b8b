"""No card data and no credential is in any byte that the running program wrote: log, ledger, access log."""

import base64
import contextlib
import http.client
import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.banyan import Banyan, running
from tests.test_shadow_faults import counted, wait

SEED = 20260302
ROUNDS = 60


def luhn(chance: random.Random) -> str:
    """A card number that passes the check."""
    digits = [4, *(chance.randrange(10) for _ in range(14))]
    total = sum(digit if place % 2 else sum(divmod(2 * digit, 10)) for place, digit in enumerate(digits))
    return "".join(map(str, digits)) + str(-total % 10)


class Secrets:
    """Everything secret that was sent in a run, as it must not be found."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        self.all: set[str] = set()

    def card(self) -> str:
        """A card number, in one of the ways that people write it."""
        number = luhn(self.chance)
        self.all |= {number, number[6:], number[:12]}
        groups = [number[at : at + 4] for at in range(0, 16, 4)]
        written = self.chance.choice((number, " ".join(groups), "-".join(groups)))
        self.all.add(written)
        return written

    def word(self) -> str:
        """A token, a password, a code: what a name gives away."""
        word = "".join(self.chance.choice("ghijkmnopqrstuvwxyz") for _ in range(12))
        self.all |= {word, base64.b64encode(word.encode()).decode().rstrip("=")}
        return word

    def encoded(self, text: str) -> str:
        """The text in base64, which must not be found either."""
        encoded = base64.b64encode(text.encode()).decode()
        self.all.add(encoded.rstrip("=")[:-1])
        return encoded


_LOCK = threading.Lock()
"""Secrets are drawn in the backends' threads."""


class Answers:
    """One side's, with other secrets each time, in a form that the request's path names."""

    def __init__(self, secrets: Secrets, side: str) -> None:
        self._secrets = secrets
        self._side = side

    def make(self, form: str) -> tuple[str, bytes]:
        with _LOCK:
            kind, text = getattr(self, form)()
        return kind, text.encode()

    def json(self) -> tuple[str, str]:
        new = self._secrets
        body = {
            self._side: "a member that the other side has not, so that there are groups",
            "card": {"number": new.card(), "cvv": new.word(), "expiry": "12/31"},
            "access_token": new.word(),
            "note": f"please charge {new.card()} today",
            "raw": new.encoded(json.dumps({"pan": new.card()})),
            new.card(): "a key",
            "items": [{"cardNumber": new.card(), "Security-Code": new.word()}] * 2,
            "detail": [{"loc": ["body", "card"], "input": {"cvc": new.word(), "pin": new.word()}}],
            "link": f"/pay?pan={new.card()}&token={new.word()}",
        }
        return "application/json", json.dumps(body)

    def xml(self) -> tuple[str, str]:
        new = self._secrets
        return "application/xml", (
            f'<a><card number="{new.card()}"><cvv>{new.word()}</cvv><pan>{new.card()}</pan></card>'
            f"<password>{new.word()}</password><text>card {new.card()}</text></a>"
        )

    def html(self) -> tuple[str, str]:
        new = self._secrets
        return "text/html", (
            f"<html><body><p>Your card {new.card()} was charged.</p>"
            f'<form><input name="cvv" value="{new.word()}"><input name="token" value="{new.word()}"></form>'
            f'<a href="/x?access_token={new.word()}">again</a></body></html>'
        )

    def form(self) -> tuple[str, str]:
        new = self._secrets
        kind = "application/x-www-form-urlencoded"
        return (
            kind,
            f"card_number={quote(new.card())}&cvv2={new.word()}&cres={new.word()}&x={quote(new.card())}",
        )

    def text(self) -> tuple[str, str]:
        new = self._secrets
        return "text/plain", f"card {new.card()}, cvv: {new.word()}, password={new.word()}"

    def broken(self) -> tuple[str, str]:
        return "application/json", self.json()[1][:-3]


FORMS = ("json", "xml", "html", "form", "text", "broken")


@contextlib.contextmanager
def backend(answers: Answers) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # in one piece: a second one would wait for the first one's acknowledgement

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            kind, body = answers.make(self.path.split("/")[1])
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", f"sid={answers._secrets.word()}; Path=/")
            self.send_header(
                "Location", f"/pay?token={answers._secrets.word()}&card={answers._secrets.card()}"
            )
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def config(legacy: str, modern: str, home: Path) -> dict[str, Any]:
    route = {
        "id": "r",
        "match": {"path": "/{rest:path}"},
        "modern": "modern",
        "stage": "shadow",
        "shadow": {"compare": {"headers": ["*"]}, "noise": {"sample": 50}},
    }
    return {
        "backends": {"legacy": {"url": legacy, "dialect": "plain"}, "modern": {"url": modern}},
        "defaults": {"legacy": "legacy"},
        "shadow": {
            "socket": str(home / "s"),
            "log": {"path": str(home / "diffs.jsonl"), "verdicts": ["all"]},
        },
        "routes": [route],
    }


def ask(banyan: Banyan, form: str, new: Secrets) -> None:
    """A request that is as full of secrets as its answer."""
    target = f"/{form}/{quote(new.card())}?cvv={new.word()}&token={new.word()}&q={quote(new.card())}"
    fields = {
        "Authorization": f"Bearer {new.word()}",
        "Cookie": f"PHPSESSID={new.word()}; other={new.word()}",
        "X-Api-Key": new.word(),
        "X-Provider-Signature": f"sha256={new.word()}",
        "X-Note": f"card {new.card()}",
        "X-HTTP-Method-Override": "GET",
        "Content-Type": "application/json",
    }
    body = json.dumps({"card": {"number": new.card(), "cvc": new.word()}, "password": new.word()})
    with contextlib.closing(http.client.HTTPConnection(*banyan.address, timeout=30)) as connection:
        connection.request("POST" if new.chance.random() < 0.3 else "GET", target, body, fields)
        assert connection.getresponse().read()


def test_no_secret_is_in_any_byte_that_was_written(tmp_path: Path) -> None:
    secrets = Secrets()
    with (
        backend(Answers(secrets, "legacy")) as legacy,
        backend(Answers(secrets, "modern")) as modern,
        running(tmp_path, config(legacy, modern, tmp_path), "express", "serve") as banyan,
    ):
        wait(lambda: ask(banyan, "json", secrets) or (tmp_path / "diffs.jsonl").exists(), 60)
        for number in range(ROUNDS):
            ask(banyan, FORMS[number % len(FORMS)], secrets)
        wait(lambda: (tmp_path / "diffs.jsonl").read_bytes().count(b"\n") >= ROUNDS // 2)
        wait(lambda: b"a member" in b"".join(file.read_bytes() for file in tmp_path.glob("ledger.db*")))
        assert counted(banyan, "banyan_shadow_lost_total", "redaction") == 0
        written = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    written |= {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    names = {file.name for file in written}
    assert {"diffs.jsonl", "ledger.db", "log.txt"} <= names
    found = [
        (file.name, secret, data[max(0, data.index(secret.encode()) - 80) :][:160])
        for file, data in written.items()
        for secret in secrets.all
        if secret.encode() in data
    ]
    assert not found, found[:5]


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """A grep that finds nothing ever would prove nothing."""
    secrets = Secrets()
    kind, body = Answers(secrets, "legacy").make("json")
    assert kind == "application/json"
    assert sum(secret.encode() in body for secret in secrets.all) > 10
