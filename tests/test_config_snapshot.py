"""The compiled form: what requests need, overrides, and the way to another process."""

import gc
import pickle
from dataclasses import FrozenInstanceError

import pytest

from proxy.config.snapshot import Override, Snapshot
from proxy.decision.cohort import belongs
from proxy.decision.decide import RoutePlan, decide
from proxy.decision.stages import Side, Stage
from proxy.routing.entry import Match
from tests.support.config import HEAD, loaded, route, snapshot
from tests.support.routing import head


def full() -> Snapshot:
    return snapshot(
        """\
    routes:
      - id: show
        match:
          {path: "/api/{id}", methods: [GET], host: API.example.com, headers: {X-A: "1"},
           query: {q: {present: true}}}
        modern:
          backend: payments
          path: /v1/{id}/{query.q}
          headers: {set: {X-Source: banyan, X-E: "café"}, remove: [X-Debug]}
        stage: canary
        weight: 12.5
        group: checkout
        sticky: [header:X-Merchant-Id]
        cohort: {always: {header:X-Merchant-Id: [m_1]}, never: {"cookie:a.b": [x]}}
        shadow: {sample: 50, reverse: true}
      - id: other
        match: {path: /other}
    """.replace("X-É", "X-E")
    )


def matched(made: Snapshot, target: str, method: str = "GET", *fields: str) -> str | None:
    found = made.table.match(head(target, method, *fields))
    return found.route if isinstance(found, Match) else None


def test_the_table_leads_to_routes() -> None:
    made = full()
    fields = ("Host: api.example.com", "X-A: 1")
    assert matched(made, "/api/7?q=2", "GET", *fields) == "show"
    assert matched(made, "/api/7?q=2", "POST", *fields) is None
    assert matched(made, "/api/7?q=2", "GET", "Host: api.example.com") is None
    assert matched(made, "/api/7", "GET", *fields) is None
    assert matched(made, "/other", "PUT") == "other"
    assert matched(made, "/nothing") is None
    assert made.default_backend == "legacy"


def test_a_route_compiled() -> None:
    made = full().routes["show"]
    assert (made.id, made.line, made.legacy, made.modern) == ("show", 6, "legacy", "payments")
    assert made.rewrite is not None
    assert made.rewrite.render(b"/api/7?q=2", {"id": b"7"}) == b"/v1/7/2?q=2"
    assert made.modern_drop == {b"x-debug", b"x-source", b"x-e"}
    assert made.modern_add == (b"X-Source: banyan", b"X-E: caf\xe9")
    plan = made.plan
    assert (plan.id, plan.stage, plan.weight, plan.salt) == ("show", Stage.CANARY, 1250, b"checkout")
    assert (plan.shadow_sample, plan.reverse, plan.mirror_writes, plan.modern_available) == (
        5000, True, False, True,
    )  # fmt: skip
    assert [str(source) for source in plan.sticky] == ["header:x-merchant-id"]
    assert plan.cohort is not None
    assert belongs(plan.cohort.always, head("/", "GET", "X-Merchant-Id: m_1"), {})
    assert belongs(plan.cohort.never, head("/", "GET", "Cookie: a_b=x"), {}), "cookies are read as PHP does"


def test_a_route_with_nothing_but_a_match() -> None:
    made = full().routes["other"]
    assert (made.modern, made.rewrite, made.modern_drop, made.modern_add) == (None, None, frozenset(), ())
    assert (made.plan.modern_available, made.plan.shadow_sample, made.plan.salt) == (False, None, b"other")


def test_the_dialect_of_the_legacy_backend_decides_how_queries_are_read() -> None:
    text = HEAD + "routes: [{id: a, match: {path: /a, query: {b.c: x}}}]\n"
    plain = text.replace('8081"}', '8081", dialect: plain}')
    for source, hit, miss in ((text, "/a?b_c=x", "/a?d=x"), (plain, "/a?b.c=x", "/a?b_c=x")):
        made = loaded(source).snapshot
        assert made is not None
        assert (matched(made, hit), matched(made, miss)) == ("a", None)


@pytest.mark.parametrize(
    ("stage", "shadow", "sample"),
    [
        ("legacy", "null", None),
        ("shadow", "null", 10_000),
        ("canary", "null", None),
        ("modern", "null", None),
        ("shadow", "{sample: 7}", 700),
        ("canary", "{}", 10_000),
        ("modern", "{}", 10_000),
    ],
)
def test_what_is_mirrored(stage: str, shadow: str, sample: int | None) -> None:
    made = snapshot(route(f"modern: payments, stage: {stage}, shadow: {shadow}"))
    assert made.routes["a"].plan.shadow_sample == sample


