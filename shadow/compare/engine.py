"""compare(): status, headers and body of two answers to one request."""

import re

from shadow.compare import charsets, codings, contents, fields, media, whole
from shadow.compare.charsets import Text
from shadow.compare.findings import Findings
from shadow.compare.media import Form
from shadow.compare.model import Answer, Kind, Limits, OverLimit, Request, Result, Where
from shadow.compare.pair import Body, Pair
from shadow.compare.php import Notices, strip_notices
from shadow.compare.policy import Policy

_LIMITS = Limits()
# What a document says of its own charset: HTML's meta (§13.2.3.2 of the standard), XML's declaration.
_META = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\sencoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)")
_PRESCAN = 1024
# Bodies that are walked as JSON values, where $ is the root; of any other it stands for the whole.
_TREES = (Form.JSON, Form.JSON_LINES, Form.FORM)


def compare(
    request: Request, primary: Answer, shadow: Answer, policy: Policy, limits: Limits = _LIMITS
) -> Result:
    """Every difference between two answers that the policy asks for, in the order status, headers, body.

    Deterministic, and symmetric: compare(b, a) finds as many differences as compare(a, b), with missing and
    extra exchanged. Bodies over a limit make the result `unread` instead of taking long.
    """
    findings = Findings(limits)
    try:
        _compare(request, primary, shadow, policy, findings)
    except OverLimit as limit:
        findings.unread = str(limit)
    except RecursionError:
        findings.unread = "the bodies are nested too deep to be compared"
    return findings.result()


def _compare(request: Request, primary: Answer, shadow: Answer, policy: Policy, findings: Findings) -> None:
    _status(primary.status, shadow.status, policy, findings)
    ones, others = fields.collected(primary), fields.collected(shadow)
    one, other = _body(primary, ones, policy, findings.limits), _body(shadow, others, policy, findings.limits)
    # Ties in alignment are broken in one order of the two, whichever of them is the primary.
    pair = Pair(one, other, policy, findings, mirror=one.data > other.data)
    forms = media.agreed((one.media, other.media), (one.text, other.text))
    fields.compare(request, ones, others, policy, findings, forms, empty=one.empty and other.empty)
    if policy.compares_header("content-type") and ones.get("content-type") == others.get("content-type"):
        _wrong_charset(pair)
    if request.method != "HEAD":
        _bodies(pair, forms)


def _status(primary: int, shadow: int, policy: Policy, findings: Findings) -> None:
    if not policy.status or primary == shadow:
        return
    if frozenset((primary, shadow)) in policy.status_pairs:
        findings.normalised["map"] += 1
    else:
        findings.add(Where.STATUS, "status", Kind.CHANGED, primary, shadow)


def _body(answer: Answer, named: fields.Fields, policy: Policy, limits: Limits) -> Body:
    """One side's body, decoded as far as that goes."""
    kind = media.parse((named.get("content-type") or ("",))[0])
    try:
        content = codings.decode(answer.body, fields.content_codings(named), limits.decoded)
    except OverLimit as limit:
        return Body(
            answer.status, kind, answer.body, Text("", ""), Notices(""), answer.complete, over=str(limit)
        )
    data = _bounded_alike(content.data, kind)
    if media.is_binary(kind):
        decoded = Text(data.decode("latin-1"), "")
        notices = Notices(decoded.text)
    else:
        decoded = charsets.decode(data, kind.charset or _own_charset(data))
        notices = strip_notices(decoded.text) if policy.php else Notices(decoded.text)
    sent = answer.body if content.fault else b""
    return Body(answer.status, kind, data, decoded, notices, answer.complete, content.fault, sent=sent)


def _bounded_alike(data: bytes, kind: media.MediaType) -> bytes:
    """Multipart boundaries are made up for each message: they are no content (RFC 2046 §5.1.1)."""
    boundary = kind.parameters.get("boundary", "") if kind.type.startswith("multipart/") else ""
    return data.replace(b"--" + boundary.encode("latin-1"), b"--boundary") if boundary else data


def _own_charset(data: bytes) -> str:
    """The charset that a document itself declares, "" if it does not."""
    start = data[:_PRESCAN]
    found = (_DECLARATION.match(start) or _META.search(start)) if start.lstrip()[:1] == b"<" else None
    return found[1].decode("ascii") if found else ""


def _wrong_charset(pair: Pair) -> None:
    """Equal Content-Types, but on one side the bytes are in another charset than declared."""
    of = pair.only_one(lambda body: body.decoded.contradicted not in ("", "utf-8"))
    if of is None:
        return
    texts = [_charset_text(body, wrong=body is of) for body in (pair.primary, pair.shadow)]
    hint = "the bytes are in another charset than declared"
    pair.findings.add(Where.HEADER, "header:content-type", Kind.CHANGED, *texts, hint=hint)


def _charset_text(body: Body, wrong: bool) -> str:
    return f"charset={body.media.charset}" + (f", but the bytes are {body.decoded.charset}" if wrong else "")


def _bodies(pair: Pair, forms: tuple[Form, Form]) -> None:
    one, other = pair.primary, pair.shadow
    readable = one.complete is other.complete and not one.fault and not other.fault
    if one.data == other.data and readable and not pair.policy.checks_equal:
        return
    before = len(pair.findings.differences)
    _compare_bodies(pair, *forms)
    if pair.policy.signed and one.data != other.data and len(pair.findings.differences) == before:
        whole.signed(pair)


def _compare_bodies(pair: Pair, one: Form, other: Form) -> None:
    if whole.is_broken(pair) or whole.is_empty(pair, one):
        return
    if pair.policy.treatment().ignore and (one is not other or one not in _TREES):
        whole.notices(pair)
        return
    whole.garbled(pair)
    if one is other:
        contents.compare(pair, one)
    else:
        whole.strangers(pair, one, other)
