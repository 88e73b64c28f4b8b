"""The sticky key `client_ip`: nobody chooses their side by a header, unless a trusted proxy says it."""

from collections.abc import Iterator

import pytest

from proxy.decision.buckets import bucket
from proxy.decision.stages import Side
from tests.support.gateways import Front, parsed
from tests.support.scripted import ScriptedLoop

CANARY = """
    server: {trusted_proxies: [10.0.0.0/8]}
    defaults: {modern: payments, sticky: [client_ip]}
    routes:
      - {id: pay, match: {path: /pay}, stage: canary, weight: 50}
"""
CLIENTS = [f"203.0.113.{number}" for number in range(40)]


@pytest.fixture
def front() -> Iterator[Front]:
    loop = ScriptedLoop()
    yield Front(loop, CANARY)
    loop.release()


def sides(front: Front, peer: str) -> list[Side]:
    """Who serves a request from a peer that names each of the clients in turn."""
    served = []
    for client in CLIENTS:
        asked = parsed(f"GET /pay HTTP/1.1\nX-Forwarded-For: {client}\n".encode())
        asked.head.client = peer  # as its connection says
        served.append(front.planned(asked, peer=peer).side)
    return served


def test_behind_a_trusted_proxy_each_client_has_its_own_bucket(front: Front) -> None:
    expected = [Side.MODERN if bucket(b"pay", client.encode()) < 5000 else Side.LEGACY for client in CLIENTS]
    assert sides(front, "10.0.0.1") == expected
    assert set(expected) == {Side.LEGACY, Side.MODERN}


@pytest.mark.parametrize("peer", ["192.0.2.7", "192.0.2.8", "192.0.2.9"])
def test_a_stranger_who_names_others_stays_in_the_bucket_of_its_own_address(front: Front, peer: str) -> None:
    own = Side.MODERN if bucket(b"pay", peer.encode()) < 5000 else Side.LEGACY
    assert sides(front, peer) == [own] * len(CLIENTS)
