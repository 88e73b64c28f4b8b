"""What is wrong with a body before anyone asks what stands in it: cut, empty, garbled, with PHP's notices in
it.
"""

from collections.abc import Callable

from shadow.compare import plaintext
from shadow.compare.media import Form
from shadow.compare.model import Kind, OverLimit
from shadow.compare.pair import Body, Pair
from shadow.compare.treatment import Preset

_BREAKS: tuple[tuple[Callable[[Body], bool], Kind, str], ...] = (
    (lambda body: bool(body.over), Kind.OVER_LIMIT, ""),
    (lambda body: not body.complete, Kind.CUT_BODY, "the connection ended before the body did"),
    (lambda body: body.fault.endswith("ends early"), Kind.CUT_BODY, ""),
    (lambda body: bool(body.fault), Kind.INVALID_BODY, ""),
)


def is_broken(pair: Pair) -> bool:
    """Whether a body arrived cut, or in a coding that cannot be undone; says so."""
    for is_so, kind, hint in _BREAKS:
        if of := pair.only_one(is_so):
            pair.flag(kind, of, of.text, of.over or of.fault or hint)
            return True
    if pair.primary.over:
        raise OverLimit(pair.primary.over)
    if pair.primary.fault:
        _bytes(pair, pair.primary.sent, pair.shadow.sent)
        return True
    if not pair.primary.complete:
        raise OverLimit("both bodies are cut")
    return False


def is_empty(pair: Pair, form: Form) -> bool:
    """Whether there is nothing to compare, on one side or both; says so if it is one."""
    of = pair.only_one(lambda body: body.empty)
    if of is None:
        if pair.primary.empty:
            notices(pair)
        return pair.primary.empty
    if of.notices.fatal and has_died(pair):
        return True
    if form is Form.JSON and _is_echoed(pair):
        return False
    if of.owes_content:
        pair.flag(Kind.EMPTY_BODY, of, "", "no content under a status that promises some")
    else:
        other = pair.shadow if of is pair.primary else pair.primary
        pair.one_sided(other, other.text)
    return True


def _is_echoed(pair: Pair) -> bool:
    """What PHP echoes of false and null is nothing: php_bool at the root allows that."""
    return Preset.PHP_BOOL in pair.policy.treatment().presets


def garbled(pair: Pair) -> None:
    """Bytes that are not the UTF-8 they are said to be: clients read other letters, we read what was
    meant.
    """
    if of := pair.only_one(lambda body: body.decoded.contradicted == "utf-8" and _is_written(body.text)):
        hint = f"the bytes are {of.decoded.charset}, not the utf-8 that clients read them as"
        pair.flag(Kind.MOJIBAKE, of, of.text, hint)
    if pair.primary.decoded.marked is not pair.shadow.decoded.marked:
        pair.findings.normalised["byte_order_mark"] += 1


def _is_written(text: str) -> bool:
    """Whether this can be text at all: bytes that are packed or drawn have NULs among them."""
    return "\0" not in text


def has_died(pair: Pair) -> bool:
    """Whether one side's script ended in a fatal error, and its body with it; says so."""
    of = pair.only_one(lambda body: body.notices.fatal)
    if of is not None:
        pair.flag(Kind.CUT_BODY, of, of.notices.first, "PHP stopped with a fatal error")
    return of is not None


def is_cut(pair: Pair, sides: tuple[bool, bool], why: str) -> bool:
    """Whether only one side's body ends early, as its form shows; says so."""
    if sides[0] is sides[1]:
        return False
    of = pair.primary if sides[0] else pair.shadow
    pair.flag(Kind.CUT_BODY, of, of.text, why)
    return True


def notices(pair: Pair) -> None:
    """PHP's own messages in one side's body; of a script that died, that it did."""
    if has_died(pair):
        return
    if of := pair.only_one(lambda body: bool(body.notices.first)):
        pair.one_sided(of, of.notices.first, Kind.LEGACY_NOTICE)


def strangers(pair: Pair, one: Form, other: Form) -> None:
    """Bodies of different kinds can only be equal as text (HTML and text without any markup are)."""
    if Form.BINARY in (one, other):
        binary(pair)
        return
    texts = [plaintext.lines(body.text).strip() for body in (pair.primary, pair.shadow)]
    if not has_died(pair) and texts[0] != texts[1]:
        hint = f"{one.name.lower()} against {other.name.lower()}"
        pair.whole(Kind.TYPE, pair.primary.text, pair.shadow.text, hint)


def binary(pair: Pair) -> None:
    """Byte by byte, shown as hashes."""
    _bytes(pair, pair.primary.data, pair.shadow.data)


def _bytes(pair: Pair, one: bytes, other: bytes) -> None:
    if one != other:
        pair.whole(Kind.CHANGED, plaintext.digest(one), plaintext.digest(other))


def signed(pair: Pair) -> None:
    """Equal in meaning, but a signature covers every byte."""
    digests = plaintext.digest(pair.primary.data), plaintext.digest(pair.shadow.data)
    pair.whole(Kind.SIGNED_BYTES, *digests, "equal in meaning, but the body is signed")
