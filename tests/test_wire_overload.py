"""A worker that does not keep up: mirroring is shed first, then clients are told to come back.

It is slowed by being stopped again and again, which is what a machine without processor time does to it.
"""

import contextlib
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.banyan import Banyan, Lane, running
from tests.support.dataplane import backend
from tests.support.hostile import assert_problem
from tests.support.origin import Origin
from tests.support.processes import frozen
from tests.support.wire import DEADLINE, Response, Wire, request, wait_until

STRAIN = 0.35
"""Seconds of standing still that mirroring does not survive, and clients do."""
COLLAPSE = 1.2
"""Seconds of which a few in a row are an overload."""


@pytest.fixture
def banyan(lane: Lane, main_origin: Origin, tmp_path: Path) -> Iterator[Banyan]:
    """A proxy of its own, with one route that is mirrored."""
    backends = {"legacy": backend(main_origin), "modern": backend(main_origin)}
    mirrored = {"id": "mirrored", "match": {"path": "/mirrored"}, "modern": "modern", "stage": "shadow"}
    with running(tmp_path, {"backends": backends, "routes": [mirrored]}, lane) as banyan:
        yield banyan


def stall(banyan: Banyan, seconds: float) -> None:
    """The only worker stands still."""
    (worker,) = banyan.workers()
    with frozen(worker):
        time.sleep(seconds)


def ask(banyan: Banyan) -> Response:
    with Wire(banyan.address) as wire:
        return wire.ask(request(b"/mirrored"))


def shed_mirrors(banyan: Banyan) -> float:
    """How many exchanges were not handed over because the worker was late."""
    with contextlib.closing(HTTPConnection(*banyan.control, timeout=DEADLINE)) as connection:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    sought = [line for line in lines if line.startswith("banyan_shadow_skipped") and "overloaded" in line]
    return sum(float(line.rpartition(" ")[2]) for line in sought)


def test_shadows_are_shed_before_clients(origin: Origin, banyan: Banyan) -> None:
    """Only of a request that is served is there anything to mirror."""

    def strained() -> bool:
        stall(banyan, STRAIN)
        ask(banyan)
        return shed_mirrors(banyan) > 0

    wait_until(strained)


def test_an_overload_sheds_and_passes(origin: Origin, banyan: Banyan) -> None:
    refused: list[Response] = []

    def sheds() -> bool:
        stall(banyan, COLLAPSE)
        answered = ask(banyan)
        if answered.status == 503:
            refused.append(answered)
        return bool(refused)

    wait_until(sheds)
    assert_problem(refused[0], "overloaded")
    assert int(refused[0].get(b"retry-after") or 0) > 0
    seen = len(origin.complete())
    wait_until(lambda: ask(banyan).status == 200)
    assert len(origin.complete()) > seen
