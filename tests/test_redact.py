"""Redaction: what is dropped, what is masked, what is hashed, and what may stay."""

import base64
import json
import re

import pytest

from shadow.compare import Difference, Kind, Severity, Where
from shadow.redact import BODY_LENGTH, VALUE_LENGTH, Redactor
from shadow.redact.cards import mask_cards, passes_luhn
from shadow.redact.names import Secret, keys_of, secret_of
from tests.support.compare import CSV, FORM, HTML, JSON, XML, bodies

PAN = "4111111111111111"
MASKED = "411111******1111"
KEY = b"a key"
REDACTOR = Redactor(KEY)


def body(text: str, content_type: str = JSON, redactor: Redactor = REDACTOR) -> str:
    return redactor.body([(b"Content-Type", content_type.encode())], text.encode())


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("$.cvv", Secret.DROP),
        ("$.card.CVC2", Secret.DROP),
        ("$['security-code']", Secret.DROP),
        ("$.cardCvv", Secret.DROP),
        ("$.cvv_3", Secret.DROP),
        ("$.pin", Secret.DROP),
        ("$.shipping", None),
        ("$.track_2", Secret.DROP),
        ("$.trackData.raw", Secret.DROP),
        ("$.card[0].number", Secret.CARD),
        ("$.credit_card.number", Secret.CARD),
        ("$.order.number", None),
        ("$.CardNumber", Secret.CARD),
        ("card[number]", Secret.CARD),
        ("/order/pay:pan", Secret.CARD),
        ("$.company", None),
        ("[3].cc_number", Secret.CARD),
        ("header:authorization", Secret.HASH),
        ("header:x-api-key", Secret.HASH),
        ("header:stripe-signature", Secret.HASH),
        ("$.csrf_token", Secret.HASH),
        ("$.tokenize", None),
        ("$.clientSecret", Secret.HASH),
        ("$.acid", None),
        ("$.token.card.cvv", Secret.DROP),
        ("$.amount", None),
    ],
)
def test_names_tell_what_is_secret(path: str, secret: Secret | None) -> None:
    assert secret_of(keys_of(path)) is secret


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (PAN, MASKED),
        ("4111 1111 1111 1111", MASKED),
        ("4111-1111-1111-1111", MASKED),
        ("4111\u00a01111\u20131111 1111", MASKED),
        ("card 378282246310005.", "card 378282******0005."),
        ("order 7 4111 1111 1111 1111 12/29", f"order 7 {MASKED} 12/29"),
        (f"id17673230{PAN}x", "id[card]x"),
        (f"{PAN} {PAN}", f"{MASKED} {MASKED}"),
        ("5576 7036-7363 7304 443", "[card]"),
        ("00 4111-1111 1111-1111", "004111******1111"),
        (f"{PAN}123", f"{MASKED}123"),
        ("order-20260701-5555341244441115-8302", "order-20260701-555534******1115-8302"),
        ("5541672110684033 12/29 421", "554167******4033 12/29 421"),
        ("5576.7036.7363.7304.443", "[card]"),
        ("5576.7036.7363.7304.444", "557670******7304.444"),
        ("6304.0000.0000.0000.000", "[card]"),
        ("4111111111111112", "4111111111111112"),
        ("1767323045", "1767323045"),
        ("2026-11-21 08:47:12", "2026-11-21 08:47:12"),
        ("12.345.678,90", "12.345.678,90"),
    ],
)
def test_card_numbers_are_found_in_text(text: str, redacted: str) -> None:
    assert mask_cards(text) == redacted


