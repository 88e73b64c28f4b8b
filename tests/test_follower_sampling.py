from dataclasses import replace

from proxy.config.snapshot import Override
from proxy.decision.stages import Stage
from proxy.ramp.evidence import Sample, SideSample
from proxy.ramp.latency import bucket_of
from proxy.rollout.sampling import Sampler, judged
from proxy.telemetry.metrics import Totals
from proxy.upstream.failures import Failure
from tests.support.rollout import snapshot

ROUTES = {"pay"}
MS = bucket_of(1000)


def report(*answers: tuple[str, str, int, str, bool]) -> Totals:
    """A worker's totals of answers that took a millisecond each: route, side, status, error, fallback."""
    totals = Totals()
    for route, side, status, error, fell_back in answers:
        totals.observe((route, side, side, status), 0.001, 0, 0, error, fell_back)
    return totals


def only(samples: list[tuple[str, Sample]]) -> Sample:
    [(route, sample)] = samples
    assert route == "pay"
    return sample


def test_reports_of_all_workers_are_one_sample_of_a_slot() -> None:
    sampler = Sampler("here")
    for _ in range(2):
        sampler.add(report(("pay", "legacy", 200, "", False), ("pay", "modern", 500, "", False)))
    side = SideSample(2, 0, {MS: 2})
    assert sampler.cut(100.7, ROUTES) == [("pay", Sample(100, "here", side, replace(side, errors=2)))]
    assert sampler.cut(101.7, ROUTES) == []


def test_a_fallback_is_modern_s_error_and_says_nothing_of_legacy() -> None:
    sampler = Sampler("here")
    sampler.add(report(("pay", "legacy", 200, "", True), ("pay", "legacy", 200, "", False)))
    sample = only(sampler.cut(1, ROUTES))
    assert sample.legacy == SideSample(1, 0, {MS: 1})
    assert sample.modern == SideSample(1, 1, {})


def test_a_response_that_its_backend_broke_off_is_an_error_one_that_the_client_left_is_none() -> None:
    sampler = Sampler("here")
    cut_short = ("pay", "modern", 200, Failure.TRUNCATED.value, False)
    sampler.add(report(cut_short, ("pay", "modern", 200, "client gone", False)))
    assert only(sampler.cut(1, ROUTES)).modern.errors == 1


def test_a_clock_put_back_loses_nothing_and_repeats_no_slot() -> None:
    sampler = Sampler("here")
    sampler.add(report(("pay", "modern", 200, "", False)))
    assert only(sampler.cut(50, ROUTES)).slot == 50
    sampler.add(report(("pay", "modern", 200, "", False)))
    assert sampler.cut(49, ROUTES) == sampler.cut(50.9, ROUTES) == []
    assert only(sampler.cut(51, ROUTES)).modern.requests == 1


def test_verdicts_of_the_shadow_worker_are_compared_exchanges() -> None:
    sampler, totals = Sampler("here"), Totals()
    for verdict, amount in {"match": 5, "noise": 2, "mismatch": 3, "inconclusive": 7, "failed": 9}.items():
        totals.count("shadow_verdict", f"pay {verdict}", amount)
    sampler.add(totals)
    sample = only(sampler.cut(1, ROUTES))
    assert (sample.compared, sample.mismatches) == (10, 3)


def test_only_routes_under_judgement_are_sampled() -> None:
    sampler = Sampler("here")
    sampler.add(report(("other", "modern", 200, "", False)))
    assert sampler.cut(1, ROUTES) == []


def test_judged_are_routes_with_a_plan_while_both_sides_serve() -> None:
    file = snapshot("pay: {ramp: {}}", "planless: {stage: canary}", "shadowed: {stage: shadow, ramp: {}}")
    assert judged(file) == set()
    half = Override(Stage.CANARY, 5000)
    assert judged(file.with_overrides({"pay": half, "planless": half})) == {"pay"}
