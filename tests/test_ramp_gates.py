import math
import random

import pytest

from proxy.config.ramp import Gates
from proxy.config.ramp import Ramp as Plan
from proxy.ramp.evidence import Evidence, Sample, SideSample
from proxy.ramp.gates import before_first_step, evaluate, unreadable
from proxy.ramp.increase import IncreaseTest
from proxy.ramp.latency import Histogram, bucket_of, floor_of, merged
from proxy.ramp.sequential import rate_above, rate_upper
from proxy.ramp.verdict import Result, Trial, Verdict

ALL = 10_000


def gates(**asked: float) -> Gates:
    """The gates asked for, by what they limit; latency is always p95."""
    return Gates.model_validate(
        {
            "errors": {"max_increase": asked["errors"]} if "errors" in asked else None,
            "latency": {"quantile": 0.95, "max_ratio": asked["latency"]} if "latency" in asked else None,
            "mismatches": {"max": asked["mismatches"]} if "mismatches" in asked else None,
            "triage": {"untriaged": asked["untriaged"]} if "untriaged" in asked else None,
        }
    )


def trial(
    asked: Gates,
    evidence: Evidence,
    *,
    weight: int = 1_000,
    before: Evidence | None = None,
    number: int = 1,
    min_requests: int = 500,
    open_groups: int = 0,
) -> Trial:
    plan = Plan(min_requests=min_requests, gates=asked)
    return Trial(plan, number, weight, evidence, before, open_groups)


def gate(name: str, verdicts: tuple[Verdict, ...]) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.gate == name)


def traffic(
    slots: int,
    legacy: tuple[int, int] = (900, 9),
    modern: tuple[int, int] = (100, 1),
    compared: tuple[int, int] = (0, 0),
) -> Evidence:
    """The same (requests, errors) in every slot."""
    seen = Evidence(0, IncreaseTest(0.005))
    for slot in range(slots):
        seen.add([Sample(slot, "a/1", SideSample(*legacy), SideSample(*modern), *compared)], before=slots)
    return seen


def latencies(seed: int, count: int, slower: float = 1.0) -> Histogram:
    draw = random.Random(seed)
    return merged({bucket_of(int(slower * draw.lognormvariate(11, 0.5))): 1} for _ in range(count))


def timed(legacy: Histogram, modern: Histogram) -> Evidence:
    seen = traffic(1)
    seen.legacy_latency.update(legacy)
    seen.modern_latency.update(modern)
    return seen


ERRORS = gates(errors=0.5)


def test_without_traffic_every_gate_waits_and_none_passes() -> None:
    asked = gates(errors=0.5, latency=1.25, mismatches=0.1)
    for weight in (1_000, ALL):
        verdicts = evaluate(trial(asked, traffic(0), weight=weight, min_requests=0))
        assert {verdict.gate for verdict in verdicts} == {"requests", "errors", "latency", "mismatches"}
        assert all(verdict.result is Result.WAIT for verdict in verdicts)


def test_the_least_number_of_requests_is_counted_down() -> None:
    few = gate("requests", evaluate(trial(ERRORS, traffic(4))))
    assert (few.result, few.needs) == (Result.WAIT, 100)
    assert few.sentence == "400 of at least 500 modern requests"
    assert gate("requests", evaluate(trial(ERRORS, traffic(5)))).result is Result.PASS


def test_an_equal_side_waits_with_an_outlook_then_passes() -> None:
    early = gate("errors", evaluate(trial(ERRORS, traffic(10))))
    assert early.result is Result.WAIT and early.needs is not None
    assert early.sentence.startswith("modern fails 1.00% of 1,000 requests, legacy 1.00%: about")
    late = gate("errors", evaluate(trial(ERRORS, traffic(10 + math.ceil(early.needs / 100)))))
    assert late.result is Result.PASS
    assert "within the limit of 0.5 points more" in late.sentence


def test_a_failing_side_breaches_with_its_figures() -> None:
    verdict = gate("errors", evaluate(trial(ERRORS, traffic(12, modern=(100, 3)))))
    assert verdict.result is Result.BREACH
    assert verdict.sentence == (
        "modern fails 3.00% of 1,200 requests, legacy 1.00%: beyond the limit of 0.5 points more"
    )
    assert verdict.figures["modern_errors"] == 36
    assert verdict.figures["increase"] == pytest.approx(2.0)


def test_a_side_at_the_limit_never_ends_its_wait() -> None:
    verdict = gate("errors", evaluate(trial(ERRORS, traffic(100, (1000, 10), (1000, 15)))))
    assert (verdict.result, verdict.needs) == (Result.WAIT, None)
    assert verdict.sentence.endswith("too close to the limit of 0.5 points more to tell")


