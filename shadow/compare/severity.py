"""How bad a difference is: one table, first row that fits. docs/comparing.md prints the same table."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from shadow.compare.model import ABSENT, Kind, Severity, Value, Where


@dataclass(frozen=True, slots=True)
class Facts:
    """What the table's rows ask about."""

    where: Where
    path: str
    kind: Kind
    primary: Value
    shadow: Value
    money: bool


@dataclass(frozen=True, slots=True)
class Row:
    says: str
    fits: Callable[[Facts], bool]
    severity: Severity


def _status_class(facts: Facts) -> bool:
    return _hundreds(facts.primary) != _hundreds(facts.shadow)


def _redirect(facts: Facts) -> bool:
    return _hundreds(facts.primary) == 3


def _hundreds(status: Value) -> int:
    return status // 100 if isinstance(status, int) else 0


def _guarded_cookie(facts: Facts) -> bool:
    """Set-Cookie values read `name` or `name; attribute=value`."""
    texts = (value.lower() for value in (facts.primary, facts.shadow) if isinstance(value, str))
    return any(text.endswith(("; secure", "; httponly")) for text in texts)


def _lost_cookie(facts: Facts) -> bool:
    return facts.kind is Kind.MISSING and isinstance(facts.primary, str) and ";" not in facts.primary


def _privacy(facts: Facts) -> bool:
    """A shared cache may keep on one side what it may not keep on the other (RFC 9111 §5.2.2)."""
    guards = {"no-store", "private", "no-cache"}
    return _directives(facts.primary) & guards != _directives(facts.shadow) & guards


def _directives(value: Value) -> set[str]:
    if value is ABSENT or not isinstance(value, str):
        return set()
    return {part.partition("=")[0].strip() for part in value.lower().split(",")}


def _on(where: Where, *kinds: Kind) -> Callable[[Facts], bool]:
    return lambda facts: facts.where is where and (not kinds or facts.kind in kinds)


def _field(name: str, also: Callable[[Facts], bool] = lambda _: True) -> Callable[[Facts], bool]:
    return lambda facts: facts.path == f"header:{name}" and also(facts)


def _status(also: Callable[[Facts], bool]) -> Callable[[Facts], bool]:
    return lambda facts: facts.where is Where.STATUS and also(facts)


TABLE: tuple[Row, ...] = (
    Row("anything on a money path", lambda facts: facts.money, Severity.CRITICAL),
    Row("status of another class (200 against 422)", _status(_status_class), Severity.CRITICAL),
    Row("another redirect code (302 against 307)", _status(_redirect), Severity.CRITICAL),
    Row("another status of the same class", _on(Where.STATUS), Severity.MAJOR),
    Row("Location", _field("location"), Severity.CRITICAL),
    Row("a cookie's Secure or HttpOnly", _field("set-cookie", _guarded_cookie), Severity.CRITICAL),
    Row("a cookie that only the primary sets", _field("set-cookie", _lost_cookie), Severity.CRITICAL),
    Row("another cookie, another attribute", _field("set-cookie"), Severity.MAJOR),
    Row(
        "Cache-Control: no-store, private or no-cache on one side only",
        _field("cache-control", _privacy),
        Severity.MAJOR,
    ),
    Row("Content-Type: media type or charset", _field("content-type"), Severity.MAJOR),
    Row("any other header that is missing", _on(Where.HEADER, Kind.MISSING), Severity.MAJOR),
    Row("any other header", _on(Where.HEADER), Severity.MINOR),
    Row("a body that is cut", _on(Where.BODY, Kind.CUT_BODY), Severity.CRITICAL),
    Row("an empty body where the other has one", _on(Where.BODY, Kind.EMPTY_BODY), Severity.CRITICAL),
    Row("a body that cannot be parsed", _on(Where.BODY, Kind.INVALID_BODY), Severity.CRITICAL),
    Row("another byte in a signed body", _on(Where.BODY, Kind.SIGNED_BYTES), Severity.CRITICAL),
    Row("something lost: in the primary only", _on(Where.BODY, Kind.MISSING), Severity.CRITICAL),
    Row(
        "something changed, of another type, in another order, garbled, said twice, over a limit",
        _on(
            Where.BODY,
            Kind.CHANGED,
            Kind.TYPE,
            Kind.ORDER,
            Kind.MOJIBAKE,
            Kind.DUPLICATE_KEY,
            Kind.OVER_LIMIT,
        ),
        Severity.MAJOR,
    ),
    Row("something new: in the shadow only", _on(Where.BODY, Kind.EXTRA), Severity.MINOR),
    Row("a PHP notice before the body", _on(Where.BODY, Kind.LEGACY_NOTICE), Severity.MINOR),
)


def severity_of(where: Where, path: str, kind: Kind, primary: Value, shadow: Value, money: bool) -> Severity:
    """The severity of the first row that fits; every kind has one, so falling off the table is a defect."""
    if where is Where.BODY:
        return of_body(kind, money)
    return _looked_up(Facts(where, path, kind, primary, shadow, money))


@cache
def of_body(kind: Kind, money: bool) -> Severity:
    """Rows about bodies ask for nothing else; there can be thousands of such differences."""
    return _looked_up(Facts(Where.BODY, "", kind, ABSENT, ABSENT, money))


def _looked_up(facts: Facts) -> Severity:
    return next(row.severity for row in TABLE if row.fits(facts))
