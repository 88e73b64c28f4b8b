"""One line of the diff log: what an exchange showed, redacted. Nothing else of an exchange is ever kept."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from shadow.compare import Difference, Severity, Verdict, explained
from shadow.exchange import Exchange
from shadow.plan import Redactor
from shadow.replay import Observation
from shadow.signature import signature
from shadow.verdicts import Judgement

MOST_DIFFERENCES = 200
"""Differences written of one exchange; `omitted` counts the others."""
_RANKS = {severity: rank for rank, severity in enumerate(Severity)}

Entry = dict[str, Any]


def entry(
    exchange: Exchange, shadow: Observation | None, judgement: Judgement, redactor: Redactor, method: str
) -> Entry:
    """The line as data. Raises whatever the redactor raises: then nothing may be kept."""
    found = judgement.differences
    shown = sorted(found, key=lambda one: (one.noise, _RANKS[one.severity]))[:MOST_DIFFERENCES]
    line: Entry = {
        "id": exchange.id,
        "time": datetime.fromtimestamp(exchange.time, UTC).isoformat(timespec="milliseconds"),
        "route": exchange.route,
        "method": method,
        "target": redactor.target(exchange.target),
        "trace_id": exchange.trace_id,
        "primary": {
            "backend": exchange.primary_backend,
            "status": exchange.primary_status,
            "ms": round(exchange.primary_ms, 3),
            "bytes": len(exchange.primary_body),
            "error": None,
        },
        "shadow": _side(exchange.shadow_backend, shadow),
        "verdict": judgement.verdict,
        "reason": judgement.reason or None,
        "differences": [_difference(one, redactor) for one in shown],
        "signature": signature(exchange.route, method, found)
        if any(not one.noise for one in found)
        else None,
        "request": {
            "fields": redactor.fields(exchange.request_fields),
            "body": redactor.body(exchange.request_fields, exchange.request_body),
        },
    }
    if len(found) > len(shown):
        line["omitted"] = len(found) - len(shown)
    return line


def _side(backend: str, seen: Observation | None) -> Entry:
    answer = seen and seen.answer
    return {
        "backend": backend,
        "status": answer.status if answer else None,
        "ms": round(seen.ms, 3) if seen else None,
        "bytes": len(answer.body) if answer else None,
        "error": seen.failure if seen else None,
    }


def _difference(difference: Difference, redactor: Redactor) -> Entry:
    path, primary, shadow = redactor.difference(difference)
    said = {
        "where": difference.where,
        "path": path,
        "kind": difference.kind,
        "primary": primary,
        "shadow": shadow,
        "severity": difference.severity,
        "noise": difference.noise,
    }
    hint = explained(difference)
    return {**said, "hint": redactor.text(hint)} if hint else said


def worst(differences: Iterable[Difference]) -> Severity:
    """The highest severity of those that are no noise."""
    real = (difference.severity for difference in differences if not difference.noise)
    return min(real, key=lambda severity: _RANKS[severity], default=Severity.MINOR)


def line_of(line: Entry) -> bytes:
    """The entry as one line of JSON."""
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def is_grouped(verdict: Verdict) -> bool:
    """Whether it is a finding that people look at: a difference, or no answer at all."""
    return verdict in (Verdict.MISMATCH, Verdict.FAILED)


def is_logged(verdict: Verdict, verdicts: frozenset[str]) -> bool:
    """Whether `shadow.log.verdicts` asks for it."""
    return "all" in verdicts or verdict in verdicts
