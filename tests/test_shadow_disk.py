"""No card data and no credential is in any byte that the running program wrote, sent or showed.

Log, ledger, access log; spans and webhooks; pages, API and commands.
"""

import base64
import contextlib
import http.client
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support import commands
from tests.support.banyan import Banyan, free_port, running
from tests.support.commands import Done
from tests.test_shadow_faults import Roomy, counted, wait

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

    server = Roomy(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def collector() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Where spans and webhooks go: its url, and what it was sent, by path."""
    got: dict[str, bytes] = {}

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got[self.path] = got.get(self.path, b"") + str(self.headers).encode() + body
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = Roomy(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()


def config(legacy: str, modern: str, told: str, home: Path) -> dict[str, Any]:
    route = {
        "id": "r",
        "match": {"path": "/{rest:path}"},
        "modern": "modern",
        "stage": "shadow",
        "shadow": {"compare": {"headers": ["*"]}, "noise": {"sample": 50}},
    }
    ramped = {
        "id": "ramped",
        "match": {"path": "/ramped/{rest:path}"},
        "modern": "modern",
        "ramp": {"steps": [5, 100], "notify": f"{told}/hook"},
    }
    down = {"id": "down", "match": {"path": "/down/{rest:path}"}, "legacy": "gone"}
    return {
        "server": {"tracing": {"sample": 100, "endpoint": f"{told}/spans"}},
        "backends": {
            "legacy": {"url": legacy, "dialect": "plain"},
            "modern": {"url": modern},
            "gone": {"url": f"http://127.0.0.1:{free_port()}"},
        },
        "defaults": {"legacy": "legacy"},
        "shadow": {
            "socket": str(home / "s"),
            "log": {"path": str(home / "diffs.jsonl"), "verdicts": ["all"]},
        },
        "routes": [route, ramped, down],
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


def files(home: Path) -> dict[Path, bytes]:
    """All that is written there, but for what goes while it is looked at."""
    found = {}
    for file in home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if file.is_file():
                found[file] = file.read_bytes()
    return found


def ledger(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in home.glob("ledger.db*"))


def people(run: Callable[..., Done], new: Secrets) -> None:
    """What people write has secrets in it, too."""

    def reason() -> str:
        return f"as {new.card()} told us, password={new.word()}"

    assert run("ramp", "start", "ramped", "--reason", reason()).code == 0
    assert run("ramp", "abort", "ramped", "--reason", reason()).code == 0
    assert run("flip", "ramped", "5%", "--reason", reason()).code == 0
    signature = run("diffs", "groups", "--json").json["groups"][0]["signature"]
    assert run("diffs", "triage", signature, "bug", "--note", reason()).code == 0


def shown(banyan: Banyan, run: Callable[..., Done]) -> dict[str, bytes]:
    """All that people and programs get to see: commands, pages, the API."""
    signatures = [group["signature"] for group in run("diffs", "groups", "--json").json["groups"]]
    commands = [
        *(("diffs", "export", "--format", form) for form in ("jsonl", "csv", "junit")),
        *(("diffs", "list"), ("diffs", "groups"), ("audit", "--limit", "100"), ("routes",)),
        *(("diffs", part, signature) for part in ("show", "replay") for signature in signatures[:3]),
    ]
    paths = ["/", "/differences?state=all", "/audit", "/metrics", "/healthz", "/readyz", "/api/v1/audit"]
    paths += ["/api/v1/routes", "/api/v1/diffs?limit=500", "/api/v1/diff-groups?limit=500"]
    paths += [f"/differences/{signature}" for signature in signatures]
    said = {}
    for command in commands:
        done = run(*command)
        assert done.out, done
        said[" ".join(command)] = (done.out + done.err).encode()
    for path in paths:
        with contextlib.closing(http.client.HTTPConnection(*banyan.control, timeout=30)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200, path
            said[path] = str(answer.headers).encode() + answer.read()
    return said


def test_no_secret_is_in_any_byte_that_was_written_sent_or_shown(tmp_path: Path) -> None:
    secrets = Secrets()
    with (
        collector() as (told, sent),
        backend(Answers(secrets, "legacy")) as legacy,
        backend(Answers(secrets, "modern")) as modern,
        running(tmp_path, config(legacy, modern, told, tmp_path), "express", "serve") as banyan,
    ):
        host, port = banyan.control
        run = partial(commands.banyan, BANYAN_CONTROL=f"http://{host}:{port}")
        wait(lambda: ask(banyan, "json", secrets) or (tmp_path / "diffs.jsonl").exists(), 60)
        for form in itertools.islice(itertools.cycle(FORMS), ROUNDS):
            ask(banyan, form, secrets)
            ask(banyan, "down", secrets)
        more = itertools.cycle(FORMS)  # where a busy machine has left too many out
        wait(
            lambda: (
                (tmp_path / "diffs.jsonl").read_bytes().count(b"\n") >= ROUNDS // 2
                or ask(banyan, next(more), secrets)
            )
        )
        wait(lambda: ask(banyan, "json", secrets) or b"a member" in ledger(tmp_path), 120)
        assert counted(banyan, "banyan_shadow_lost_total", "redaction") == 0
        people(run, secrets)
        wait(lambda: {"/spans", "/hook"} <= sent.keys())
        said = shown(banyan, run)
        written = files(tmp_path)
    written |= files(tmp_path)
    names = {file.name for file in written}
    assert {"diffs.jsonl", "ledger.db", "log.txt"} <= names
    assert {"/spans", "/hook"} <= sent.keys() and b"gone" in sent["/spans"]
    found = [
        (name, secret, data[max(0, data.index(secret.encode()) - 80) :][:160])
        for name, data in ({file.name: data for file, data in written.items()} | sent | said).items()
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
