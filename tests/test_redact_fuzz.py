"""Nothing forbidden survives: generated secrets in every place and encoding, and every byte that is
kept searched.
"""

import base64
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shadow.compare import Answer, Policy, Request, compare
from shadow.redact import Redactor
from shadow.redact.cards import passes_luhn

REDACTOR = Redactor(b"a key")
STRICT = Redactor(b"a key", ["$.note"], strict=True)
ISSUED = ["4", "51", "2221", "34", "37", "6011", "65", "3528", "62", "36", "300", "50"]
DROPPED = [
    "cvv",
    "CVV2",
    "cvc",
    "cvc2",
    "csc",
    "security_code",
    "securityCode",
    "card-code",
    "pin",
    "track1",
    "TrackData",
]
NUMBERS = ["pan", "card_number", "cardNumber", "CARDNUMBER", "Card-Number"]
HASHED = [
    "password",
    "client_secret",
    "api_key",
    "access_token",
    "refreshToken",
    "token",
    "signature",
    "cres",
    "PaRes",
]
SEPARATORS = ["", " ", "-", "\u00a0"]


@dataclass(frozen=True, slots=True)
class Secrets:
    """One customer's secrets, each a text that appears nowhere else."""

    pan: str
    code: str
    credential: str
    named_pan: str
    names: tuple[str, str, str]
    separator: str

    @property
    def written_pan(self) -> str:
        return self.separator.join(re.findall(".{1,4}", self.pan))


@st.composite
def secrets(draw: st.DrawFn) -> Secrets:
    dice = random.Random(draw(st.integers(0, 2**32)))
    pan = _card(dice)
    named = "".join(dice.choice("0123456789") for _ in range(16))
    code = next(code for code in _codes(dice) if code not in pan[:6] + pan[-4:] + named[:6] + named[-4:])
    credential = "".join(dice.choice("bcdfghjkmqrvwxzBCDFGHJKLMQRVWXZ23456789") for _ in range(24))
    names = dice.choice(DROPPED), dice.choice(NUMBERS), dice.choice(HASHED)
    return Secrets(pan, code, credential, named, names, dice.choice(SEPARATORS))


def _card(dice: random.Random) -> str:
    start = dice.choice(ISSUED)
    length = {"34": 15, "36": 14, "300": 14}.get(start, 16)
    body = start + "".join(dice.choice("0123456789") for _ in range(length - len(start) - 1))
    return next(body + check for check in "0123456789" if passes_luhn(body + check))


def _codes(dice: random.Random) -> Iterator[str]:
    while True:
        yield "".join(dice.choice("0123456789") for _ in range(4))


# Every shape in which the secrets are put into a text, by the type of that text.


def data(s: Secrets) -> dict[str, Any]:
    return {
        "note": f"paid with {s.written_pan} today",
        "card": {"number": s.named_pan, s.names[0]: s.code, "holder": "A B"},
        s.names[1]: s.named_pan,
        "list": [{"name": s.names[0], "value": s.code}, {s.names[2]: s.credential}],
        s.pan: [int(s.pan)],
    }


def as_json(s: Secrets) -> str:
    return json.dumps(data(s))


def as_json_in_json(s: Secrets) -> str:
    return json.dumps({"payload": as_json(s), "twice": json.dumps({"inner": as_json(s)})})


def as_broken_json(s: Secrets) -> str:
    return json.dumps({"list": [1], s.names[0]: s.code, "n": s.written_pan, s.names[2]: s.credential})[:-1]


def as_escaped_json(s: Secrets) -> str:
    pan = "".join(f"\\u{ord(digit):04x}" for digit in s.pan)
    return f'{{"n": "{pan}", "{s.names[0]}": "{s.code}", '


def as_form(s: Secrets) -> str:
    return urlencode(
        {"note": s.written_pan, "card[number]": s.named_pan, s.names[0]: s.code, s.names[2]: s.credential}
    )


