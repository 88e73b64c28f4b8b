"""Second chances and their limits: retries, fallback, breaker, bulkhead, several endpoints."""

import select
import threading
from collections.abc import Iterator

import pytest

from tests.support.banyan import Banyan
from tests.support.dataplane import Connect, connector
from tests.support.hostile import assert_problem
from tests.support.origin import Exchange, Origin, Script, answer, drop, echo
from tests.support.wire import DEADLINE, Response, Wire, payment, request, response, wait_until


@pytest.fixture
def connect(faulty_proxy: Banyan, origin: Origin) -> Iterator[Connect]:
    yield from connector(faulty_proxy.address)


@pytest.fixture
def wire(connect: Connect) -> Wire:
    return connect()


# -- retries


DOWN = answer(response(b"503 Busy", b"X-Own: 1", body=b"own words"))


def test_a_safe_request_is_retried(origin: Origin, wire: Wire) -> None:
    origin.plays(DOWN, DOWN, echo)
    assert wire.ask(request(b"/flaky/x", b"X-A: 1")).body == b"GET /flaky/x "
    assert [seen.get(b"x-a") for seen in origin.seen] == [b"1"] * 3


def test_a_retried_body_is_the_same(origin: Origin, wire: Wire) -> None:
    origin.plays(DOWN, echo)
    assert wire.ask(request(b"/flaky/x", body=b"query")).body == b"GET /flaky/x query"


def test_when_all_tries_fail_the_last_answer_is_the_answer(origin: Origin, wire: Wire) -> None:
    origin.plays(DOWN)
    answered = wire.ask(request(b"/flaky/x"))
    assert (answered.status, answered.body, answered.get(b"x-own")) == (503, b"own words", b"1")
    assert len(origin.seen) == 3


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE"], ids=bytes.decode)
def test_a_write_is_not_retried(origin: Origin, wire: Wire, method: bytes) -> None:
    origin.plays(DOWN, echo)
    answered = wire.ask(request(b"/flaky/x", method=method, body=b"pay"))
    assert (answered.status, answered.body) == (503, b"own words")
    assert len(origin.seen) == 1


@pytest.mark.parametrize("status", [b"500 Oops", b"429 Slow down", b"404 No"], ids=bytes.decode)
def test_other_statuses_are_not_retried(origin: Origin, wire: Wire, status: bytes) -> None:
    origin.plays(answer(response(status, body=b"own")), echo)
    assert wire.ask(request(b"/flaky/x")).body == b"own"
    assert len(origin.seen) == 1


def ask_all(wires: list[Wire], data: bytes) -> list[Response]:
    """Ask on all connections at once."""
    for wire in wires:
        wire.send(data)
    return [wire.response() for wire in wires]


def test_retries_have_a_budget(origin: Origin, connect: Connect) -> None:
    """When everything fails, retrying everything would only make it worse: a fifth is tried again."""
    together, told = threading.Barrier(20), threading.Event()

    def fails_with_all(exchange: Exchange) -> None:
        exchange.body()
        together.wait(DEADLINE)
        exchange.send(response(b"503 Busy"))

    def is_held(exchange: Exchange) -> None:
        exchange.body()
        assert told.wait(DEADLINE)
        exchange.send(response(b"503 Busy"))

    origin.plays(*[fails_with_all] * 20, is_held)
    wires = [connect() for _ in range(20)]
    for wire in wires:
        wire.send(request(b"/flaky/x"))
    sockets = [wire.socket for wire in wires]
    wait_until(lambda: len(select.select(sockets, [], [], 0)[0]) >= 16)
    assert len(origin.wait_for(24)) == 24
    told.set()
    assert {wire.response().status for wire in wires} == {503}


# -- fallback


def test_a_safe_request_falls_back_to_legacy(origin: Origin, wire: Wire) -> None:
    assert wire.ask(request(b"/falls-back")).body == b"GET /falls-back "


def test_a_write_does_not_fall_back(origin: Origin, wire: Wire) -> None:
    answered = wire.ask(payment(b"/falls-back"))
    assert answered.status == 502
    assert_problem(answered, "upstream-unreachable")
    assert origin.seen == []


# -- breaker, bulkhead, pool, several endpoints


def test_a_breaker_opens_and_closes(origin: Origin, wire: Wire) -> None:
    origin.plays(drop, drop, drop, echo)
    assert {wire.ask(request(b"/breaking/x")).status for _ in range(3)} == {502}
    answered = wire.ask(request(b"/breaking/x"))
    assert answered.status == 503 and len(origin.seen) == 3
    assert_problem(answered, "overloaded")
    assert int(answered.get(b"retry-after") or 0) > 0
    wait_until(lambda: wire.ask(request(b"/breaking/x")).status == 200)
    assert [wire.ask(request(b"/breaking/x")).status for _ in range(3)] == [200, 200, 200]


def test_a_full_backend_takes_no_more(origin: Origin, connect: Connect) -> None:
    released = threading.Event()

    def holds(exchange: Exchange) -> None:
        assert released.wait(DEADLINE)
        echo(exchange)

    origin.plays(holds)
    inside = [connect(), connect()]
    for wire in inside:
        wire.send(request(b"/small/x"))
    origin.wait_for(2)
    third = connect()
    answered = third.ask(request(b"/small/x"))
    assert answered.status == 503 and int(answered.get(b"retry-after") or 0) > 0
    assert_problem(answered, "overloaded")
    assert len(origin.seen) == 2
    released.set()
    assert [wire.response().status for wire in inside] == [200, 200]
    assert third.ask(request(b"/small/x")).status == 200


def test_a_pool_of_one_is_shared_in_turn(origin: Origin, connect: Connect) -> None:
    answered = ask_all([connect() for _ in range(10)], request(b"/single/x"))
    assert {each.body for each in answered} == {b"GET /single/x "}
    assert len({seen.connection for seen in origin.seen}) == 1


def test_several_endpoints_take_turns(origin: Origin, second_origin: Origin, wire: Wire) -> None:
    second_origin.forget()
    for _ in range(10):
        assert wire.ask(request(b"/pair/x")).status == 200
    assert (len(origin.seen), len(second_origin.seen)) == (5, 5)


def test_an_endpoint_that_keeps_failing_is_ejected(origin: Origin, second_origin: Origin, wire: Wire) -> None:
    """Its breaker opens; the others take its share, and the client sees no more of it."""
    second_origin.forget()
    second_origin.plays(drop)
    first = [wire.ask(request(b"/half-broken/x")).status for _ in range(4)]
    assert sorted(first) == [200, 200, 502, 502]
    assert {wire.ask(request(b"/half-broken/x")).status for _ in range(20)} == {200}
    assert len(second_origin.seen) == 2


def test_an_unhealthy_endpoint_is_left_alone(checked_origins: list[Origin], wire: Wire) -> None:
    """The active check takes an endpoint out, and back in."""
    sick = threading.Event()

    def says(name: bytes) -> Script:
        def script(exchange: Exchange) -> None:
            exchange.body()
            ill = exchange.seen.target == b"/healthz" and name == b"second" and sick.is_set()
            exchange.send(response(b"500 Sick" if ill else b"200 OK", body=name))

        return script

    def answering() -> set[bytes]:
        return {wire.ask(request(b"/checked/x")).body for _ in range(4)}

    for origin, name in zip(checked_origins, (b"first", b"second"), strict=True):
        origin.plays(says(name))
    wait_until(lambda: answering() == {b"first", b"second"})
    sick.set()
    wait_until(lambda: answering() == {b"first"})
    sick.clear()
    wait_until(lambda: answering() == {b"first", b"second"})
