"""Messages between the supervisor and its children arrive whole, in order, and their end is noticed."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy.config.snapshot import Override
from proxy.decision.stages import Stage
from proxy.link import Applied, Apply, Drain, Fleet, Gauges, Link, Look, Message, Report
from proxy.rollout.view import LedgerView
from proxy.telemetry.metrics import Totals
from tests.support.config import route, snapshot
from tests.test_telemetry_spans import OUTCOME

SNAPSHOT = snapshot(route("modern: {backend: payments, path: '/v1/{query.id}'}, stage: canary, weight: 50"))
MESSAGES: list[Message] = [
    Apply(SNAPSHOT),
    Applied(3),
    Drain(),
    Look(),
    Report(17, Totals(counters={("retries", "legacy"): 2}), Gauges(1, 2, ("a@b:1",), (), True, 3)),
    Report(0, Totals(), None),
    Fleet({17: 3}, False, ("routes.yaml:1:1: no",), 3, LedgerView()),
]


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Link, Link]]:
    ours, theirs = socket.socketpair()
    pair = (await Link.open(ours), await Link.open(theirs))
    yield pair
    for end in pair:
        await end.close()


async def test_messages_arrive_as_they_were_sent_and_in_order(ends: tuple[Link, Link]) -> None:
    for message in MESSAGES[1:]:
        ends[0].send(message)
    for message in MESSAGES[1:]:
        assert await ends[1].receive() == message


async def test_sampled_requests_arrive_with_their_ids(ends: tuple[Link, Link]) -> None:
    ends[0].send(Report(17, Totals(), None, (OUTCOME,)))
    report = await ends[1].receive()
    assert isinstance(report, Report)
    (arrived,) = report.sampled
    assert arrived.trace.traceparent == OUTCOME.trace.traceparent
    assert replace(arrived, trace=OUTCOME.trace) == OUTCOME


async def test_a_snapshot_still_serves_at_the_other_end(ends: tuple[Link, Link]) -> None:
    ends[0].send(MESSAGES[0])
    received = await ends[1].receive()
    assert isinstance(received, Apply)
    assert received.snapshot.config == SNAPSHOT.config
    assert received.snapshot.routes["a"].plan == SNAPSHOT.routes["a"].plan


async def test_flips_travel_without_the_file_and_arrive_as_snapshots(ends: tuple[Link, Link]) -> None:
    """A file comes once; then overrides replace each other, until another file comes."""
    modern = replace(SNAPSHOT.with_overrides({"a": Override(Stage.MODERN)}), version=2)
    weighted = replace(modern.with_overrides({"a": Override(Stage.CANARY, 700)}), version=3)
    undone = replace(weighted.with_overrides({}), version=4)
    other = replace(snapshot(route("stage: legacy, modern: payments")), version=5)
    again = replace(other.with_overrides({"a": Override(Stage.SHADOW)}), version=6)
    tables = []
    for sent in (SNAPSHOT, modern, weighted, undone, other, again):
        ends[0].send(Apply(sent))
        received = await ends[1].receive()
        assert isinstance(received, Apply)
        assert received.snapshot.version == sent.version
        assert received.snapshot.routes["a"].plan == sent.routes["a"].plan
        assert received.snapshot.routes["a"].override == sent.routes["a"].override
        tables.append(received.snapshot.table)
    assert all(table is tables[0] for table in tables[:4])
    assert tables[4] is tables[5] is not tables[0]


async def test_large_messages_and_both_directions_at_once(ends: tuple[Link, Link]) -> None:
    large = Fleet({}, False, ("x" * 3_000_000,), 1, LedgerView())
    for end in ends:
        end.send(large)
    assert await asyncio.gather(ends[0].receive(), ends[1].receive()) == [large, large]


async def test_a_peer_that_is_gone_is_none_and_sending_to_it_harmless(ends: tuple[Link, Link]) -> None:
    ours, theirs = ends
    theirs.send(Drain())
    await theirs.close()
    assert await ours.receive() == Drain()
    assert await ours.receive() is None
    for _ in range(3):
        ours.send(Drain())
        await asyncio.sleep(0)
    await ours.close()
    ours.send(Drain())
    assert await ours.receive() is None


async def test_a_message_cut_in_two_is_no_message() -> None:
    ours, theirs = socket.socketpair()
    link = await Link.open(ours)
    theirs.sendall(b"\x00\x00\x00\x10half")
    theirs.close()
    assert await link.receive() is None
    await link.close()


@pytest.mark.parametrize("collecting", [True, False])
async def test_receiving_leaves_garbage_collection_as_it_was(
    ends: tuple[Link, Link], collecting: bool
) -> None:
    (gc.enable if collecting else gc.disable)()
    try:
        ends[0].send(Drain())
        await ends[1].receive()
        assert gc.isenabled() is collecting
    finally:
        gc.enable()
