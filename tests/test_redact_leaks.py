"""Ways in which a secret could get through: as a body, a target, a field, a difference."""

import json
from urllib.parse import quote

import pytest

from shadow.compare import Answer, Policy, Request, compare
from shadow.redact import Redactor
from tests.support.compare import CSV, HTML, JSON, TEXT, XML

PAN = "4929123456781236"
CVV = "9473"
TOKEN = "tok9ZqLmN8rT"
PASSWORD = "hunter2XyZ"
SECRETS = (PAN[6:12], CVV, TOKEN, PASSWORD)
REDACTOR = Redactor(b"a key")
GROUPS = [PAN[place : place + 4] for place in range(0, 16, 4)]


def leaks(*texts: str | None) -> list[str]:
    """The secrets that stand in texts, whatever stands between their characters."""
    bare = ["".join(filter(str.isalnum, text or "")) for text in texts]
    return [secret for secret in SECRETS for text in bare if secret in text]


def kept_of(one: str, other: str, content_type: str) -> list[str | None]:
    """Everything that is kept of the differences between two bodies."""
    fields = [(b"content-type", content_type.encode())]
    primary, shadow = (Answer(200, fields, text.encode()) for text in (one, other))
    found = compare(Request("GET", b"/"), primary, shadow, Policy()).differences
    return [text for difference in found for text in REDACTOR.difference(difference)]


def table(head: str, rows: str) -> str:
    """An HTML table."""
    return f"<table class=list>{head}{rows}</table>"


def body(text: str, content_type: str) -> str:
    return REDACTOR.body([(b"content-type", content_type.encode())], text.encode())


@pytest.mark.parametrize(
    "between", [".", "/", "_", "\t", "\n", ", ", ":", "   ", "\u200b", "\u00ad", "·", "+"]
)
def test_card_numbers_in_groups_are_found_whatever_stands_between(between: str) -> None:
    number = between.join(GROUPS)
    assert leaks(REDACTOR.text(f"card {number} ok"), body(json.dumps({"note": number}), JSON)) == []
    assert leaks(REDACTOR.target(f"/pay/{number}".encode())) == []
    assert leaks(*kept_of(json.dumps([number]), '["x"]', JSON)) == []


@pytest.mark.parametrize("content_type", [TEXT, HTML, JSON, CSV])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_is_one_whatever_it_is_called(content_type: str, mark: str) -> None:
    table = "".join(f"{mark.join(row)}\r\n" for row in (("id", "cvv", "apiToken"), ("1", CVV, TOKEN)))
    assert leaks(*kept_of(table, "<html><p>down</p></html>", content_type), body(table, content_type)) == []


def test_a_table_without_secrets_stays_as_it_is() -> None:
    assert body("id,name\r\n1,x y\r\n", TEXT) == "id,name\r\n1,x y\r\n"


def test_groups_that_are_no_card_number_stay() -> None:
    for text in ("1234.5678.9012.3456", "3782.822463.10006", "2026/0701/1200/0000"):
        assert REDACTOR.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"https://x/y?token={TOKEN}&cvv={CVV}",
        f"see <https://x/?access_token={TOKEN}>; rel=next",
        f"https://bob:{PASSWORD}@host/",
        f"Array\n(\n    [cvv] => {CVV}\n    [password] => {PASSWORD}\n)",
        f'  ["card"]=>\n  array(1) {{\n      ["cvv"]=>\n      string(4) "{CVV}"\n  }}',
        f"'cvv' => string '{CVV}' (length=4)\n'token' => string '{TOKEN}' (length=12)\n'pin' => int {CVV}",
        f"#0 /a.php(3): PDO->__construct('mysql:host=db', 'root', '{PASSWORD}')\n#1 {{main}}",
        f"#4 /a (b).php(17): App\\Pay::{{closure}}('{PAN}', Array, '{TOKEN}')",
        f"1 validation error for Card\ncvv\n  Too long [type=too_long, input_value='{CVV}', input_type=str]",
        f"Card\ncvv\n  Too long [type=x, input_value={{'c': '{CVV}'}}]",
        f"{PAN}|12|2029|{CVV}",
        f"{PAN} 12/29 {CVV}",
        f"{PAN}{CVV}",
        json.dumps(json.dumps(json.dumps(json.dumps({"cvv": CVV, "token": TOKEN})))) + " and more",
        f"{PAN} 1229 {CVV}",
        f'["cvv"]=>\n  string(4) "{CVV}"\n  ["password"]=>\n  string(10) "{PASSWORD}"\n',
        f'["cvv"]=>\n  int({CVV})',
        f'a:2:{{s:3:"cvv";s:4:"{CVV}";s:8:"password";s:10:"{PASSWORD}";}}',
        f'O:4:"Card":1:{{s:9:"\0Card\0cvv";i:{CVV};}}',
        f"Cookie: a={TOKEN}; b={PASSWORD}\r\nAuthorization: Custom {TOKEN} {PASSWORD}",
        f"#0 pay.php(3): charge('{PAN}', '{CVV}')",
        f"+cvv+=+{CVV}",
        f'object(Card)#3 (1) {{\n  ["cvv":"App\\Card":private]=>\n  string(4) "{CVV}"\n}}',
        f'object(Card)#3 (1) {{\n  ["token":protected]=>\n  &string(12) "{TOKEN}"\n}}',
        f"Card Object\n(\n    [cvv:App\\Card:private] => {CVV}\n    [token:protected] => {TOKEN}\n)",
        f'Authorization: Digest username="u", response="{TOKEN}"\nAuthorization: OAuth a="b",c="{PASSWORD}"',
        f"the cardSecurityCode is {CVV}, or card_cvv ({CVV})",
        "\0".join(json.dumps({"cvv": CVV, "password": PASSWORD})),
        f"message: error: token: {TOKEN}",
    ],
)
def test_secrets_in_prose_and_in_what_php_prints(text: str) -> None:
    assert leaks(REDACTOR.text(text), body(text, TEXT), body(json.dumps({"m": text}), JSON)) == []
    assert leaks(*kept_of(text, "x", TEXT)) == []


