from dataclasses import replace

import pytest

from proxy import flips
from proxy.config.snapshot import Snapshot
from proxy.flips import RampCommand, Refused, UnknownRoute, intents
from proxy.ledger import Ledger, audit, overrides, ramps
from proxy.ledger.audit import Author, Source
from proxy.ledger.overrides import NothingBefore, StaleVersion
from proxy.ledger.positions import Position
from proxy.ramp.states import IllegalEvent, State
from tests.support.rollout import alive, snapshot

ME = Author("kim", Source.CLI, "because")
HALF = Position("canary", 5000)


@pytest.fixture
def file() -> Snapshot:
    return snapshot("pay: {stage: shadow, ramp: {}}", "plain: {stage: shadow}", "old: {modern: null}")


def standing(ledger: Ledger, route: str) -> Position | None:
    found = ledger.read(lambda connection: overrides.find(connection, route))
    return found and found.position


def test_a_flip_has_a_version_that_grows(ledger: Ledger, file: Snapshot) -> None:
    assert flips.version_of(ledger, "pay") == 0
    first = flips.flip(ledger, file, "pay", HALF, ME)
    second = flips.flip(ledger, file, "plain", Position("modern"), ME)
    assert (first.was, first.became, standing(ledger, "pay")) == (Position("shadow"), HALF, HALF)
    assert flips.version_of(ledger, "pay") == first.version < second.version


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
    with pytest.raises(IllegalEvent):
        flips.ramp(ledger, file, "pay", RampCommand.PAUSE, ME)
    entries = ledger.read(lambda connection: audit.entries(connection, route="pay"))
    assert [entry.became for entry in reversed(entries)] == ["started", "paused", "baking", "aborted"]
    assert {(entry.actor, entry.reason) for entry in entries} == {("kim", "because")}


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


def test_a_flip_is_waited_for_until_all_have_it_or_patience_ends(ledger: Ledger) -> None:
    alive(ledger, "one", 7)
    alive(ledger, "two", 6)
    assert flips.confirmation(ledger, 6).complete
    waited = flips.wait_confirmed(ledger, 7, patience=0.05)
    assert (waited.confirmed, waited.missing, waited.complete) == (("one",), ("two",), False)
    assert waited.seconds >= 0.05