def test_luhn() -> None:
    assert passes_luhn("79927398713") and not passes_luhn("79927398710")


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("cvv=123&amount=5", "cvv=[dropped]&amount=5"),
        ('{"cvv": "123", "a": 1, cut', '{"cvv": "[dropped]", "a": 1, cut'),
        ('{\\"cvc\\":\\"123\\"}', '{\\"cvc\\":[dropped]}'),
        ('{"password": "ab\\"cd, ef", "a": "b', '{"password": "HASH", "a": "b'),
        ("x = {'secret': 'it\\'s mine'}", "x = {'secret': HASH}"),
        ('{"token": "never closed, to the end', '{"token": "HASH"'),
        ("CVV 123 given", "CVV [dropped] given"),
        ("Security code: 1234", "Security code: [dropped]"),
        ("['cvc' => '123']", "['cvc' => [dropped]]"),
        ("<cvv>123</cvv>", "<cvv>[dropped]</cvv>"),
        ('<input type=text name="cvv" value="123">', '<input type=text name="cvv" value="[dropped]">'),
        (f"%3A{PAN}%20x", f":{MASKED} x"),
        ("B4111111111111111^DOE/JOHN^29121010000000000?", "[dropped]"),
        (";4111111111111111=29121010000000000?", "[dropped]"),
        ("&#52;111111111111111", MASKED),
        ("\\u0034111111111111111", MASKED),
        ("<b>x</b> and <input name=q value=1>", "<b>x</b> and <input name=q value=1>"),
        ("a plain text, 12 things: x=1 & y", "a plain text, 12 things: x=1 & y"),
    ],
)
def test_secrets_are_found_in_text_that_cannot_be_parsed(text: str, redacted: str) -> None:
    assert re.sub(r"hmac:[a-p]{16}", "HASH", REDACTOR._text(text)) == redacted


def test_base64_and_tokens_become_hashes_of_letters() -> None:
    packed = base64.b64encode(json.dumps({"pan": PAN}).encode()).decode()
    jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    for text in (f"data {packed}", f"x/{packed}", f"Bearer {jwt}", jwt):
        shown = REDACTOR._text(text)
        assert "hmac:" in shown and packed not in shown and jwt not in shown
        assert not any(map(str.isdigit, shown.partition("hmac:")[2]))


def test_base64_of_nothing_secret_stays() -> None:
    packed = base64.b64encode(b"just some words about nothing").decode()
    assert REDACTOR._text(packed) == packed


@pytest.mark.parametrize(
    ("text", "content_type", "redacted"),
    [
        (
            '{"card":{"number":"42","cvc":123},"ok":true}',
            JSON,
            '{"card":{"number":"[card]","cvc":"[dropped]"},"ok":true}',
        ),
        (f'{{"n":{PAN}}}', JSON, f'{{"n":"{MASKED}"}}'),
        (f'{{"{PAN}":1}}', JSON, f'{{"{MASKED}":1}}'),
        (
            '[{"name":"cvv","value":"123"},{"name":"a","value":"b"}]',
            JSON,
            '[{"name":"cvv","value":"[dropped]"},{"name":"a","value":"b"}]',
        ),
        (
            '{"raw":"{\\"card\\":{\\"number\\":\\"42\\"}}"}',
            JSON,
            '{"raw":"{\\"card\\":{\\"number\\":\\"[card]\\"}}"}',
        ),
        ("card[number]=42&card[cvc]=123&a=b+c", FORM, "card[number]=[card]&card[cvc]=[dropped]&a=b c"),
        (
            "<o><card><number>42</number></card><a k='v'>x</a></o>",
            XML,
            '<o><card><number>[card]</number></card><a k="v">x</a></o>',
        ),
        ('<p><input name="cvv" value="123"/></p>', XML, '<p><input name="cvv" value="[dropped]"/></p>'),
        ("<dl><dt>CVV</dt><dd>123</dd></dl>", XML, "<dl><dt>CVV</dt><dd>[dropped]</dd></dl>"),
        ("a,b\n1,2\n", CSV, "a,b\n1,2\n"),
    ],
)
def test_bodies_are_redacted_as_what_they_are(text: str, content_type: str, redacted: str) -> None:
    assert body(text, content_type) == redacted


def test_html_forms_keep_no_values_of_secret_controls() -> None:
    shown = body("<form><input name=card[cvc] value=123><input name=city value=Bonn></form>", HTML)
    assert "123" not in shown and "Bonn" in shown


