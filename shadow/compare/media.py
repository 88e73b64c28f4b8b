"""Media types: what a body is said to be, and what it looks like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto


class Form(Enum):
    """The ways in which bodies are compared."""

    JSON = auto()
    JSON_LINES = auto()
    XML = auto()
    HTML = auto()
    FORM = auto()
    CSV = auto()
    TEXT = auto()
    BINARY = auto()


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type taken apart (RFC 9110 §8.3): type in lower case, parameters with their quotes off."""

    type: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def charset(self) -> str:
        return self.parameters.get("charset", "")


_FORMS = {
    "application/x-www-form-urlencoded": Form.FORM,
    "text/csv": Form.CSV,
    "application/csv": Form.CSV,
    "text/tab-separated-values": Form.CSV,
    "text/html": Form.HTML,
    "application/xhtml+xml": Form.XML,
    "application/xml": Form.XML,
    "text/xml": Form.XML,
    "application/json": Form.JSON,
    "text/json": Form.JSON,
    "application/x-json": Form.JSON,
    "application/x-ndjson": Form.JSON_LINES,
    "application/jsonl": Form.JSON_LINES,
    "application/json-lines": Form.JSON_LINES,
    "application/json-seq": Form.JSON_LINES,
    "application/javascript": Form.TEXT,
    "application/x-javascript": Form.TEXT,
    "application/yaml": Form.TEXT,
}
# What a server says when nobody told it: no evidence against what the other side says.
_UNTOLD = frozenset(("", "text/html", "text/plain", "application/octet-stream"))


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`a/b; c="d"` → ("a/b", {"c": "d"}); names in lower case, the first of a name wins."""
    head, *rest = _split(value)
    parameters: dict[str, str] = {}
    for part in rest:
        name, equals, text = part.partition("=")
        if name.strip():
            parameters.setdefault(name.strip().lower(), _unquoted(text.strip()) if equals else "")
    return head.strip(), parameters


def parse(value: str) -> MediaType:
    name, parameters = parse_parameters(value)
    return MediaType(name.lower(), parameters)


def _split(value: str) -> list[str]:
    """At semicolons outside of quotes."""
    parts, start, quoted, escaped = [], 0, False, False
    for index, mark in enumerate(value):
        if escaped:
            escaped = False
        elif quoted and mark == "\\":
            escaped = True
        elif mark == '"':
            quoted = not quoted
        elif mark == ";" and not quoted:
            parts.append(value[start:index])
            start = index + 1
    return [*parts, value[start:]]


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    out, escaped = [], False
    for mark in text[1:-1]:
        if mark == "\\" and not escaped:
            escaped = True
            continue
        out.append(mark)
        escaped = False
    return "".join(out)


def said(media: MediaType) -> Form:
    """The form that a media type names."""
    name = media.type
    if name in _FORMS:
        return _FORMS[name]
    if name.endswith("+json"):
        return Form.JSON
    if name.endswith("+xml"):
        return Form.XML
    return Form.TEXT if name.startswith("text/") else Form.BINARY


def agreed(medias: Sequence[MediaType], texts: Sequence[str]) -> tuple[Form, Form]:
    """The form of each of two bodies.

    A body whose server was not told a type ("text/html" is PHP's default) is what it looks like, or else what
    the other side's certainly is; only a type that was chosen stands against that.
    """
    looks = [_look(media, text) for media, text in zip(medias, texts, strict=True)]
    return _settled(medias[0], texts[0], *looks), _settled(medias[1], texts[1], *reversed(looks))


def _settled(media: MediaType, text: str, own: Form | None, other: Form | None) -> Form:
    if own is not None:
        return own
    markup = text.lstrip().startswith("<")
    if other is not None and not (markup and other in (Form.JSON, Form.JSON_LINES)):
        return other
    return said(media) if media.type else Form.TEXT


def _look(media: MediaType, text: str) -> Form | None:
    """What the body certainly is; None where the type says little and the text looks like nothing."""
    if not is_untold(media):
        return said(media)
    start = text.lstrip()[:512].lower()
    if start.startswith(("{", "[")):
        return Form.JSON
    if start.startswith("<?xml"):
        return Form.XML
    if start.startswith(("<!doctype html", "<html")):
        return Form.HTML
    return None


def is_untold(media: MediaType) -> bool:
    """Whether a type says next to nothing: what a server says when nobody told it."""
    return media.type in _UNTOLD


def is_binary(media: MediaType) -> bool:
    """Whether a body is bytes and nothing else, by a type that was chosen."""
    return not is_untold(media) and said(media) is Form.BINARY
