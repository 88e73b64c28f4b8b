"""Two bodies of one kind, compared as what they are."""

from collections.abc import Callable
from typing import TypeVar, assert_never

from shadow.compare import branches, htmltext, jsontext, media, plaintext, trees, whole, xmltext, xpath
from shadow.compare.charsets import is_mojibake
from shadow.compare.jsontext import Unreadable
from shadow.compare.markup import Element
from shadow.compare.media import Form
from shadow.compare.model import ABSENT, Json, Kind, OverLimit, Value
from shadow.compare.naming import text_label
from shadow.compare.pair import Body, Pair
from shadow.compare.places import Style, without_nulls

T = TypeVar("T")
_ANY_ROW = -1  # an index that no query names: what selects all rows leads on from it


def compare(pair: Pair, form: Form) -> None:
    """Add all differences of two bodies of this form."""
    match form:
        case Form.JSON:
            _json(pair)
        case Form.JSON_LINES:
            _trees(pair, _parsed(pair, lambda text: _json_lines(pair, text)), Style.JSON)
        case Form.XML:
            _markup(pair, _parsed(pair, lambda text: xmltext.parse(text, pair.findings.limits)))
        case Form.HTML:
            _html(pair)
        case Form.FORM:
            _form(pair)
        case Form.CSV:
            _csv(pair)
        case Form.TEXT:
            _script(pair)
        case Form.BINARY:
            whole.binary(pair)
        case _:
            assert_never(form)


def _parsed(pair: Pair, parse: Callable[[str], T | Unreadable]) -> tuple[T, T] | None:
    """Both texts parsed; None when one or both cannot be, and all was said about that."""
    one, other = _attempt(parse, pair.primary.text), _attempt(parse, pair.shadow.text)
    if isinstance(one, Unreadable):
        if isinstance(other, Unreadable):
            _both_unreadable(pair, one, other)
        else:
            _unreadable(pair, pair.primary, one)
    elif isinstance(other, Unreadable):
        _unreadable(pair, pair.shadow, other)
    else:
        whole.notices(pair)
        return one, other
    return None


def _attempt(parse: Callable[[str], T | Unreadable], text: str) -> T | Unreadable:
    try:
        return parse(text)
    except OverLimit as limit:
        return Unreadable(Kind.OVER_LIMIT, str(limit))


def _unreadable(pair: Pair, of: Body, why: Unreadable) -> None:
    if of.notices.fatal:
        whole.has_died(pair)
    elif why.kind is Kind.INVALID_BODY and not _claims_form(of):
        if not pair.policy.treatment().ignore:
            pair.flag(Kind.TYPE, of, of.text, why.reason)
    else:
        pair.flag(why.kind, of, of.text, why.reason)


def _claims_form(body: Body) -> bool:
    """Whether a body says or shows itself what it is, rather than being read as what the other side is."""
    return not media.is_untold(body.media) or body.text.lstrip().startswith(("{", "[", "<"))


def _both_unreadable(pair: Pair, one: Unreadable, other: Unreadable) -> None:
    """Neither can be parsed: compared as text; over a limit on both sides: not compared."""
    over = [unreadable.kind is Kind.OVER_LIMIT for unreadable in (one, other)]
    if all(over):
        raise OverLimit(one.reason)
    if any(over):
        of, why = (pair.primary, one) if over[0] else (pair.shadow, other)
        pair.flag(Kind.OVER_LIMIT, of, of.text, why.reason)
    else:
        _script(pair)


def _json(pair: Pair) -> None:
    parsed = _parsed(pair, lambda text: jsontext.parse(text or '""', pair.findings.limits))
    texts = pair.primary.text, pair.shadow.text
    if parsed is not None and _escapes(texts[0]) != _escapes(texts[1]):
        pair.findings.normalised["escapes"] += 1
    _trees(pair, parsed, Style.JSON, texts)


def _escapes(text: str) -> tuple[bool, bool]:
    return "\\/" in text, "\\u" in text


def _json_lines(pair: Pair, text: str) -> Json | Unreadable:
    documents: list[Json] = []
    if text.count("\n") > pair.findings.limits.values:
        raise OverLimit(f"the body has over {pair.findings.limits.values} lines")
    for line in plaintext.json_lines(text):
        document = jsontext.parse(line, pair.findings.limits)
        if isinstance(document, Unreadable):
            return document
        documents.append(document)
    return documents


def _trees(
    pair: Pair, parsed: tuple[Json, Json] | None, style: Style, texts: tuple[str, str] | None = None
) -> None:
    """Walk two values. texts: where they were read from, for the queries that look at a document."""
    if parsed is None:
        return
    selectors = pair.policy.selectors
    documents = [jsontext.plain(text) for text in texts] if texts and selectors.needs_floats else parsed
    states = selectors.root(documents[0]), selectors.root(documents[1])
    trees.Walk(pair.findings, pair.policy, style, pair.mirror).compare(parsed, states)


