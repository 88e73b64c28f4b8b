"""The gates: what was seen at a step → pass, breach or wait, each with its figures and one sentence.

A gate passes when it is refuted, with confidence, that modern is as bad as the limit; it breaches when it is
refuted that modern is within it. In between, and without traffic, it waits.
"""

import math
from typing import NamedTuple

from proxy.config.ramp import Gates, LatencyGate
from proxy.config.units import PERCENT
from proxy.ramp.increase import Counts
from proxy.ramp.latency import Histogram, possibly_above, quantile_of, surely_above
from proxy.ramp.sequential import (
    quantile_bounds,
    rate_above,
    rate_below,
    rate_lower,
    rate_upper,
    trials_until_below,
)
from proxy.ramp.verdict import ALL, Figures, Result, Trial, Verdict

_HALF = math.log(2)
"""The price of leaning on two bounds at once: each may err half as often."""


def evaluate(trial: Trial) -> tuple[Verdict, ...]:
    """Every gate that the plan asks for, after the least number of requests."""
    gates = trial.plan.gates
    verdicts = [_requests(trial)]
    if gates.errors is not None:
        verdicts.append(_errors(trial, gates.errors.max_increase / PERCENT))
    if gates.latency is not None:
        verdicts.append(_latency(trial, gates.latency))
    if gates.mismatches is not None:
        verdicts.append(_mismatches(trial, gates.mismatches.max / PERCENT))
    return (*verdicts, *before_first_step(gates, trial.open_groups))


def before_first_step(gates: Gates, open_groups: int) -> tuple[Verdict, ...]:
    """What can be asked before modern serves anybody: that people looked at what shadowing found.

    Open diff groups make a ramp wait, at every step. They never turn it back: people decide.
    """
    if gates.triage is None:
        return ()
    allowed = gates.triage.untriaged
    figures = {"open": open_groups, "allowed": allowed}
    if open_groups <= allowed:
        return (Verdict("triage", Result.PASS, f"diff groups open: {open_groups}", figures=figures),)
    sentence = f"diff groups open: {open_groups}, allowed: {allowed}; triage them"
    return (Verdict("triage", Result.WAIT, sentence, figures=figures),)


def unreadable(why: str) -> Verdict:
    """The verdict where there are samples that cannot be read: wait, and call for help."""
    return Verdict("samples", Result.WAIT, f"the gates cannot read their samples: {why}", alert=True)


def _requests(trial: Trial) -> Verdict:
    """The least number of requests is at least one: a step that nobody used has shown nothing."""
    least, seen = max(trial.plan.min_requests, 1), trial.evidence.increase.modern.requests
    figures = {"modern_requests": seen, "least": least}
    if seen >= least:
        return Verdict("requests", Result.PASS, f"{seen:,} modern requests", figures=figures)
    sentence = f"{seen:,} of at least {least:,} modern requests"
    return Verdict("requests", Result.WAIT, sentence, least - seen, figures=figures)


class _Finding(NamedTuple):
    """What the tests of one gate refute, and about how many more requests a pass would take."""

    over: bool
    under: bool
    needs: int | None


def _verdict(gate: str, finding: _Finding, seen: str, limit: str, figures: Figures) -> Verdict:
    match finding:
        case _Finding(over=True):
            return Verdict(gate, Result.BREACH, f"{seen}: beyond the limit of {limit}", figures=figures)
        case _Finding(under=True):
            return Verdict(gate, Result.PASS, f"{seen}: within the limit of {limit}", figures=figures)
        case _Finding(needs=None):
            sentence = f"{seen}: too close to the limit of {limit} to tell"
            return Verdict(gate, Result.WAIT, sentence, figures=figures)
        case _:
            sentence = f"{seen}: about {finding.needs:,} more requests will tell"
            return Verdict(gate, Result.WAIT, sentence, finding.needs, figures=figures)


def _nothing_seen(gate: str, modern_requests: int, trial: Trial, figures: Figures) -> Verdict:
    """No traffic never passes. At 100 % without a step before, none can come: somebody must act."""
    if not modern_requests:
        return Verdict(gate, Result.WAIT, "no modern requests yet", figures=figures)
    if trial.weight < ALL:
        return Verdict(gate, Result.WAIT, "no legacy requests to compare with yet", figures=figures)
    sentence = "legacy serves nothing at 100 % and no step before it gave anything to compare with: add one"
    return Verdict(gate, Result.WAIT, sentence, alert=True, figures=figures)


def _errors(trial: Trial, points: float) -> Verdict:
    test = trial.evidence.increase
    modern, legacy = test.modern, trial.legacy().increase.legacy
    figures = {
        "modern_requests": modern.requests,
        "modern_errors": modern.errors,
        "legacy_requests": legacy.requests,
        "legacy_errors": legacy.errors,
        "increase": 100 * (modern.rate - legacy.rate),
        "limit": points,
    }
    if not (modern.requests and legacy.requests):
        return _nothing_seen("errors", modern.requests, trial, figures)
    if trial.legacy() is trial.evidence:
        over, under = test.over() >= trial.to_breach(), test.under() >= trial.to_pass()
        finding = _Finding(over, under, test.modern_until_under(trial.to_pass()))
    else:
        finding = _errors_against(legacy, modern, points / 100, trial)
    seen = f"modern fails {modern.rate:.2%} of {modern.requests:,} requests, legacy {legacy.rate:.2%}"
    return _verdict("errors", finding, seen, f"{points:g} points more", figures)


