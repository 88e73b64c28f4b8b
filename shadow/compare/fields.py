"""Response header fields, each compared as what it means."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urljoin, urlsplit, urlunsplit

from shadow.compare import charsets, cookies, media
from shadow.compare.findings import Findings
from shadow.compare.media import Form, MediaType
from shadow.compare.model import ABSENT, Answer, Kind, Request, Value, Where
from shadow.compare.policy import Policy
from shadow.compare.words import words

Fields = Mapping[str, Sequence[str]]

# Lists whose order and case say nothing (RFC 9110 §5.6.1, RFC 9111 §5.2, the Fetch standard §3.3.3).
_SETS = words(
    """
    cache-control vary allow pragma accept-ranges content-language accept-encoding accept-patch
    accept-post access-control-allow-headers access-control-allow-methods access-control-expose-headers
    """
)
# What no URL is written with; whoever follows one encodes it (URL standard §1.3). Bytes stand as latin-1.
_UNWRITTEN = re.compile(r"[^\x21-\x7e]|[\"<>\\^`{|}]")
_ENCODED = re.compile("%([0-9A-Fa-f]{2})")
_PARAMETERISED = frozenset(("content-disposition", "strict-transport-security", "keep-alive"))


def collected(answer: Answer) -> dict[str, list[str]]:
    """Field values by lower-case name, in order. Bytes are read as latin-1, which keeps every one of them."""
    fields: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in answer.fields:
        fields[name.decode("latin-1").lower()].append(value.decode("latin-1").strip(" \t"))
    return fields


def compare(
    request: Request,
    primary: Fields,
    shadow: Fields,
    policy: Policy,
    findings: Findings,
    forms: tuple[Form, Form],
    empty: bool,
) -> None:
    """Every field the policy asks for. forms: what the bodies are; empty: neither has any content."""
    names = [name for name in dict.fromkeys((*primary, *shadow)) if policy.compares_header(name)]
    for name in names:
        one, other = primary.get(name, ()), shadow.get(name, ())
        match name:
            case "content-type":
                _content_type(one, other, findings, forms, empty)
            case "set-cookie":
                dates = _first(primary.get("date", ())), _first(shadow.get("date", ()))
                for kind, left, right in cookies.differences(one, other, dates):
                    _add(findings, name, kind, left, right)
            case "location" | "content-location":
                _meaning(name, one, other, findings, lambda value: resolved(request, value))
            case _:
                _meaning(name, one, other, findings, _reading(name))


def _reading(name: str) -> Callable[[str], object]:
    if name in _SETS:
        return _members
    return _parameters if name in _PARAMETERISED else str


def _meaning(
    name: str, one: Sequence[str], other: Sequence[str], findings: Findings, read: Callable[[str], object]
) -> None:
    left, right = ", ".join(one), ", ".join(other)
    if not one or not other:
        _add(
            findings,
            name,
            Kind.EXTRA if other else Kind.MISSING,
            left if one else ABSENT,
            right if other else ABSENT,
        )
    elif left != right:
        if read(left) == read(right):
            findings.normalised[name] += 1
        else:
            _add(findings, name, Kind.CHANGED, left, right)


def _members(value: str) -> frozenset[str]:
    parts = (part.strip() for part in value.lower().split(","))
    return frozenset(part.replace(" ", "").replace('"', "") for part in parts if part)


def _parameters(value: str) -> object:
    head, parameters = media.parse_parameters(value)
    return head.lower(), parameters


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""


def _content_type(
    one: Sequence[str], other: Sequence[str], findings: Findings, forms: tuple[Form, Form], empty: bool
) -> None:
    """Media type and charset, each a difference of its own; a boundary is none."""
    if _first(one) == _first(other):
        return
    if empty:
        findings.normalised["type_of_nothing"] += (
            1  # each framework names another type where there is no content
        )
    elif not one or not other:
        _meaning("content-type", one, other, findings, str)
    else:
        _types(media.parse(_first(one)), media.parse(_first(other)), findings, forms)


def _types(one: MediaType, other: MediaType, findings: Findings, forms: tuple[Form, Form]) -> None:
    texts = _without_charset(one), _without_charset(other)
    said = one.charset or other.charset
    same_charset = not said or _charset(one, forms[0]) == _charset(other, forms[1])
    if texts[0] != texts[1]:
        _add(findings, "content-type", Kind.CHANGED, *texts)
    if not same_charset:
        _add(findings, "content-type", Kind.CHANGED, _said_charset(one), _said_charset(other))
    if texts[0] == texts[1] and same_charset:
        findings.normalised["content-type"] += 1


def _without_charset(found: MediaType) -> str:
    others = sorted(item for item in found.parameters.items() if item[0] not in ("charset", "boundary"))
    return found.type + "".join(f"; {name}={value}" for name, value in others)


def _charset(found: MediaType, form: Form) -> str:
    """JSON without a charset is UTF-8 (RFC 8259 §8.1)."""
    is_json = form is Form.JSON or media.said(found) is Form.JSON
    said = found.charset or ("utf-8" if is_json else "")
    return charsets.canonical(said) if said else ""


def _said_charset(found: MediaType) -> str:
    return f"charset={found.charset}" if found.charset else "no charset"


def _add(findings: Findings, name: str, kind: Kind, left: Value, right: Value, hint: str = "") -> None:
    findings.add(Where.HEADER, f"header:{name}", kind, left, right, hint=hint)


def resolved(request: Request, location: str) -> str:
    """A Location resolved against the request's URL (RFC 9110 §10.2.2), in RFC 3986 §6.2.2's normal form."""
    target = request.target.decode("latin-1")
    host = request.host.decode("latin-1")
    base = target if "://" in target.partition("?")[0] else f"{request.scheme}://{host}{target}"
    try:
        parts = urlsplit(urljoin(base, location))
        port = parts.port
    except ValueError:
        return location
    default = {"http": 80, "https": 443}.get(parts.scheme)
    name = (parts.hostname or "").lower()
    name = f"[{name}]" if ":" in name else name
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    authority = user + (name if port in (None, default) else f"{name}:{port}")
    path = _without_dots(parts.path) or "/"
    url = urlunsplit((parts.scheme, authority, path, parts.query, parts.fragment))
    return _ENCODED.sub(_unreserved, _UNWRITTEN.sub(lambda found: f"%{ord(found[0]):02X}", url))


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4, which urljoin applies to relative references only."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:1] + kept[1:-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept) + ("/" if segments[-1] in (".", "..") else "")


def _unreserved(encoded: re.Match[str]) -> str:
    letter = chr(int(encoded[1], 16))
    return letter if letter.isascii() and (letter.isalnum() or letter in "-._~") else encoded[0].upper()


def content_codings(fields: Fields) -> list[str]:
    """The codings of Content-Encoding, in the order they were applied."""
    listed: Iterable[str] = ",".join(fields.get("content-encoding", ())).lower().split(",")
    return [coding.strip() for coding in listed if coding.strip()]