def _html(pair: Pair) -> None:
    if whole.has_died(pair):
        return
    one, other = htmltext.doctype(pair.primary.text), htmltext.doctype(pair.shadow.text)
    if one != other:
        kind = Kind.CHANGED if one and other else Kind.MISSING if one else Kind.EXTRA
        pair.whole(kind, one or ABSENT, other or ABSENT, "the document type")
    parsed = _parsed(pair, lambda text: htmltext.parse(text, pair.findings.limits))
    if parsed is None or not whole.is_cut(pair, _are_cut(pair, parsed), "it ends before </html>"):
        _markup(pair, parsed)


def _are_cut(pair: Pair, parsed: tuple[Element, Element]) -> tuple[bool, bool]:
    """Which document ends without the end tag that the other has, and before all that the other has.

    The end tag alone says little: it may be left out.
    """
    sizes, ends = [document.size for document in parsed], [document.last for document in parsed]
    ended = [htmltext.has_end(body.text) for body in (pair.primary, pair.shadow)]
    cut = [size < most and not end for size, most, end in zip(sizes, reversed(sizes), ended, strict=True)]
    return (cut[0], cut[1]) if any(ended) and ends[0] != ends[1] else (False, False)


def _markup(pair: Pair, parsed: tuple[Element, Element] | None) -> None:
    if parsed is not None:
        rules = xpath.applied(pair.policy.xpaths, parsed)
        branches.Walk(pair.findings, pair.policy.base, rules, pair.mirror).compare(*parsed)


def _form(pair: Pair) -> None:
    parsed = _parsed(pair, lambda text: plaintext.form(text, pair.findings.limits))
    if parsed is not None:
        _trees(pair, plaintext.forms(*parsed), Style.FORM)


def _csv(pair: Pair) -> None:
    if whole.has_died(pair):
        return
    parsed = _parsed(pair, lambda text: plaintext.table(text, pair.findings.limits))
    if parsed is None or whole.is_cut(pair, (parsed[0].cut, parsed[1].cut), "a quoted cell does not end"):
        return
    one, other = parsed
    if bool(one.columns) is not bool(other.columns):
        one, other = one.headless(), other.headless()
    marks = [table.said or table.delimiter for table in (one, other)]
    if marks[0] != marks[1]:
        pair.whole(Kind.CHANGED, marks[0], marks[1], "the delimiter")
    lost, new = _columns(pair, one.columns, other.columns)
    _trees(pair, (one.records(set(lost)), other.records(set(new))), Style.TABLE)


def _columns(pair: Pair, ones: list[str], others: list[str]) -> tuple[list[str], list[str]]:
    """The columns that only one side has: one difference each, not one a row."""
    both = set(ones) & set(others)
    lost = [name for name in ones if name not in both]
    new = [name for name in others if name not in both]
    for name in lost:
        _column(pair, Kind.MISSING, name, (name, ABSENT))
    for name in new:
        _column(pair, Kind.EXTRA, name, (ABSENT, name))
    ignored = {name for name in both if pair.policy.treatment(_ANY_ROW, name).ignore}
    order = [", ".join(name for name in names if name in both - ignored) for names in (ones, others)]
    if order[0] != order[1]:
        pair.whole(Kind.ORDER, order[0], order[1], "the columns")
    return lost, new


def _column(pair: Pair, kind: Kind, name: str, sides: tuple[Value, Value]) -> None:
    """A column that one side has alone."""
    treatment = pair.policy.treatment(_ANY_ROW, name)
    if not treatment.ignore:
        pair.findings.body(without_nulls(f"[*].{name}"), kind, *sides, money=treatment.money, hint="a column")


def _script(pair: Pair) -> None:
    """Text; JSONP of one function by its JSON."""
    one, other = plaintext.call(pair.primary.text), plaintext.call(pair.shadow.text)
    if one[0] and one[0] == other[0]:
        texts = one[1], other[1]
        left, right = (jsontext.parse(text, pair.findings.limits) for text in texts)
        if not isinstance(left, Unreadable) and not isinstance(right, Unreadable):
            whole.notices(pair)
            _trees(pair, (left, right), Style.JSON, texts)
            return
    _text(pair)


def _text(pair: Pair) -> None:
    if whole.has_died(pair):
        return
    whole.notices(pair)
    one, other = (plaintext.lines(body.text).rstrip("\n") for body in (pair.primary, pair.shadow))
    if one == other:
        pair.findings.normalised["line_ends"] += 1
        return
    left, right, line = plaintext.first_difference(one, other)
    before = one.split("\n", line)[line - 2] if line > 1 else ""
    kind = Kind.MOJIBAKE if is_mojibake(one, other) else Kind.CHANGED
    pair.findings.body("$", kind, left, right, hint=f"line {line}", named=text_label(before))
