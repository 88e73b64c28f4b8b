"""Differences for other programs: JSON lines, CSV, JUnit XML. Pure."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

JSONL, CSV, JUNIT = "jsonl", "csv", "junit"

COLUMNS = (
    *("id", "time", "route", "method", "target", "verdict", "signature"),
    *("primary_status", "shadow_status", "where", "path", "kind", "severity", "noise", "primary", "shadow"),
)
"""Of the CSV: one row for each difference; a row without a difference for an exchange that has none."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 section 2.2 cannot hold."""


def json_lines(diffs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """One object a line."""
    for diff in diffs:
        yield json.dumps(diff, ensure_ascii=False, separators=(",", ":")) + "\n"


def csv_rows(diffs: Iterable[dict[str, Any]]) -> Iterator[str]:
    """A header, then one row for each difference (RFC 4180)."""
    yield _row(COLUMNS)
    for diff in diffs:
        statuses = {f"{side}_status": diff[side]["status"] for side in ("primary", "shadow")}
        for difference in diff["differences"] or [{}]:
            row = {**diff, **statuses, "primary": "", "shadow": "", **difference}
            yield _row(_harmless(row.get(column)) for column in COLUMNS)


def junit(groups: Iterable[dict[str, Any]]) -> str:
    """A test suite a route, a test a group: failed while it is open or known to be a bug."""
    by_route: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        by_route[group["route"]].append(group)
    root = ElementTree.Element("testsuites", name="banyan diffs")
    for route, found in by_route.items():
        failed = sum(map(_fails, found))
        suite = ElementTree.SubElement(
            root, "testsuite", name=route, tests=str(len(found)), failures=str(failed)
        )
        for group in found:
            _testcase(suite, group)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _testcase(suite: ElementTree.Element, group: dict[str, Any]) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=group["route"], name=group["signature"])
    if _fails(group):
        message = f"{group['severity']}, seen {group['count']} times, last at {group['last_seen']}"
        kind = "open" if group["open"] else group["verdict"]
        failure = ElementTree.SubElement(case, "failure", message=message, type=kind)
        failure.text = _NOT_XML.sub("�", "\n".join(map(in_words, group["differences"])))


def in_words(difference: dict[str, Any]) -> str:
    """One difference as one line."""
    one, other = (
        "absent" if difference[side] is None else difference[side] for side in ("primary", "shadow")
    )
    sides = f"{one} → {other}"
    return f"{difference['where']} {difference['path']} {difference['kind']}: {sides}"


def _fails(group: dict[str, Any]) -> bool:
    return bool(group["open"]) or group["verdict"] == "bug"


def _row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(list(cells))
    return line.getvalue()


def _harmless(cell: object) -> object:
    """Text that a spreadsheet would run as a formula, marked as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
