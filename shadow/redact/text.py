"""Free text: card numbers and named secrets wherever they stand, also in URL-encoded and base64 text."""

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import unquote_plus

from shadow.redact import cards
from shadow.redact.names import Secret, keys_of, secret_of

DROPPED = "[dropped]"
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_LAYERS = 4  # of encodings inside each other

_TOKEN = re.compile(
    r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*|\b(?:Bearer|Basic|Digest)[ +]+[\w+/.~=-]{4,}",
    re.ASCII | re.IGNORECASE,
)
# Track data as a magnetic stripe has it (ISO/IEC 7813).
_TRACK = re.compile(r"%?[Bb]\d{12,19}\^[^^\n]{2,26}\^\d{4}[^?\n]{0,80}\??|;?\b\d{12,19}[=Dd]\d{7,24}\??")
# name=value, "name": "value", name => value, and as PHP prints arrays: [name] => value, ["name"]=> string(3)
# "value" (Xdebug: string 'value'), s:4:"name";s:5:"value". The name may be up to three words, and quotes
# may be escaped.
_NAME = re.compile(
    r"(?:(?<![\w\-.\[\]])|(?<=\s\[)|(?<=\A\[))((?:[A-Za-z][\w\-]*[ ]){0,2}[A-Za-z_][\w\-.\[\]]*)"
    # What PHP says about a property of an object: ["cvv":"Card":private] or [cvv:Card:private].
    r"(?:[\"'\\]{0,20}:(?:[\"'\\]{0,20}[\w\\]{1,100}[\"'\\]{0,20}:)?(?:private|protected))?"
    r"[\"'\\]{0,20}(?:\]?\s{0,4}(?:=>\s{0,80}|[:=]\s{0,4})"
    r"&?(?:string(?:\(\d+\)\s?|\s(?='))|(?:int|float)[( ])?|;(?:s:\d+:|[idb]:|(?=a:\d+:\{)))"
)
_VALUE = re.compile(
    r"\\+\"(?:[^\"\\]|\\[^\"])*(?:\\+\")?|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s&,;<>\"'})\]\\]+",
    re.DOTALL,
)
# Several values, as JSON, var_export, print_r, var_dump and serialize begin them; and what ends any such.
_NESTED = re.compile(r"(?:array\s{0,80}(?:\(\d+\)\s{0,80}(?=\{))?|a:\d+:)?[\[({]", re.IGNORECASE)
_BRACKET = re.compile(r"[\[({})\]]|\"(?:[^\"\\]|\\.){0,200}\"|'(?:[^'\\]|\\.){0,200}'")
_MOST_NESTED = 4000
# The value of a card's number, in groups.
_GROUPS = re.compile(r"[\"'\\]{0,4}\d(?:[^0-9A-Za-z]{0,3}\d){11,18}(?!\d)[\"'\\]{0,4}")
# What an earlier layer made of a value; hashing that again would tell equal values apart.
_REDACTED = re.compile(r"\"?(?:hmac:[a-p]{16}|\[dropped|\[card|\d{6}\*{6}\d{4})\"?")
# Credentials that hold spaces and semicolons, to the end of their line.
_FIELD = re.compile(
    r"\b((?:set-)?cookie|(?:proxy-)?authorization)(\]?\s{0,4}(?:=>|:)\s{0,4})([^\s\"'\\<](?:=\\{0,20}\"[^\"\r\n]*\"?|[^\r\n\"'<])*)",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)([^\s/:@\"'<>]{0,200}:)([^\s/@\"'<>]{1,200})(?=@)")
# A code of a few digits right after its name: "CVV 123", "security code is 1234".
_SPOKEN = re.compile(
    r"(?<!\w)(csc|cid|pin|\w{0,40}?(?:cvv2?|cvc2?|(?:security|card)[ _-]?code))\b"
    r"\W{0,3}(?:code|no|number|is|was)?\W{0,3}\b(\d{3,12})\b",
    re.IGNORECASE,
)
# What stands right after a card number, or after the month and year behind it: 411111******1111|12|29|123.
_BESIDE = re.compile(
    r"(?:(?<=\*{6}\d{4})|(?<=\[card\]))"
    r"([^0-9A-Za-z]{0,8}(?:(?:0?[1-9]|1[0-2])[^0-9A-Za-z]{0,4}(?:20)?\d\d[^0-9A-Za-z]{1,8})?)\d{3,4}(?![0-9A-Za-z])"
)
# The arguments of a call in PHP's stack traces: #0 /a.php(3): PDO->__construct('mysql:host=db', 'root', '…')
_CALL = re.compile(r"(#\d+ [^\n]{1,400}?\(\d+\): [\w\\:>{}-]{1,200}\()[^\n]+\)")
# What Pydantic's messages repeat of their input; whose it is stands a line before.
_INPUT = re.compile(r"(input_value=)(.+?)(?=, input_type=|\]?$)", re.MULTILINE)
_TAGGED = re.compile(r"<((?:[\w.-]+:)?[\w.-]+)(\s[^<>]*)?>([^<]*)(?=<)")
_CONTROL = re.compile(r"<[a-zA-Z][^<>]*\sname\s*=\s*[\"']?([^\"'\s<>]+)[^<>]*>")
_CONTROL_VALUE = re.compile(r"(\svalue\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class TextRedactor:
    """Redacts text with one key: the same value gives the same hash wherever it stands."""

    key: bytes

    def hashed(self, value: str) -> str:
        """What stands for a value whose equality must stay visible: letters only, so that no digits
        appear.
        """
        digest = hmac.new(self.key, value.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        return f"hmac:{digest[:16].translate(_LETTERS)}"

    def secret(self, secret: Secret, value: str) -> str:
        """What is kept of a value that is secret by its name."""
        match secret:
            case Secret.DROP:
                return DROPPED
            case Secret.CARD:
                return cards.masked(value)
            case Secret.HASH:
                return self.hashed(value)
            case _:
                assert_never(secret)

    def __call__(self, text: str, layers: int = _LAYERS) -> str:
        """The text without anything that must not be stored."""
        for decode in (_unquoted, html.unescape, _unescaped, _without_nulls):
            decoded = decode(text) if layers else text
            if decoded != text and (clean := self(decoded, layers - 1)) != decoded:
                text = clean
        text = _FIELD.sub(lambda found: found[1] + found[2] + self.hashed(found[3]), text)
        text = _USERINFO.sub(lambda found: found[1] + self.hashed(found[2]), text)
        text = _TOKEN.sub(lambda found: self.hashed(found[0]), text)
        text = _TRACK.sub(DROPPED, text)
        text = _CALL.sub(lambda found: f"{found[1]}{DROPPED})", text)
        text = _INPUT.sub(lambda found: found[1] + DROPPED, text)
        text = self._named(text)
        text = _SPOKEN.sub(lambda found: found[0][: found.start(2) - found.start()] + DROPPED, text)
        if "<" in text:
            text = _CONTROL.sub(self._control, _TAGGED.sub(self._tagged, text))
        text = _BESIDE.sub(lambda found: found[1] + DROPPED, cards.mask_cards(text))
        return _BASE64.sub(lambda found: self._base64(found[0], layers), text) if layers else text

    def _named(self, text: str) -> str:
        """Values after their names. What stands after another name may hold names too: a URL's query."""
        parts, shown, at = [], 0, 0
        while name := _NAME.search(text, at):
            at = name.end()
            secret = secret_of(keys_of(name[1]))
            if secret is None:
                continue
            nested = _NESTED.match(text, at)
            if nested and not _REDACTED.match(text, at):
                parts += [text[shown:at], DROPPED]
                shown = at = _closed(text, nested.end() - 1)
                continue
            value = (secret is Secret.CARD and _GROUPS.match(text, at)) or _VALUE.match(text, at)
            if value and not _REDACTED.fullmatch(value[0]):
                quote = '"' if value[0][:1] == '"' else ""
                parts += [text[shown:at], quote, self.secret(secret, value[0].strip("\"'\\")), quote]
                shown = at = value.end()
        return "".join([*parts, text[shown:]])

    def _tagged(self, found: re.Match[str]) -> str:
        secret = secret_of([found[1].rpartition(":")[2]])
        if secret is None or not found[3].strip():
            return found[0]
        return f"<{found[1]}{found[2] or ''}>{self.secret(secret, found[3])}"

    def _control(self, found: re.Match[str]) -> str:
        """A form control's value, by the control's name."""
        secret = secret_of(keys_of(found[1]))
        if secret is None:
            return found[0]
        return _CONTROL_VALUE.sub(
            lambda value: value[1] + f'"{self.secret(secret, value[2].strip(chr(34)))}"', found[0]
        )

    def _base64(self, token: str, layers: int) -> str:
        """The token, hashed if any reading of it holds a secret; it may begin at any of four places."""
        letters = re.sub(r"[\r\n=]", "", token).replace("-", "+").replace("_", "/")
        for offset in range(4):
            decoded = _decoded(letters[offset:])
            # Text may hold encoded text again; bytes hold at most the numbers that can be seen in them.
            if decoded and self(decoded, layers - 1 if decoded.isascii() else 0) != decoded:
                return self.hashed(token)
        return token


def _closed(text: str, at: int) -> int:
    """Where the bracket that opens here is closed; in a text that was cut, its end."""
    depth = 0
    for bracket in _BRACKET.finditer(text, at, at + _MOST_NESTED):
        depth += (bracket[0] in "[({") - (bracket[0] in "])}")
        if depth == 0:
            return bracket.end()
    return min(len(text), at + _MOST_NESTED)


def _unquoted(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _without_nulls(text: str) -> str:
    """UTF-16 that is not said to be that has one after each letter."""
    return text.replace("\0", "")


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def _decoded(letters: str) -> str:
    whole = letters[: len(letters) // 4 * 4]
    return base64.b64decode(whole + _PADDED[len(letters) % 4](letters)).decode("latin-1")


# The last two or three letters of a text whose length is no multiple of four; one alone holds no byte.
_PADDED: tuple[Callable[[str], str], ...] = (
    lambda _: "",
    lambda _: "",
    lambda letters: letters[-2:] + "==",
    lambda letters: letters[-3:] + "=",
)