def _errors_against(legacy: Counts, modern: Counts, limit: float, trial: Trial) -> _Finding:
    """Modern now against legacy before: against the worst that legacy may have been, and the best."""
    to_breach, to_pass = trial.to_breach() + _HALF, trial.to_pass() + _HALF
    worst = _within(rate_upper(legacy.requests, legacy.errors, to_breach) + limit)
    best = _within(rate_lower(legacy.requests, legacy.errors, to_pass) + limit)
    return _Finding(
        rate_above(modern.requests, modern.errors, worst) >= to_breach,
        rate_below(modern.requests, modern.errors, best) >= to_pass,
        trials_until_below(to_pass, modern.requests, modern.errors, best),
    )


def _within(rate: float) -> float:
    """The nearest rate that can be bet on: neither 0 nor 1."""
    return min(max(rate, 1e-9), 0.98)


def _latency(trial: Trial, limit: LatencyGate) -> Verdict:
    modern, legacy = trial.evidence.modern_latency, trial.legacy().legacy_latency
    modern_ms, legacy_ms = (quantile_of(side, limit.quantile) / 1000 for side in (modern, legacy))
    figures = {
        "modern_ms": modern_ms,
        "legacy_ms": legacy_ms,
        "quantile": limit.quantile,
        "limit": limit.max_ratio,
    }
    if not (modern and legacy):
        return _nothing_seen("latency", sum(modern.values()), trial, figures)
    finding = _latency_against(legacy, modern, limit, trial)
    seen = f"modern's p{limit.quantile * 100:g} is {modern_ms:.3g} ms, legacy's {legacy_ms:.3g} ms"
    return _verdict("latency", finding, seen, f"{limit.max_ratio:g} times", figures)


def _latency_against(legacy: Histogram, modern: Histogram, limit: LatencyGate, trial: Trial) -> _Finding:
    """How much of modern lies beyond the ratio times legacy's quantile, at its highest and its lowest."""
    to_breach, to_pass = trial.to_breach() + _HALF, trial.to_pass() + _HALF
    total, tail = sum(modern.values()), 1 - limit.quantile
    _, highest = quantile_bounds(legacy, limit.quantile, to_breach)
    lowest, _ = quantile_bounds(legacy, limit.quantile, to_pass)
    slow = 0 if highest is None else surely_above(modern, highest * limit.max_ratio)
    maybe_slow = possibly_above(modern, lowest * limit.max_ratio)
    return _Finding(
        rate_above(total, slow, tail) >= to_breach,
        rate_below(total, maybe_slow, tail) >= to_pass,
        trials_until_below(to_pass, total, maybe_slow, tail),
    )


def _mismatches(trial: Trial, percent: float) -> Verdict:
    """At 100 % there is little to compare but what was under way at the flip: so the step before counts too.
    What is compared now can still take modern back by itself.
    """
    now, before = trial.evidence, trial.legacy()
    if before is now:
        return _mismatches_among(now.compared, now.mismatches, percent, trial, trial.to_breach())
    to_breach = trial.to_breach() + _HALF
    alone = _mismatches_among(now.compared, now.mismatches, percent, trial, to_breach)
    if alone.result is Result.BREACH:
        return alone
    compared, mismatches = now.compared + before.compared, now.mismatches + before.mismatches
    return _mismatches_among(compared, mismatches, percent, trial, to_breach)


def _mismatches_among(
    compared: int, mismatches: int, percent: float, trial: Trial, to_breach: float
) -> Verdict:
    figures = {"compared": compared, "mismatches": mismatches, "limit": percent}
    if not compared:
        return Verdict("mismatches", Result.WAIT, "no exchange was compared yet", figures=figures)
    finding = _mismatches_against(compared, mismatches, percent / 100, trial, to_breach)
    sentence = f"{mismatches:,} of {compared:,} compared exchanges mismatch"
    return _verdict("mismatches", finding, sentence, f"{percent:g} %", figures)


def _mismatches_against(
    compared: int, mismatches: int, limit: float, trial: Trial, to_breach: float
) -> _Finding:
    """A limit of 0 means none. No number of matches proves that, so the least number has to do."""
    if limit == 0:
        least = max(trial.plan.min_requests, 1)
        return _Finding(mismatches > 0, compared >= least, max(least - compared, 1))
    return _Finding(
        rate_above(compared, mismatches, limit) >= to_breach,
        rate_below(compared, mismatches, limit) >= trial.to_pass(),
        trials_until_below(trial.to_pass(), compared, mismatches, limit),
    )
