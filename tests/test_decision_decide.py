"""Who serves, who is mirrored, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.decision.buckets import BUCKETS, bucket
from proxy.decision.cohort import Cohort
from proxy.decision.decide import MirrorSkip, Reason, RoutePlan, Serve, decide
from proxy.decision.stages import Side, Stage
from proxy.decision.sticky import parse_source
from proxy.routing.head import Head
from tests.support.routing import head

LEGACY, MODERN = Side.LEGACY, Side.MODERN
MERCHANT = parse_source("header:X-Merchant-Id")
CANARY = RoutePlan("pay", Stage.CANARY, 5000, b"checkout", (MERCHANT,), shadow_sample=BUCKETS)
SHADOW = RoutePlan("pay", Stage.SHADOW, shadow_sample=BUCKETS)


def decided(plan: RoutePlan, request: Head | None = None, draw: int = 0) -> Serve:
    return decide(plan, request or head("/"), {}, draw)


def of(merchant: str) -> Head:
    return head("/", "GET", f"X-Merchant-Id: {merchant}")


def test_legacy_serves_alone() -> None:
    plan = replace(CANARY, stage=Stage.LEGACY)
    assert decided(plan) == Serve(LEGACY, Reason.STAGE_LEGACY, None, MirrorSkip.STAGE, None)


def test_shadow_serves_from_legacy_and_mirrors_to_modern() -> None:
    assert decided(SHADOW) == Serve(LEGACY, Reason.STAGE_SHADOW, MODERN, None, None)


def test_modern_serves_and_mirrors_to_legacy_only_in_reverse() -> None:
    plan = replace(SHADOW, stage=Stage.MODERN)
    assert decided(plan) == Serve(MODERN, Reason.STAGE_MODERN, None, MirrorSkip.STAGE, None)
    assert decided(replace(plan, reverse=True)) == Serve(MODERN, Reason.STAGE_MODERN, LEGACY, None, None)
    assert decided(replace(plan, reverse=True, shadow_sample=None)).mirror_skip is MirrorSkip.OFF


def test_a_canary_divides_by_bucket() -> None:
    place = bucket(b"checkout", b"m_1")
    modern = decided(replace(CANARY, weight=place + 1), of("m_1"))
    legacy = decided(replace(CANARY, weight=place), of("m_1"))
    assert modern == Serve(MODERN, Reason.WEIGHT, None, MirrorSkip.STAGE, place)
    assert legacy == Serve(LEGACY, Reason.WEIGHT, MODERN, None, place)


def test_a_canary_in_reverse_mirrors_nothing_that_modern_serves() -> None:
    assert decided(replace(CANARY, weight=BUCKETS, reverse=True), of("m_1")).mirror is None


def test_without_a_sticky_key_legacy_serves() -> None:
    for plan in (CANARY, replace(CANARY, weight=BUCKETS), replace(CANARY, sticky=())):
        assert decided(plan) == Serve(LEGACY, Reason.NO_STICKY_KEY, MODERN, None, None)


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.CANARY, Stage.MODERN])
def test_without_a_modern_backend_legacy_serves(stage: Stage) -> None:
    plan = replace(CANARY, stage=stage, weight=BUCKETS, reverse=True, modern_available=False)
    assert decided(plan, of("m_1")) == Serve(LEGACY, Reason.NO_MODERN, None, MirrorSkip.STAGE, None)


# --- cohorts --------------------------------------------------------------------------------------

COHORT = Cohort(
    always=((MERCHANT, frozenset((b"m_1", b"m_2"))), (parse_source("query:beta"), frozenset((b"1",)))),
    never=((MERCHANT, frozenset((b"m_2", b"m_3"))),),
)


@pytest.mark.parametrize("weight", [0, 5000, BUCKETS])
def test_a_cohort_beats_the_bucket_and_never_beats_always(weight: int) -> None:
    plan = replace(CANARY, weight=weight, cohort=COHORT)
    assert decided(plan, of("m_1")) == Serve(MODERN, Reason.COHORT_ALWAYS, None, MirrorSkip.STAGE, None)
    assert decided(plan, of("m_2")) == Serve(LEGACY, Reason.COHORT_NEVER, MODERN, None, None)
    assert decided(plan, of("m_3")) == Serve(LEGACY, Reason.COHORT_NEVER, MODERN, None, None)
    assert decided(plan, of("m_4")).reason is Reason.WEIGHT


def test_a_cohort_needs_no_sticky_key() -> None:
    assert decided(replace(CANARY, cohort=COHORT, sticky=()), head("/?beta=1")).side is MODERN


def test_a_cohort_counts_in_a_canary_alone() -> None:
    for stage, side in ((Stage.LEGACY, LEGACY), (Stage.SHADOW, LEGACY), (Stage.MODERN, MODERN)):
        plan = replace(CANARY, stage=stage, cohort=COHORT)
        assert {decided(plan, of(merchant)).side for merchant in ("m_1", "m_2", "m_3")} == {side}


# --- mirroring ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_head", "skip", "attested"),
    [
        (head("/"), None, None),
        (head("/", "HEAD"), MirrorSkip.METHOD, MirrorSkip.METHOD),
        (head("/", "OPTIONS"), MirrorSkip.METHOD, MirrorSkip.METHOD),
        (head("/", "TRACE"), MirrorSkip.METHOD, MirrorSkip.METHOD),
        (head("/", "CONNECT"), MirrorSkip.METHOD, MirrorSkip.METHOD),
        (head("/", "POST"), MirrorSkip.WRITE, None),
        (head("/", "DELETE"), MirrorSkip.WRITE, None),
        (head("/", "get"), MirrorSkip.WRITE, None),
        (head("/?_method=DELETE"), MirrorSkip.WRITE, None),
        (head("/", "HEAD", "X-HTTP-Method-Override: PUT"), MirrorSkip.WRITE, None),
        (head("/", "POST", "X-HTTP-Method-Override: GET"), MirrorSkip.WRITE, None),
        (head("/", "GET", "Upgrade: websocket"), MirrorSkip.UPGRADE, MirrorSkip.UPGRADE),
    ],
)
def test_what_is_mirrored(request_head: Head, skip: MirrorSkip | None, attested: MirrorSkip | None) -> None:
    assert decided(SHADOW, request_head).mirror_skip is skip
    assert decided(replace(SHADOW, mirror_writes=True), request_head).mirror_skip is attested


def test_writes_are_mirrored_in_reverse_only_if_attested() -> None:
    plan = replace(SHADOW, stage=Stage.MODERN, reverse=True)
    assert decided(plan, head("/", "POST")).mirror_skip is MirrorSkip.WRITE
    assert decided(replace(plan, mirror_writes=True), head("/", "POST")).mirror is LEGACY


def test_the_draw_samples_requests() -> None:
    plan = replace(SHADOW, shadow_sample=250)
    assert decided(plan, draw=249).mirror is MODERN
    assert decided(plan, draw=250).mirror_skip is MirrorSkip.SAMPLE
    assert sum(decided(plan, draw=draw).mirror is MODERN for draw in range(BUCKETS)) == 250
    assert decided(replace(SHADOW, shadow_sample=0)).mirror_skip is MirrorSkip.SAMPLE
    assert decided(replace(SHADOW, shadow_sample=None)).mirror_skip is MirrorSkip.OFF


@pytest.mark.parametrize(("weight", "sample"), [(-1, 0), (BUCKETS + 1, 0), (0, -1), (0, BUCKETS + 1)])
def test_a_plan_has_shares_between_nothing_and_all(weight: int, sample: int) -> None:
    with pytest.raises(ValueError, match=r"pay: .* is not between 0 and 10000"):
        RoutePlan("pay", weight=weight, shadow_sample=sample)


# --- what holds for all ---------------------------------------------------------------------------

WEIGHTS = st.integers(0, BUCKETS)
MERCHANTS = st.text("abc019_", min_size=1, max_size=8)
PLANS = st.builds(
    RoutePlan,
    st.just("pay"),
    st.sampled_from(Stage),
    WEIGHTS,
    st.sampled_from([b"pay", b"checkout"]),
    st.sampled_from([(), (MERCHANT,), (MERCHANT, parse_source("client_ip"))]),
    st.sampled_from([None, COHORT]),
    st.none() | WEIGHTS,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
HEADS = st.builds(
    lambda target, method, fields: head(target, method, *fields),
    st.sampled_from(["/", "/?beta=1", "/?_method=PUT"]),
    st.sampled_from(["GET", "HEAD", "OPTIONS", "POST"]),
    st.lists(st.sampled_from(["X-Merchant-Id: m_1", "X-Merchant-Id: m_2", "X-Merchant-Id: m_9"]), max_size=1),
)


@given(MERCHANTS, WEIGHTS, WEIGHTS)
def test_raising_a_weight_moves_keys_one_way_only(merchant: str, one: int, other: int) -> None:
    low, high = sorted((one, other))
    before = decided(replace(CANARY, weight=low), of(merchant)).side
    after = decided(replace(CANARY, weight=high), of(merchant)).side
    assert (before, after) != (MODERN, LEGACY)
    assert decided(replace(CANARY, weight=low), of(merchant)).side is before


@given(st.lists(MERCHANTS, unique=True, max_size=30), WEIGHTS)
def test_the_keys_that_came_last_go_back_first(merchants: list[str], weight: int) -> None:
    def moderns(share: int) -> set[str]:
        return {m for m in merchants if decided(replace(CANARY, weight=share), of(m)).side is MODERN}

    assert moderns(weight // 2) <= moderns(weight)
    assert moderns(BUCKETS) == set(merchants)
    assert moderns(0) == set()


@given(MERCHANTS, WEIGHTS)
def test_routes_of_a_group_agree_wherever_they_find_the_key(merchant: str, weight: int) -> None:
    show = replace(CANARY, weight=weight)
    refund = replace(show, id="refund", sticky=(parse_source("query:merchant"),))
    at_show, at_refund = decided(show, of(merchant)), decided(refund, head(f"/?merchant={merchant}"))
    assert (at_show.side, at_show.bucket) == (at_refund.side, at_refund.bucket)


@given(WEIGHTS, st.sampled_from(["a", "b", "c"]), st.sampled_from(["a", "b", "c"]))
def test_a_duplicated_cookie_decides_by_its_first(weight: int, first: str, second: str) -> None:
    plan = replace(CANARY, weight=weight, sticky=(parse_source("cookie:PHPSESSID", php=True),))
    both = head("/", "GET", f"Cookie: PHPSESSID={first}; PHPSESSID={second}")
    assert decided(plan, both) == decided(plan, head("/", "GET", f"Cookie: PHPSESSID={first}"))


@given(PLANS, HEADS, st.integers(0, BUCKETS - 1))
def test_every_decision_is_consistent(plan: RoutePlan, request: Head, draw: int) -> None:
    decision = decide(plan, request, {}, draw)
    assert (decision.mirror is None) is (decision.mirror_skip is not None)
    assert decision.mirror is not decision.side
    assert (decision.bucket is not None) is (decision.reason is Reason.WEIGHT)
    if decision.side is MODERN:
        assert plan.modern_available and plan.stage in (Stage.CANARY, Stage.MODERN)
        assert decision.mirror is None or (plan.stage is Stage.MODERN and plan.reverse)
    if decision.mirror is not None:
        assert request.method == b"GET" or plan.mirror_writes
        assert plan.stage is not Stage.LEGACY and plan.modern_available
    assert decision == decide(plan, request, {}, draw)
