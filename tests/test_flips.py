from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from proxy import flips
from proxy.config.snapshot import Override as InForce
from proxy.config.snapshot import Snapshot
from proxy.decision.stages import Stage
from proxy.flips import RampCommand, Refused, UnknownRoute, intents
from proxy.ledger import Ledger, audit, overrides, ramps
from proxy.ledger.audit import Author, Source
from proxy.ledger.columns import milliseconds, now
from proxy.ledger.overrides import NothingBefore, StaleVersion
from proxy.ledger.positions import Position
from proxy.ledger.schema import replicas
from proxy.ramp.states import IllegalEvent, State
from tests.support.rollout import alive, snapshot

ME = Author("kim", Source.CLI, "because")
HALF = Position("canary", 5000)
SHADOW, MODERN = Position("shadow"), Position("modern")


@pytest.fixture
def file() -> Snapshot:
    return snapshot("pay: {stage: shadow, ramp: {}}", "plain: {stage: shadow}", "old: {modern: null}")


def standing(ledger: Ledger, route: str) -> Position | None:
    found = ledger.read(lambda connection: overrides.find(connection, route))
    return found and found.position


def silent(ledger: Ledger, replica: str, ago: timedelta) -> None:
    """As if a replica had given its last sign of life so long ago."""
    row = update(replicas).where(replicas.c.id == replica).values(seen=now() - milliseconds(ago))
    ledger.write(lambda connection: connection.execute(row))


def test_a_flip_has_a_version_that_grows(ledger: Ledger, file: Snapshot) -> None:
    first = flips.flip(ledger, file, "pay", HALF, ME, expect=0)
    second = flips.flip(ledger, file, "plain", Position("modern"), ME)
    assert (first.was, first.became, standing(ledger, "pay")) == (Position("shadow"), HALF, HALF)
    assert first.version < second.version


def test_who_looked_at_an_older_version_is_refused(ledger: Ledger, file: Snapshot) -> None:
    seen = flips.flip(ledger, file, "pay", HALF, ME, expect=0).version
    flips.flip(ledger, file, "pay", Position("modern"), ME, expect=seen)
    with pytest.raises(StaleVersion):
        flips.flip(ledger, file, "pay", HALF, ME, expect=seen)
    with pytest.raises(StaleVersion):
        flips.rollback(ledger, file, "pay", ME, expect=seen)
    with pytest.raises(StaleVersion):
        flips.ramp(ledger, file, "pay", RampCommand.START, ME, expect=seen)
    assert standing(ledger, "pay") == Position("modern")