def test_multipart_fields_are_shown_by_line_and_files_by_size() -> None:
    text = (
        '--b\r\nContent-Disposition: form-data; name="cvv"\r\n\r\n123\r\n'
        '--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    )
    assert body(text, "multipart/form-data; boundary=b") == "cvv=[dropped]\nf=[6 characters]"


def test_multipart_without_a_boundary_is_shown_by_its_length() -> None:
    assert body("--b", "multipart/form-data") == "[3 characters]"


def test_markup_that_names_itself_at_every_level_is_cut_off() -> None:
    shown = body('<a name="x">' * 250 + PAN + "</a>" * 250, XML)
    assert PAN not in shown


def test_text_alone() -> None:
    assert REDACTOR.text(f"failed for {PAN}") == f"failed for {MASKED}"


def test_binary_and_coded_bodies() -> None:
    assert body("\x00\x01", "image/png") == "[2 bytes]"
    assert REDACTOR.body([(b"content-encoding", b"gzip")], b"nope") == "[4 bytes]"
    assert REDACTOR.body([], b"") == ""


def test_long_bodies_are_cut_after_redaction() -> None:
    shown = body(json.dumps({"a": "x " * BODY_LENGTH, "pan": PAN}))
    assert len(shown) == BODY_LENGTH and shown.endswith("…")


def test_fields_are_hashed_by_name() -> None:
    sent = [
        (b"Authorization", b"Bearer abc"),
        (b"Cookie", b"a=b"),
        (b"X-Signature", b"s"),
        (b"Accept", b"*/*"),
    ]
    shown = dict(REDACTOR.fields(sent))
    assert shown["Accept"] == "*/*"
    assert all(shown[name].startswith("hmac:") for name in ("Authorization", "Cookie", "X-Signature"))
    assert dict(REDACTOR.fields([(b"Cookie", b"a=b")]))["Cookie"] == shown["Cookie"]
    assert dict(Redactor(b"other").fields(sent))["Cookie"] != shown["Cookie"]


def test_targets() -> None:
    assert REDACTOR.target(b"/pay/4111111111111111?cvv=123&x=1") == f"/pay/{MASKED}?cvv=[dropped]&x=1"
    assert REDACTOR.target(b"/a/%7Eb?x=%20") == "/a/%7Eb?x=%20"
    assert "123" not in REDACTOR.target(b"/x?card%5Bcvc%5D=123")


def difference(
    path: str, primary: object, shadow: object, where: Where = Where.BODY, **more: object
) -> Difference:
    return Difference(where, path, Kind.CHANGED, primary, shadow, Severity.MAJOR, **more)  # type: ignore[arg-type] # any value


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (difference("$.amount", 5, "6"), ("$.amount", "5", "6")),
        (difference("$.cvv", "123", "124"), ("$.cvv", "[dropped]", "[dropped]")),
        (difference("$.card.number", PAN, 42), ("$.card.number", MASKED, "[card]")),
        (difference("$.n", f"a {PAN}", None), ("$.n", f"a {MASKED}", "null")),
        (difference(f"$['{PAN}']", 1, 2), (f"$['{MASKED}']", "1", "2")),
        (difference("$.card", {"cvc": "1"}, []), ("$.card", '{"cvc":"[dropped]"}', "[]")),
        (
            difference("$.fields[0].value", "123", "124", named="cvv"),
            ("$.fields[0].value", "[dropped]", "[dropped]"),
        ),
        (
            difference("/o/input/@value", "123", "124", named="card[cvc]"),
            ("/o/input/@value", "[dropped]", "[dropped]"),
        ),
        (difference("/o/i", "<i><cvv>1</cvv></i>", "x"), ("/o/i", "<i><cvv>[dropped]</cvv></i>", "x")),
        (
            difference("header:set-cookie", "sid; secure", "sid", Where.HEADER),
            ("header:set-cookie", "sid; secure", "sid"),
        ),
        (
            difference("header:location", f"/p?pan={PAN}", "/p", Where.HEADER),
            ("header:location", f"/p?pan={MASKED}", "/p"),
        ),
        (difference("status", 200, 302, Where.STATUS), ("status", "200", "302")),
    ],
)
def test_differences(found: Difference, shown: tuple[str, str, str]) -> None:
    assert REDACTOR.difference(found) == shown


def test_hashes_keep_equality_visible() -> None:
    same, other = difference("$.token", "a", "a"), difference("$.token", "a", "b")
    _, one, two = REDACTOR.difference(same)
    assert one == two and one is not None and one.startswith("hmac:")
    _, one, two = REDACTOR.difference(other)
    assert one != two


def test_hashes_of_bodies_are_keyed() -> None:
    found = bodies("a", "b", content_type="image/png").differences[0]
    _, one, other = REDACTOR.difference(found)
    assert one != other and one is not None and re.fullmatch(r"hmac:[a-p]{16} \(1 bytes\)", one)


def test_values_are_cut_after_redaction() -> None:
    _, primary, _ = REDACTOR.difference(difference("$.a", "x" * 190 + " " + PAN, "y"))
    assert primary is not None and len(primary) == VALUE_LENGTH and PAN[:8] not in primary


