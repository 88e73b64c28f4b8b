"""Short ways to compare two bodies in tests."""

from collections.abc import Mapping, Sequence

from shadow.compare import Answer, Limits, Policy, Request, Result, compare

JSON = "application/json"
HTML = "text/html; charset=utf-8"
XML = "application/xml"
FORM = "application/x-www-form-urlencoded"
CSV = "text/csv"
TEXT = "text/plain"
REQUEST = Request("GET", b"/a/b?c=d", "http", b"shop.example")


def answer(body: str | bytes = b"", content_type: str = JSON, status: int = 200, **fields: str) -> Answer:
    """An answer with a Content-Type and other fields; underscores in their names stand for dashes."""
    named = [(b"content-type", content_type.encode())] if content_type else []
    named += [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in fields.items()]
    return Answer(status, named, body.encode() if isinstance(body, str) else body)


def bodies(
    primary: str | bytes,
    shadow: str | bytes,
    rules: Mapping[str, object] | None = None,
    content_type: str = JSON,
    limits: Limits | None = None,
) -> Result:
    """The result for two bodies of one type."""
    return compare(
        REQUEST,
        answer(primary, content_type),
        answer(shadow, content_type),
        Policy.compile(rules or {}),
        limits or Limits(),
    )


def answers(
    primary: Answer, shadow: Answer, rules: Mapping[str, object] | None = None, php: bool = True
) -> Result:
    """The result for two whole answers."""
    return compare(REQUEST, primary, shadow, Policy.compile(rules or {}, php=php))


def found(result: Result) -> list[str]:
    """The differences as "path kind", those of status and headers too."""
    return [f"{difference.path} {difference.kind}" for difference in result.differences]


def mirrored(differences: Sequence[str]) -> list[str]:
    """What the same differences are called when the sides are swapped, in a canonical order."""
    swapped = {"missing": "extra", "extra": "missing"}
    return sorted(
        f"{swapped.get(entry.rpartition(' ')[2], entry.rpartition(' ')[2])}" for entry in differences
    )