@pytest.mark.parametrize(
    ("route", "to", "why"),
    [
        ("pya", HALF, "routes.yaml has no route 'pya'"),
        ("old", HALF, "old has no modern side"),
        ("pay", Position("canary", 10001), "a percentage from 0 to 100, not 100.01"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    ledger: Ledger, file: Snapshot, route: str, to: Position, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        flips.flip(ledger, file, route, to, ME)
    assert standing(ledger, route) is None


def test_a_route_without_modern_can_still_be_put_to_legacy(ledger: Ledger, file: Snapshot) -> None:
    assert flips.flip(ledger, file, "old", Position("legacy"), ME).version == 1


def test_rollback_leads_to_the_stage_before_and_not_below_legacy(ledger: Ledger, file: Snapshot) -> None:
    flips.flip(ledger, file, "pay", HALF, ME)
    assert flips.rollback(ledger, file, "pay", ME).became == Position("shadow")
    assert flips.rollback(ledger, file, "pay", ME).became == Position("legacy")
    with pytest.raises(NothingBefore):
        flips.rollback(ledger, file, "pay", ME)
    with pytest.raises(UnknownRoute):
        flips.rollback(ledger, file, "pya", ME)


def test_the_panic_button_leaves_nothing_to_modern(ledger: Ledger, file: Snapshot) -> None:
    flips.flip(ledger, file, "pay", HALF, ME)
    flipped = flips.rollback_all(ledger, file, ME)
    assert {flip.route for flip in flipped} == {"pay", "plain"}
    assert standing(ledger, "pay") == standing(ledger, "plain") == Position("legacy")


@pytest.mark.parametrize("change", ["weight: 5", "stage: canary", "ramp: {bake: 1m}"])
def test_an_override_depends_on_stage_weight_and_ramp_of_its_route(change: str) -> None:
    before, after = snapshot("pay: {}", "plain: {}"), snapshot(f"pay: {{{change}}}", "plain: {}")
    assert intents(before)["pay"].mark != intents(after)["pay"].mark
    assert intents(before)["plain"] == intents(after)["plain"]


def test_nothing_else_in_the_file_drops_an_override() -> None:
    other = snapshot("pay: {sticky: [client_ip], fallback: [], shadow: {sample: 5}}")
    assert intents(snapshot("pay: {}"))["pay"] == intents(other)["pay"]


def test_a_ramp_is_started_paused_resumed_and_aborted(ledger: Ledger, file: Snapshot) -> None:
    states = [
        flips.ramp(ledger, file, "pay", command, ME).state
        for command in (RampCommand.START, RampCommand.PAUSE, RampCommand.RESUME, RampCommand.ABORT)
    ]
    assert states == [State.RUNNING, State.PAUSED, State.BAKING, State.ABORTED]
    refused = "the ramp of pay is aborted: it cannot be paused now"
    with pytest.raises(IllegalEvent, match=refused):
        flips.ramp(ledger, file, "pay", RampCommand.PAUSE, ME)
    entries = ledger.read(lambda connection: audit.entries(connection, route="pay"))
    assert [entry.became for entry in reversed(entries)] == ["started", "paused", "baking", "aborted"]
    assert {(entry.actor, entry.reason) for entry in entries} == {("kim", "because")}
    flips.flip(ledger, file, "pay", Position("modern"), ME)
    with pytest.raises(IllegalEvent, match=refused):  # what was asked is said, not what became of the route
        flips.ramp(ledger, file, "pay", RampCommand.PAUSE, ME)


def test_a_ramp_is_not_started_where_it_makes_no_sense(ledger: Ledger, file: Snapshot) -> None:
    def start(route: str) -> None:
        flips.ramp(ledger, file, route, RampCommand.START, ME)

    with pytest.raises(Refused, match="plain has no `ramp:` in routes"):
        start("plain")
    with pytest.raises(Refused, match="no ramp under way"):
        flips.ramp(ledger, file, "pay", RampCommand.PAUSE, ME)
    flips.flip(ledger, file, "pay", Position("modern"), ME)
    with pytest.raises(Refused, match="served by modern already"):
        start("pay")
    flips.rollback(ledger, file, "pay", ME)
    start("pay")
    with pytest.raises(Refused, match="is running already"):
        start("pay")


def stepped(ledger: Ledger, file: Snapshot) -> None:
    """A ramp at its first step, as a controller leaves it."""
    ramp = replace(flips.ramp(ledger, file, "pay", RampCommand.START, ME), state=State.BAKING, step=0)
    version = flips.flip(ledger, file, "pay", Position("canary", 100), ME).version
    ledger.write(lambda connection: ramps.save(connection, ramp, (), version))


def test_an_abort_takes_the_route_back(ledger: Ledger, file: Snapshot) -> None:
    stepped(ledger, file)
    flips.ramp(ledger, file, "pay", RampCommand.ABORT, ME)
    assert standing(ledger, "pay") == Position("shadow")


def test_an_abort_leaves_a_route_where_somebody_put_it_meanwhile(ledger: Ledger, file: Snapshot) -> None:
    stepped(ledger, file)
    flips.flip(ledger, file, "pay", Position("modern"), ME)
    assert flips.ramp(ledger, file, "pay", RampCommand.ABORT, ME).state is State.ABORTED
    assert standing(ledger, "pay") == Position("modern")


def test_a_flip_is_complete_once_all_that_live_serve_by_it(ledger: Ledger, file: Snapshot) -> None:
    first, second = (flips.flip(ledger, file, "pay", to, ME).version for to in (MODERN, SHADOW))
    alive(ledger, "one", second)
    alive(ledger, "two", first)
    assert flips.confirmation(ledger, first).complete
    seen = flips.confirmation(ledger, second)
    assert (seen.confirmed, seen.missing, seen.complete) == (("one",), ("two",), False)


def test_who_fell_silent_is_named_and_not_waited_for(ledger: Ledger, file: Snapshot) -> None:
    version = flips.flip(ledger, file, "pay", MODERN, ME).version
    for name, ago in (("dozing", flips.ALIVE), ("gone", flips.REMEMBERED)):
        alive(ledger, name, version)
        silent(ledger, name, ago)
    alive(ledger, "awake", version)
    seen = flips.confirmation(ledger, version)
    assert (seen.confirmed, seen.silent, seen.complete) == (("awake",), ("dozing",), True)


def test_who_falls_silent_while_it_is_waited_for_is_missing(ledger: Ledger, file: Snapshot) -> None:
    version = flips.flip(ledger, file, "pay", MODERN, ME).version
    alive(ledger, "dozing", version - 1)
    silent(ledger, "dozing", flips.ALIVE)
    assert flips.confirmation(ledger, version, waited=600.0).missing == ("dozing",)
    assert flips.confirmation(ledger, version).silent == ("dozing",)


def test_a_version_from_before_a_restored_backup_confirms_nothing(ledger: Ledger, file: Snapshot) -> None:
    version = flips.flip(ledger, file, "pay", MODERN, ME).version
    alive(ledger, "one", version + 2)
    assert flips.confirmation(ledger, version).missing == ("one",)


def test_a_flip_is_beyond_every_version_that_a_replica_serves_by(ledger: Ledger, file: Snapshot) -> None:
    alive(ledger, "one", 41)
    assert [flips.flip(ledger, file, "pay", to, ME).version for to in (MODERN, SHADOW)] == [42, 43]


@pytest.mark.parametrize(
    "served", [InForce(Stage.CANARY, 500), InForce(Stage.MODERN)], ids=lambda it: it.stage
)
def test_the_panic_button_takes_back_what_is_served_whatever_the_ledger_says(
    ledger: Ledger, served: InForce
) -> None:
    file = snapshot("pay: {stage: legacy}", "plain: {}").with_overrides({"pay": served})
    assert [flip.route for flip in flips.rollback_all(ledger, file, ME)] == ["pay"]
    assert standing(ledger, "pay") == Position("legacy")