def test_modern_alone_cannot_be_judged() -> None:
    verdict = gate("errors", evaluate(trial(ERRORS, traffic(20, legacy=(0, 0)))))
    assert (verdict.result, verdict.sentence) == (Result.WAIT, "no legacy requests to compare with yet")
    assert not verdict.alert


def test_at_all_traffic_modern_is_held_to_what_legacy_did_before() -> None:
    before = traffic(100)
    sound = trial(ERRORS, traffic(80, (0, 0), (1000, 10)), weight=ALL, before=before)
    broken = trial(ERRORS, traffic(3, (0, 0), (1000, 40)), weight=ALL, before=before)
    young = trial(ERRORS, traffic(1, (0, 0), (1000, 10)), weight=ALL, before=before)
    assert gate("errors", evaluate(sound)).result is Result.PASS
    assert gate("errors", evaluate(broken)).result is Result.BREACH
    verdict = gate("errors", evaluate(young))
    assert verdict.result is Result.WAIT and verdict.needs is not None


def test_at_all_traffic_two_bounds_share_the_chance_of_error() -> None:
    """Legacy before and modern now are each judged twice as strictly as one alone would be."""
    before, breaches = traffic(100), []
    for errors in range(10, 40):
        judged = trial(gates(errors=0.5), traffic(1, (0, 0), (1000, errors)), weight=ALL, before=before)
        goal = judged.to_breach() + math.log(2)
        certain = rate_above(1000, errors, rate_upper(90_000, 900, goal) + 0.005) >= goal
        assert (gate("errors", evaluate(judged)).result is Result.BREACH) is certain
        breaches.append(certain)
    assert breaches == sorted(breaches) and len(set(breaches)) == 2


def test_below_all_traffic_only_the_same_hours_are_compared() -> None:
    bad_hour_before = traffic(100, legacy=(900, 90))
    judged = trial(gates(errors=0.5), traffic(12, modern=(100, 3)), weight=5_000, before=bad_hour_before)
    assert gate("errors", evaluate(judged)).result is Result.BREACH


def test_at_all_traffic_with_no_step_before_somebody_is_called() -> None:
    asked = gates(errors=0.5, latency=1.25)
    verdicts = evaluate(trial(asked, traffic(20, legacy=(0, 0)), weight=ALL))
    assert gate("errors", verdicts).alert
    assert "no step before" in gate("errors", verdicts).sentence


def test_a_later_trial_and_more_gates_ask_for_more_evidence() -> None:
    asked = gates(errors=0.5, latency=1.25, mismatches=0.1)
    first, second = trial(ERRORS, traffic(1)), trial(ERRORS, traffic(1), number=2)
    assert first.to_breach() == pytest.approx(math.log(20 * 2))
    assert second.to_breach() == pytest.approx(math.log(20 * 6))
    assert trial(asked, traffic(1)).to_breach() == pytest.approx(math.log(20 * 2 * 3))
    assert trial(asked, traffic(1), number=9).to_pass() == pytest.approx(math.log(20))
    assert sum(math.exp(-trial(ERRORS, traffic(1), number=k).to_breach()) for k in range(1, 99)) < 0.05


def test_equal_latencies_pass() -> None:
    seen = timed(latencies(1, 20_000), latencies(2, 4_000))
    verdict = gate("latency", evaluate(trial(gates(latency=1.25), seen)))
    assert verdict.result is Result.PASS
    assert verdict.sentence.startswith("modern's p95 is ")


def test_a_slower_side_breaches() -> None:
    seen = timed(latencies(1, 20_000), latencies(2, 1_000, slower=2))
    verdict = gate("latency", evaluate(trial(gates(latency=1.25), seen)))
    assert verdict.result is Result.BREACH
    assert "beyond the limit of 1.25 times" in verdict.sentence


def test_a_bucket_that_the_limit_cuts_in_two_proves_nothing() -> None:
    legacy = bucket_of(100_000)
    cut = bucket_of(int(1.3 * floor_of(legacy)))
    assert floor_of(cut) < 1.3 * floor_of(legacy) < floor_of(cut + 1)
    judged = trial(gates(latency=1.3), timed({legacy: 50_000}, {cut: 50_000}))
    assert gate("latency", evaluate(judged)).result is Result.WAIT


def test_few_latencies_wait() -> None:
    seen = timed(latencies(1, 5_000), latencies(2, 200))
    verdict = gate("latency", evaluate(trial(gates(latency=1.25), seen)))
    assert verdict.result is Result.WAIT and verdict.needs is not None
    barely = timed(latencies(1, 5), latencies(2, 200))
    assert gate("latency", evaluate(trial(gates(latency=1.25), barely))).result is Result.WAIT


