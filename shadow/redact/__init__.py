"""What may be written or sent of an exchange: nothing secret, or nothing at all. Pure.

Three things happen to what must not be stored: it is dropped (CVV, PIN, track data), masked (card numbers:
first six and last four digits) or replaced by a keyed hash (credentials, cookies, signatures: equality stays
visible).
"""

import re
from collections.abc import Sequence
from urllib.parse import quote_plus, unquote_plus

from shadow.compare import fields as headers
from shadow.compare import media
from shadow.compare.model import Absent, Answer, Difference, Json, Kind, Value, Where
from shadow.compare.selectors import State
from shadow.compare.show import text_of
from shadow.compare.values import kind_of
from shadow.redact.bodies import BodyRedactor
from shadow.redact.names import Secret, keys_of, secret_of
from shadow.redact.places import Places
from shadow.redact.text import TextRedactor
from shadow.redact.trees import TreeRedactor

__all__ = ["BODY_LENGTH", "VALUE_LENGTH", "Redactor"]

# What stands for a binary or signed body. A body is guessed from its bare hash as soon as only a CVV in it is
# unknown.
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64})( \(\d+ bytes\))")
# What follows the name of a secret in a path, if no one would give a resource that name: /token/8f3a…
_SEGMENT = re.compile(r"(?<=/)([^/]{1,100})/(?=[^/]*\d|[^/]{20})([^/]+)")
VALUE_LENGTH = 200
BODY_LENGTH = 4000


class Redactor:
    """Redacts what is kept of one route's exchanges.

    key: of the keyed hash. paths: JSONPaths, XPaths and header:name of names, indexes and wildcards; what
    they select is secret too, or with `strict` the only thing of which values are kept. ValueError for other
    paths. Whatever any method raises: nothing of that exchange may be kept.
    """

    def __init__(self, key: bytes, paths: Sequence[str] = (), strict: bool = False) -> None:
        self._text = TextRedactor(key)
        self._places = Places(paths)
        # In strict mode the paths allow; there is nothing that they forbid.
        self._tree = TreeRedactor(self._text)
        self._bodies = BodyRedactor(self._tree, Places(()) if strict else self._places)
        self._strict = strict

    def target(self, target: bytes) -> str:
        """A request's target. Strict: the values of its query by their length."""
        path, question, query = target.decode("latin-1").partition("?")
        path = _SEGMENT.sub(self._segment, path)
        if not self._strict:
            return self._text(path + question + "&".join(map(self._parameter, query.split("&"))))
        pairs = (part.partition("=") for part in query.split("&"))
        return (
            self._text(path)
            + question
            + "&".join(
                self._text(name) + equals + (_measured(value) if equals else "")
                for name, equals, value in pairs
            )
        )

    def fields(self, fields: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
        """Header fields in order, the values of secret ones hashed. Strict: the others by their length."""
        return [
            (self._text(name.decode("latin-1")), self._field(name.decode("latin-1"), value.decode("latin-1")))
            for name, value in fields
        ]

    def body(self, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> str:
        """A body of the type that its fields say, cut at BODY_LENGTH. Strict: by its length."""
        if self._strict or not body:
            return f"[{len(body)} bytes]" if body else ""
        named = headers.collected(Answer(200, fields, body))
        kind = media.parse((named.get("content-type") or [""])[0])
        return _cut(self._bodies.body(kind, headers.content_codings(named), body), BODY_LENGTH)

    def text(self, text: str) -> str:
        """Text of which nothing is known but itself."""
        return _cut(self._text(text), VALUE_LENGTH)

    def difference(self, difference: Difference) -> tuple[str, str | None, str | None]:
        """A difference's path and both values, cut at VALUE_LENGTH; None for one that is absent."""
        state, named = self._places.at(difference.path)
        sides = difference.primary, difference.shadow
        shown = [self._value(value, difference, state, named) for value in sides]
        primary, shadow = (None if value is None else _cut(value, VALUE_LENGTH) for value in shown)
        return self._text(difference.path), primary, shadow

    def _segment(self, found: re.Match[str]) -> str:
        secret = secret_of([found[1]])
        return found[0] if secret is None else f"{found[1]}/{self._text.secret(secret, found[2])}"

    def _parameter(self, pair: str) -> str:
        """A parameter of a query; JSON in it is redacted as JSON."""
        name, equals, value = pair.partition("=")
        document = unquote_plus(value)
        if not document.startswith(("{", "[")):
            return pair
        clean = text_of(self._tree.json(document, keys_of(name)))
        return pair if clean == document else f"{name}{equals}{quote_plus(clean or '')}"

    def _field(self, name: str, value: str) -> str:
        secret = secret_of(keys_of(name))
        if secret is None and name.lower() in self._places.headers and not self._strict:
            secret = Secret.HASH
        if secret is not None:
            return self._text.secret(secret, value)
        if self._strict and name.lower() not in self._places.headers:
            return _measured(value)
        return text_of(self._tree.json(value, ())) or ""

    def _value(self, value: Value, difference: Difference, state: State | None, named: bool) -> str | None:
        if isinstance(value, Absent):
            return None
        if self._strict and not named and difference.where is not Where.STATUS:
            return _measured(value)
        if difference.where is Where.HEADER:
            return self._header(difference.path.removeprefix("header:"), str(value), named)
        keys = [*keys_of(difference.path), *keys_of(difference.named)]
        if named and not self._strict:
            shown = text_of(value) or ""
            return self._text.secret(secret_of(keys) or Secret.HASH, shown)
        if isinstance(value, str) and (digest := _DIGEST.fullmatch(value)):
            return self._text.hashed(digest[1]) + digest[2]
        if isinstance(value, str) and secret_of(keys) is None:
            return self._bodies.text(value)
        redacted = self._tree.json(value, keys, None if self._strict else state)
        return text_of(redacted, quoted=difference.kind is Kind.TYPE)

    def _header(self, name: str, value: str, named: bool) -> str:
        """A compared header; of Set-Cookie only names and attributes are compared, and they may be kept."""
        return self._text(value) if name == "set-cookie" and not named else self._field(name, value)


def _measured(value: Json) -> str:
    """All that strict mode keeps of a value: its type and its length."""
    length = len(value) if isinstance(value, str | list | dict) else len(text_of(value) or "")
    return f"[{kind_of(value)}, {length}]"


def _cut(text: str, length: int) -> str:
    """No longer than that; half a surrogate pair, which UTF-8 cannot say, as JSON writes it."""
    text = text.encode(errors="backslashreplace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"