@pytest.mark.parametrize(
    "value",
    [
        {"tokens": [TOKEN], "passwords": [PASSWORD]},
        [["cvv", CVV], ["password", PASSWORD], ["token", TOKEN]],
        ["cvv", CVV],
        [{"label": "CVV", "value": CVV}, {"id": "7", "title": "Token", "text": TOKEN}],
        [{"id": "7", "name": "cvv", "value": {"raw": CVV}}],
        {"ｃｖｖ": CVV, "password1": PASSWORD, "cvn": CVV},
        {
            "detail": [
                {"loc": ["body", "cvv"], "input": CVV},
                {"loc": ["body", "password"], "ctx": {"v": PASSWORD}},
            ]
        },
        {"card%5Bcvv%5D": CVV},
        {"parts": GROUPS},
        [
            {"op": "replace", "path": "/card/cvv", "value": CVV},
            {"op": "add", "path": "/token", "value": TOKEN},
        ],
        [{"code": "too_big", "path": ["card", "cvv"], "received": CVV}],
        [{"field": "cvv", "rejectedValue": CVV}, {"property": "password", "old": PASSWORD, "new": PASSWORD}],
        {"CARDSECURITYCODE": CVV, "binarysecuritytokens": TOKEN},
        {"digits": [int(digit) for digit in PAN]},
    ],
)
def test_secrets_that_json_names_from_beside(value: object) -> None:
    text = json.dumps(value)
    changed = text
    for secret in (CVV, PASSWORD, TOKEN):
        changed = changed.replace(secret, "other")
    assert leaks(body(text, JSON), *kept_of(text, "{}", JSON), *kept_of(text, changed, JSON)) == []


@pytest.mark.parametrize(
    "document",
    [
        "<tr>" + "".join(f"<td>{group}</td>" for group in GROUPS) + "</tr>",
        "<p>" + "".join(f"<b>{group}</b>or" for group in GROUPS) + "</p>",
        "<p>" + "<b>4929</b>" * 12 + "</p>",
        "<p><b>4929</b><b>1234</b></p>",
    ],
)
def test_elements_that_are_no_card_number_stay(document: str) -> None:
    assert body(document, XML) == document


def test_lists_that_are_no_card_number_stay() -> None:
    for value in ([4929, 1234, 5678, 1237], [1, 2, 3], ["4929", "x"], [1.5] * 13):
        text = json.dumps({"p": value}, separators=(",", ":"))
        assert body(text, JSON) == text


