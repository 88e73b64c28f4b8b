"""Severity: one table, printed in the documentation, and a row for everything that can be found."""

import itertools
from pathlib import Path

import pytest

from shadow.compare import ABSENT, Kind, Severity, Value, Where
from shadow.compare.severity import TABLE, severity_of

DOCUMENT = Path(__file__).parent.parent / "docs" / "comparing.md"


def test_the_documentation_has_every_row_in_order() -> None:
    rows = [f"| {row.says} | {row.severity} |" for row in TABLE]
    printed = [line for line in DOCUMENT.read_text().splitlines() if line in rows]
    assert printed == rows


@pytest.mark.parametrize(("where", "kind", "money"), list(itertools.product(Where, Kind, (True, False))))
def test_everything_that_can_be_found_has_a_severity(where: Where, kind: Kind, money: bool) -> None:
    if where is Where.BODY or kind in (Kind.CHANGED, Kind.MISSING, Kind.EXTRA):
        assert severity_of(where, f"header:x-{kind}", kind, "a", "b", money) in Severity


def test_money_is_always_critical() -> None:
    assert all(severity_of(Where.BODY, "$.a", kind, 1, 2, True) is Severity.CRITICAL for kind in Kind)


@pytest.mark.parametrize(
    ("primary", "shadow", "severity"),
    [
        (200, 500, Severity.CRITICAL),
        (200, 422, Severity.CRITICAL),
        (404, 500, Severity.CRITICAL),
        (302, 307, Severity.CRITICAL),
        (301, 302, Severity.CRITICAL),
        (200, 201, Severity.MAJOR),
        (400, 422, Severity.MAJOR),
        (500, 503, Severity.MAJOR),
    ],
)
def test_status_codes(primary: int, shadow: int, severity: Severity) -> None:
    assert severity_of(Where.STATUS, "status", Kind.CHANGED, primary, shadow, False) is severity
    assert severity_of(Where.STATUS, "status", Kind.CHANGED, shadow, primary, False) is severity


@pytest.mark.parametrize(
    ("name", "kind", "primary", "shadow", "severity"),
    [
        ("location", Kind.CHANGED, "/a", "/b", Severity.CRITICAL),
        ("set-cookie", Kind.MISSING, "sid", ABSENT, Severity.CRITICAL),
        ("set-cookie", Kind.EXTRA, ABSENT, "sid", Severity.MAJOR),
        ("set-cookie", Kind.CHANGED, "sid; secure", "sid", Severity.CRITICAL),
        ("set-cookie", Kind.CHANGED, "sid", "sid; httponly", Severity.CRITICAL),
        ("set-cookie", Kind.CHANGED, "sid; path=/", "sid; path=/secure", Severity.MAJOR),
        ("cache-control", Kind.CHANGED, "no-store", "max-age=5", Severity.MAJOR),
        ("cache-control", Kind.MISSING, "private", ABSENT, Severity.MAJOR),
        ("cache-control", Kind.CHANGED, "max-age=1", "max-age=5", Severity.MINOR),
        ("content-type", Kind.CHANGED, "a/b", "a/c", Severity.MAJOR),
        ("etag", Kind.CHANGED, "1", "2", Severity.MINOR),
        ("etag", Kind.MISSING, "1", ABSENT, Severity.MAJOR),
    ],
)
def test_headers(name: str, kind: Kind, primary: Value, shadow: Value, severity: Severity) -> None:
    assert severity_of(Where.HEADER, f"header:{name}", kind, primary, shadow, False) is severity