def test_absent_stays_absent() -> None:
    found = bodies('{"a":1}', "{}").differences[0]
    assert REDACTOR.difference(found) == ("$.a", "1", None)


PATHS = ["$.customer.*", "$..iban", "//email", "header:x-user"]


@pytest.mark.parametrize(
    ("path", "hashed"),
    [
        ("$.customer.name", True),
        ("$.customer.name.first", True),
        ("$.customers", False),
        ("$.a[3].iban", True),
        ("/o/p:person/email", True),
        ("/o/name", False),
        ("header:x-user", True),
        ("header:x-total", False),
    ],
)
def test_a_route_can_name_more(path: str, hashed: bool) -> None:
    where = Where.HEADER if path.startswith("header:") else Where.BODY
    _, shown, _ = Redactor(KEY, PATHS).difference(difference(path, "Zoë", "x", where))
    assert (shown or "").startswith("hmac:") is hashed


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("4222222222222", "422222******2222"),
        ("422222222222", "[card]"),
        ("42222 2222 2222-2222-222", "422222******2222"),
    ],
)
def test_a_named_number_is_masked_if_it_is_long_enough(number: str, shown: str) -> None:
    assert REDACTOR.difference(difference("$.pan", number, "")) == ("$.pan", shown, "[card]")


def test_a_number_that_a_route_names_is_masked_like_a_card() -> None:
    redactor = Redactor(KEY, ["$.a", "$.b"])
    assert body('{"a":"1234567890123456","b":"12345"}', JSON, redactor).startswith(
        '{"a":"123456******3456","b":"hmac:'
    )


def test_what_a_route_names_is_redacted_in_bodies_too() -> None:
    redactor = Redactor(KEY, PATHS)
    assert "DE89" not in body('{"a":[{"iban":"DE89"}]}', JSON, redactor)
    assert "a@b" not in body("<o><email>a@b</email></o>", XML, redactor)
    assert "Zoe" not in body('{"customer":{"name":["Zoe"]}}', JSON, redactor)
    assert dict(redactor.fields([(b"X-User", b"zoe")]))["X-User"].startswith("hmac:")


@pytest.mark.parametrize("path", ["$[?@.a==1]", "$.a[-1]", "//a[1]", "customer", "$["])
def test_paths_that_cannot_be_found_again_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"redact|path|JSONPath"):
        Redactor(KEY, [path])


def test_strict_keeps_types_and_lengths_alone() -> None:
    strict = Redactor(KEY, ["$.status", "header:x-total"], strict=True)
    assert strict.difference(difference("$.name", "Zoë", 12)) == ("$.name", "[string, 3]", "[number, 2]")
    assert strict.difference(difference("$.status", "paid", "open")) == ("$.status", "paid", "open")
    assert strict.difference(difference("status", 200, 500, Where.STATUS)) == ("status", "200", "500")
    assert strict.target(b"/a?q=secret&flag") == "/a?q=[string, 6]&flag"
    assert strict.body([], b"anything") == "[8 bytes]"
    fields = dict(strict.fields([(b"X-Total", b"5"), (b"X-User", b"zoe"), (b"Cookie", b"a")]))
    assert (
        fields["X-Total"] == "5"
        and fields["X-User"] == "[string, 3]"
        and fields["Cookie"].startswith("hmac:")
    )


def test_strict_does_not_allow_what_is_never_stored() -> None:
    strict = Redactor(KEY, ["$.cvv", "$.pan"], strict=True)
    assert strict.difference(difference("$.cvv", "123", "1"))[1] == "[dropped]"
    assert strict.difference(difference("$.pan", PAN, "1"))[1] == MASKED


def test_deep_and_huge_bodies_do_not_stall() -> None:
    assert body("[" * 5000 + "]" * 5000).startswith("[10000 characters")
    assert body('{"a":' * 300 + '"4111111111111111"' + "}" * 300).count("4111111111111111") == 0
    assert len(body("x" * 300_000, "text/plain")) == BODY_LENGTH
    assert len(body("1 " * 100_000, "text/plain")) == BODY_LENGTH


def test_half_a_surrogate_pair_is_kept_as_json_writes_it() -> None:
    body = '{"a\\ud83d":"\\ud83d"}'
    [found] = bodies(body, body.replace('d"}', 'e"}')).differences
    assert REDACTOR.difference(found) == ("$['a\\ud83d']", "\\ud83d", "\\ud83e")
    assert REDACTOR.body([(b"content-type", b"application/json")], body.encode()).isascii()