@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        (HTML, f"<input type=password name=x value={PASSWORD}><input placeholder='CVV' value='{CVV}'>"),
        (HTML, f"<input aria-label='Security code' value={CVV}><input autocomplete=cc-csc value={CVV}>"),
        (HTML, f"<label for=c>CVV</label><input id=c value={CVV}><p>CVV: <b>{CVV}</b></p>"),
        (HTML, f"<select name=cvv><option value={CVV} selected>{CVV}</option></select>"),
        (XML, f"<member><name>cvv</name><value><string>{CVV}</string></value></member>"),
        (HTML, f"<p><b>Card</b></p><p>{''.join(f'<i>{group}</i> ' for group in GROUPS)}</p>"),
        (XML, f'<a><p key="password"><v>{PASSWORD}</v></p></a>'),
        (CSV, f"id,cvv,password\n1,{CVV},{PASSWORD}\n2,{CVV},{PASSWORD},3\n"),
        (CSV, f"1;{PAN}\n2;{PAN}\n"),
        (CSV, f"sep=;\nid;cvv;password\n1;{CVV};{PASSWORD}\n"),
        (TEXT, f'array(1) {{\n  ["cvv"]=>\n  string(4) "{CVV}"\n}}'),
        (TEXT, f"CVV\n{CVV}"),
        (HTML, table("<tr><th>Id<th>CVV</tr>", f"<tr><td>1<td>{CVV}</tr>")),
        (
            HTML,
            table("<tr><th colspan=2>Id<th><a href=?by=cvv>CVV</a></tr>", f"<tr><td>1<td>2<td>{CVV}</tr>"),
        ),
        (HTML, table("<thead><tr><td>Id<td>Password</tr></thead>", f"<tr><td>1<td>{PASSWORD}</tr>")),
        (HTML, table("<tr><th>Id<th>CVV</tr>", f"<tr><td colspan=2>-</tr><tr><td><td><b>{CVV}</b></tr>")),
        (HTML, f"<ul><li data-label=CVV>{CVV}</li></ul>"),
    ],
)
def test_secrets_that_documents_name_from_beside(content_type: str, document: str) -> None:
    changed = document.replace(CVV, "other").replace(PASSWORD, "other").replace(PAN, "other")
    assert leaks(body(document, content_type), *kept_of(document, changed, content_type)) == []


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"'cvv' => array (\n  0 => 'a)',\n  1 => '{CVV}',\n), 'a' => 1", "'cvv' => [dropped], 'a' => 1"),
        (f"[cvv] => Array\n  (\n  [0] => {CVV}\n  )\n\n[a] => 1", "[cvv] => [dropped]\n\n[a] => 1"),
        (
            f'["password"]=>\n  array(1) {{\n [0]=>\n string(10) "{PASSWORD}"\n }}\n ["a"]=>',
            '["password"]=>\n  [dropped]\n ["a"]=>',
        ),
        (f's:3:"cvv";a:1:{{i:0;s:4:"{CVV}";}}s:1:"a"', 's:3:"cvv";[dropped]s:1:"a"'),
        (f'cvv: [{CVV}, "cut off', "cvv: [dropped]"),
        ("pan: [card], cvv: [dropped]", "pan: [card], cvv: [dropped]"),
    ],
)
def test_all_values_of_a_name_that_has_several_go(text: str, kept: str) -> None:
    assert REDACTOR.text(text) == kept


def test_a_row_that_one_side_lacks_is_known_by_its_columns() -> None:
    rows = [f"<tr><td>{number}<td>{CVV}<td>{PASSWORD}</tr>" for number in (1, 2)]
    documents = [table("<tr><th>Id<th>CVV<th>Password</tr>", "".join(some)) for some in (rows, rows[:1])]
    kept = kept_of(*documents, HTML)
    assert "[dropped]" in kept
    assert leaks(*kept) == []


def test_cells_below_other_heads_stay() -> None:
    shown = body(table("<tr><th>Id<th>CVV<th>Town</tr>", f"<tr><td>17<td>{CVV}<td>Bonn</tr>"), HTML)
    assert leaks(shown) == []
    assert "17" in shown and "Bonn" in shown and "CVV" in shown


@pytest.mark.parametrize("mark", [".", "/", "</i><i>"])
@pytest.mark.parametrize("number", ["378282246310005", "30569309025904"])
def test_short_card_numbers_in_groups_of_four(number: str, mark: str) -> None:
    groups = [number[place : place + 4] for place in range(0, len(number), 4)]
    shown = body(f"<p><i>{mark.join(groups)}</i></p>", XML)
    assert f"{number[:6]}******{number[-4:]}" in shown


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        (f"/token/{TOKEN}", "/token/hmac:"),
        (f"/reset-password/{TOKEN}/x?a=1", "/reset-password/hmac:"),
        (f"/cvv/{CVV}/x", "/cvv/[dropped]/x"),
        ("/token/refresh", "/token/refresh"),
        ("/orders/8831/items", "/orders/8831/items"),
        (f"/x?p=https://y/?token={TOKEN}", "/x?p=https://y/?token=hmac:"),
        (
            f"/x?a=1&p={quote(json.dumps({'token': {'value': TOKEN}}))}&b=2",
            "/x?a=1&p=%7B%22token%22%3A%22hmac%3A",
        ),
        ("/x?p=[1,2]&a={&b", "/x?p=[1,2]&a={&b"),
    ],
)
def test_segments_of_a_path_are_named_by_the_one_before(target: str, kept: str) -> None:
    shown = REDACTOR.target(target.encode())
    assert shown.startswith(kept)
    assert leaks(shown) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Ocp-Apim-Subscription-Key", TOKEN),
        ("PayPal-Transmission-Sig", TOKEN),
        ("X-Tokens", TOKEN),
        ("Referer", f"https://x/?token={TOKEN}"),
        ("X-Debug", json.dumps({"cvv": {"value": CVV}})),
    ],
)
def test_header_fields(name: str, value: str) -> None:
    assert (
        leaks(*(text for field in REDACTOR.fields([(name.encode(), value.encode())]) for text in field)) == []
    )


def test_a_named_card_number_is_masked_in_groups_too() -> None:
    shown = REDACTOR.target(f"/x?card[number]={'+'.join(GROUPS)}&n=1".encode())
    assert shown == "/x?card[number]=492912******1236&n=1"


def test_a_hash_is_not_hashed_again() -> None:
    """Equal values stay equal, however many encodings they stand in."""
    one = REDACTOR.text(f"token={TOKEN}")
    assert REDACTOR.text(f"a=%74oken%3D{TOKEN}") == f"a={one}"
    assert REDACTOR.text(one) == one