def as_query_in_text(s: Secrets) -> str:
    url = f"https://shop.example/pay/{quote(s.written_pan)}?{as_form(s)}"
    return f"see {url} or https://x.example/?next={quote_plus(url)}"


def as_xml(s: Secrets) -> str:
    return (
        f'<?xml version="1.0"?><p:o xmlns:p="urn:x" note="{s.written_pan}">'
        f"<card><number>{s.named_pan}</number>"
        f"<p:{s.names[0]}>{s.code}</p:{s.names[0]}></card><param name='{s.names[0]}'>{s.code}</param>"
        f"<{s.names[2]}><![CDATA[{s.credential}]]></{s.names[2]}><!-- {s.written_pan} --></p:o>"
    )


def as_broken_xml(s: Secrets) -> str:
    return as_xml(s).replace("</p:o>", "<b>")


def as_html(s: Secrets) -> str:
    return (
        f"<!doctype html><title>Paid {s.written_pan}</title>"
        f"<form><input name='{s.names[0]}' value='{s.code}'>"
        f"<input type=hidden value='{s.credential}' name={s.names[2]}></form>"
        f"<table><tr><td>{escape(s.names[0])}</td><td>{s.code}</td></tr></table>"
        f"<table><tr><th>Id</th><th>{escape(s.names[0])}</th></tr><tr><td>1</td><td>{s.code}</td></tr></table>"
        f"<!-- {s.names[0]}={s.code} --><a href='/?{s.names[0]}={s.code}'>x</a>"
        f"<script>var {s.names[2].replace('-', '_')} = '{s.credential}';</script>"
    )


def as_base64(s: Secrets) -> str:
    packed = base64.b64encode(as_json(s).encode()).decode()
    return f"data={packed} and {base64.urlsafe_b64encode(f'{s.written_pan} x'.encode()).decode()} /x/{packed}"


def as_base64_with_lines(s: Secrets) -> str:
    return base64.encodebytes(as_json(s).encode()).decode()


def as_base64_in_json(s: Secrets) -> str:
    return json.dumps({"blob": base64.b64encode(as_form(s).encode()).decode(), "a": 1})


def as_quoted_base64(s: Secrets) -> str:
    return quote_plus(base64.b64encode(as_json(s).encode()).decode())


def as_text(s: Secrets) -> str:
    named = f"{s.names[0]}: {s.code}; {s.names[2]} = {s.credential}"
    return f"order 7 {s.written_pan} 12 by A. {named}\nBearer {s.credential}"


def as_csv(s: Secrets) -> str:
    return f"id,note\n1,{s.written_pan}\n2,{s.pan}x\n"


def as_multipart(s: Secrets) -> str:
    fields = {
        "note": s.written_pan,
        s.names[0]: s.code,
        s.names[2]: s.credential,
        "card[number]": s.named_pan,
    }
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return "".join(parts) + "--b--\r\n"


SHAPES: dict[Callable[[Secrets], str], str] = {
    as_json: "application/json",
    as_json_in_json: "application/json",
    as_broken_json: "application/json",
    as_escaped_json: "application/json",
    as_form: "application/x-www-form-urlencoded",
    as_query_in_text: "text/plain",
    as_xml: "application/xml",
    as_broken_xml: "application/xml",
    as_html: "text/html",
    as_base64: "text/plain",
    as_base64_with_lines: "text/plain",
    as_base64_in_json: "application/json",
    as_quoted_base64: "text/plain",
    as_text: "text/plain",
    as_csv: "text/csv",
    as_multipart: "multipart/form-data; boundary=b",
}