def test_a_side_at_the_latency_limit_is_not_refuted() -> None:
    results = []
    for seed in range(30):
        seen = timed(latencies(seed, 10_000), latencies(seed + 100, 2_000, slower=1.25))
        results.append(gate("latency", evaluate(trial(gates(latency=1.25), seen))).result)
    assert results.count(Result.BREACH) == 0
    assert results.count(Result.PASS) == 0


def test_at_all_traffic_latencies_are_held_to_the_step_before() -> None:
    before = timed(latencies(1, 20_000), {})
    slow = trial(gates(latency=1.25), timed({}, latencies(2, 2_000, slower=2)), weight=ALL, before=before)
    assert gate("latency", evaluate(slow)).result is Result.BREACH


@pytest.mark.parametrize(
    ("compared", "mismatches", "result"),
    [(5_000, 0, Result.PASS), (1_000, 0, Result.WAIT), (1_000, 10, Result.BREACH), (1_000, 2, Result.WAIT)],
)
def test_mismatches_are_held_to_their_share(compared: int, mismatches: int, result: Result) -> None:
    seen = traffic(1, compared=(compared, mismatches))
    assert gate("mismatches", evaluate(trial(gates(mismatches=0.1), seen))).result is result


@pytest.mark.parametrize(
    ("compared", "mismatches", "result"),
    [(500, 0, Result.PASS), (499, 0, Result.WAIT), (1, 1, Result.BREACH), (0, 0, Result.WAIT)],
)
def test_no_mismatch_at_all_may_be_asked_for(compared: int, mismatches: int, result: Result) -> None:
    seen = traffic(1, compared=(compared, mismatches))
    assert gate("mismatches", evaluate(trial(gates(mismatches=0), seen))).result is result


def test_at_all_traffic_nothing_is_compared_and_the_step_before_has_to_do() -> None:
    before = traffic(1, compared=(5_000, 0))
    stood_in_for = trial(gates(mismatches=0.1), traffic(5), weight=ALL, before=before)
    mirrored_back = trial(gates(mismatches=0.1), traffic(1, compared=(1_000, 10)), weight=ALL, before=before)
    assert gate("mismatches", evaluate(stood_in_for)).result is Result.PASS
    assert gate("mismatches", evaluate(mirrored_back)).result is Result.BREACH


@pytest.mark.parametrize(
    ("before", "now", "result"),
    [
        ((5_000, 0), (65, 0), Result.PASS),
        ((1_000, 0), (65, 0), Result.WAIT),
        ((5_000, 0), (65, 9), Result.BREACH),
        ((0, 0), (5_000, 0), Result.PASS),
        ((0, 0), (0, 0), Result.WAIT),
    ],
)
def test_at_all_traffic_what_was_still_under_way_is_added_to_the_step_before(
    before: tuple[int, int], now: tuple[int, int], result: Result
) -> None:
    """Nothing more comes where nobody mirrors back: these few alone would keep a ramp waiting for ever."""
    seen = trial(
        gates(mismatches=0.1), traffic(1, compared=now), weight=ALL, before=traffic(1, compared=before)
    )
    verdict = gate("mismatches", evaluate(seen))
    assert verdict.result is result
    if result is not Result.BREACH:
        assert verdict.figures["compared"] == before[0] + now[0]


def test_open_groups_make_a_ramp_wait_and_never_turn_back() -> None:
    asked = gates(untriaged=1)
    assert gate("triage", evaluate(trial(asked, traffic(1), open_groups=1))).result is Result.PASS
    verdict = gate("triage", evaluate(trial(asked, traffic(1), open_groups=3)))
    assert (verdict.result, verdict.needs) == (Result.WAIT, None)
    assert verdict.sentence == "diff groups open: 3, allowed: 1; triage them"


def test_before_the_first_step_only_people_are_asked() -> None:
    assert before_first_step(gates(errors=0.5), 7) == ()
    assert (
        before_first_step(gates(errors=0.5, untriaged=0), 7)
        == evaluate(trial(gates(untriaged=0), traffic(1), open_groups=7))[-1:]
    )


def test_samples_that_cannot_be_read_wait_and_call_somebody() -> None:
    verdict = unreadable("the ledger is down")
    assert (verdict.result, verdict.alert) == (Result.WAIT, True)
    assert verdict.sentence == "the gates cannot read their samples: the ledger is down"


def test_a_plan_without_gates_asks_for_requests_alone() -> None:
    assert [verdict.gate for verdict in evaluate(trial(gates(), traffic(5)))] == ["requests"]