@pytest.mark.parametrize(
    ("keys", "mirrors"),
    [
        ("modern: payments, stage: legacy, shadow: {}", False),
        ("modern: payments, stage: shadow", True),
        ("modern: payments, stage: canary", False),
        ("modern: payments, stage: canary, shadow: {}", True),
        ("modern: payments, stage: modern, shadow: {}", False),
        ("modern: payments, stage: modern, shadow: {reverse: true}", True),
    ],
)
def test_whether_anything_is_mirrored_at_the_stage_in_force(keys: str, mirrors: bool) -> None:
    made = snapshot(route(keys))
    assert made.mirrors is mirrors
    assert not made.with_overrides({"a": Override(Stage.LEGACY)}).mirrors


# --- overrides ------------------------------------------------------------------------------------


def test_an_override_replaces_what_the_file_says_and_nothing_else() -> None:
    made = full()
    flipped = made.with_overrides({"show": Override(Stage.MODERN)})
    before, after = made.routes["show"], flipped.routes["show"]
    assert (after.plan.stage, after.plan.weight, after.override) == (Stage.MODERN, 0, Override(Stage.MODERN))
    assert (after.spec, after.pattern, after.plan.sticky) == (before.spec, before.pattern, before.plan.sticky)
    assert flipped.table is made.table
    assert flipped.routes["other"] is made.routes["other"]
    assert made.routes["show"].plan.stage is Stage.CANARY, "the old snapshot is as it was"


def test_decisions_follow_overrides() -> None:
    made = full()
    request = head("/api/7?q=2", "GET", "X-Merchant-Id: somebody")

    def side(of: Snapshot) -> Side:
        return decide(of.routes["show"].plan, request, {"id": b"7"}, 0).side

    assert side(made.with_overrides({"show": Override(Stage.LEGACY)})) is Side.LEGACY
    assert side(made.with_overrides({"show": Override(Stage.CANARY, 10_000)})) is Side.MODERN
    assert side(made.with_overrides({"show": Override(Stage.CANARY, 0)})) is Side.LEGACY


def test_overrides_are_the_whole_truth_each_time() -> None:
    made = full()
    flipped = made.with_overrides({"show": Override(Stage.LEGACY), "other": Override(Stage.LEGACY)})
    again = flipped.with_overrides({"show": Override(Stage.SHADOW)})
    assert again.routes["show"].plan.stage is Stage.SHADOW
    assert again.routes["other"].override is None
    assert again.with_overrides({}).routes == made.routes


def test_nothing_new_is_no_new_snapshot() -> None:
    made = full()
    assert made.with_overrides({}) is made
    flipped = made.with_overrides({"show": Override(Stage.LEGACY)})
    assert flipped.with_overrides({"show": Override(Stage.LEGACY)}) is flipped


def test_overrides_of_routes_that_are_gone_are_left_out() -> None:
    made = full()
    assert made.with_overrides({"gone": Override(Stage.LEGACY)}) is made


def test_a_flip_to_shadow_mirrors_also_where_the_file_does_not_ask() -> None:
    made = snapshot(route("modern: payments"))
    assert made.with_overrides({"a": Override(Stage.SHADOW)}).routes["a"].plan.shadow_sample == 10_000


# --- as a value -----------------------------------------------------------------------------------


def test_it_cannot_be_changed() -> None:
    made = full()
    with pytest.raises(FrozenInstanceError):
        made.version = 2  # type: ignore[misc]  # the very thing that must not work
    with pytest.raises(FrozenInstanceError):
        made.routes["show"].line = 2  # type: ignore[misc]  # likewise


def test_it_travels_to_another_process() -> None:
    made = full().with_overrides({"show": Override(Stage.MODERN)})
    there = pickle.loads(pickle.dumps(made))
    assert isinstance(there, Snapshot)
    assert (there.version, there.config, there.routes) == (made.version, made.config, made.routes)
    assert isinstance(there.routes["show"].plan, RoutePlan)
    assert matched(there, "/other") == "other"


def test_what_routes_inherit_travels_once() -> None:
    def size(count: int, defaults: str) -> int:
        routes = "".join(f"  - {{id: r-{n}, match: {{path: /r{n}}}}}\n" for n in range(count))
        return len(pickle.dumps(snapshot(f"defaults: {defaults}\nroutes:\n{routes}")))

    heavy = f"{{shadow: {{compare: {{ignore: [{', '.join(f'$.key{n}' for n in range(500))}]}}}}}}"
    added = size(100, heavy) - size(100, "{}")
    assert added < 2 * (size(1, heavy) - size(1, "{}"))


def test_a_snapshot_that_is_loaded_and_one_that_is_refused() -> None:
    good, bad = loaded(HEAD), loaded("nonsense")
    assert good.snapshot is not None
    assert good.errors == ()
    assert bad.snapshot is None
    assert bad.errors != ()


@pytest.mark.parametrize("running", [True, False])
def test_loading_leaves_the_garbage_collector_as_it_was(running: bool) -> None:
    was = gc.isenabled()
    try:
        gc.enable() if running else gc.disable()
        loaded(HEAD)
        loaded("nonsense: [")
        assert gc.isenabled() is running
    finally:
        gc.enable() if was else gc.disable()