def fields_of(s: Secrets, content_type: str) -> list[tuple[bytes, bytes]]:
    named = {
        "Content-Type": content_type,
        "Authorization": f"Bearer {s.credential}",
        "Cookie": f"sid={s.credential}; card={s.pan}",
        "Set-Cookie": f"sid={s.credential}; Path=/",
        "X-Api-Key": s.credential,
        "X-Signature": s.credential,
        "Location": f"/done?{as_form(s)}",
        "X-Note": s.written_pan,
        f"X-{s.names[0].replace('_', '-')}": s.code,
        "X-Data": base64.b64encode(as_json(s).encode()).decode(),
    }
    return [(name.encode(), value.encode("latin-1")) for name, value in named.items()]


def kept(redactor: Redactor, shape: Callable[[Secrets], str], one: Secrets, other: Secrets) -> str:
    """All text that is kept of an exchange whose two sides answered with their own secrets."""
    content_type = SHAPES[shape]
    fields = fields_of(one, content_type)
    texts = [redactor.target(f"/pay/{quote(one.written_pan)}?{as_form(one)}".encode())]
    texts += [part for field in redactor.fields(fields) for part in field]
    texts.append(redactor.body(fields, shape(one).encode()))
    answers = (
        Answer(200, fields, shape(one).encode()),
        Answer(200, fields_of(other, content_type), shape(other).encode()),
    )
    for policy in (Policy.compile({"headers": ["*"]}), Policy.compile({"headers": ["*"], "signed": True})):
        for difference in compare(Request("POST", b"/"), *answers, policy).differences:
            texts += [text for text in redactor.difference(difference) if text is not None]
    return "\n".join(texts)


def leaks(text: str, s: Secrets) -> list[str]:
    """Which secrets a text holds, in any encoding in which they could be read again."""
    bare = re.sub(r"[ \-\u00a0+]|%20|%C2%A0", "", text)
    forbidden = {"pan": s.pan, "named pan": s.named_pan, "credential": s.credential}
    found = [name for name, secret in forbidden.items() if secret in bare or _packed(secret, text)]
    if re.search(rf"(?<!\d){s.code}(?!\d)", text):
        found.append("code")
    return found


def apart(one: Secrets, other: Secrets) -> bool:
    """Whether the code of one is not by chance among the digits that are kept of the other's cards."""
    return not any(one.code in pan[:6] + " " + pan[-4:] for pan in (other.pan, other.named_pan))


def _packed(secret: str, text: str) -> bool:
    """Whether base64 of the secret, at any of the three places it can begin at, is in the text."""
    for shift in range(3):
        letters = base64.b64encode(b"\0" * shift + secret.encode()).decode().rstrip("=")
        if letters[4:-3] in text:
            return True
    return False


@settings(max_examples=60, deadline=None)
@given(secrets(), secrets(), st.sampled_from(list(SHAPES)))
def test_nothing_forbidden_is_kept(one: Secrets, other: Secrets, shape: Callable[[Secrets], str]) -> None:
    assume(apart(one, other) and apart(other, one))
    text = kept(REDACTOR, shape, one, other)
    assert (leaks(text, one), leaks(text, other)) == ([], [])


@settings(max_examples=30, deadline=None)
@given(secrets(), secrets(), st.sampled_from(list(SHAPES)))
def test_nothing_forbidden_is_kept_in_strict_mode(
    one: Secrets, other: Secrets, shape: Callable[[Secrets], str]
) -> None:
    assume(apart(one, other) and apart(other, one))
    text = kept(STRICT, shape, one, other)
    assert (leaks(text, one), leaks(text, other)) == ([], [])


def test_the_search_itself_finds_what_is_not_redacted() -> None:
    one = Secrets(
        "4111111111111111",
        "9876",
        "bcdfghjkBCDFGHJK23456789",
        "5555000011112222",
        ("cvv", "pan", "token"),
        " ",
    )
    for shape in SHAPES:
        text = shape(one)
        if shape not in (
            as_base64,
            as_base64_with_lines,
            as_base64_in_json,
            as_quoted_base64,
            as_escaped_json,
        ):
            assert "pan" in leaks(text, one)
    assert leaks(as_base64(one), one) == ["pan", "named pan", "credential"]
