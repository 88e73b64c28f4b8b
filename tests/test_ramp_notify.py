"""Webhooks of ramps: written with what they tell, signed, and sent until somebody takes them."""

import base64
import hashlib
import hmac
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import orjson
import pytest
from sqlalchemy import Connection, update

from proxy import flips
from proxy.config.snapshot import Snapshot
from proxy.flips import RampCommand
from proxy.ledger import Ledger, audit, outbox
from proxy.ledger.audit import Author, Source
from proxy.ledger.columns import EPOCH
from proxy.ledger.schema import outbox as table
from proxy.ramp.notices import Notice
from proxy.ramp.states import Event as What
from proxy.ramp.states import State
from proxy.ramp.steps import Alert, Move, Ramp, TakeBack, Tell
from proxy.rollout import notify
from proxy.rollout.controller import Controller
from proxy.rollout.notify import Courier
from proxy.rollout.ramping import lines, webhook_secret
from tests.support.origin import Exchange, Origin, answer
from tests.support.rollout import eventually, snapshot, sqlite
from tests.support.wire import response

T = TypeVar("T")

ME = Author("kim", Source.CLI, "because")
NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of a test's own").decode()


@pytest.fixture
def origin() -> Iterator[Origin]:
    started = Origin()
    yield started
    started.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return sqlite(tmp_path)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = Ledger.open(url)
    yield opened
    opened.close()


def hook(origin: Origin) -> str:
    return f"http://127.0.0.1:{origin.port}/hook"


def put(ledger: Ledger, origin: Origin, *types: str) -> None:
    told = [Notice(type_, {"n": 1}) for type_ in types]
    ledger.write(lambda connection: outbox.put(connection, hook(origin), told))


def fall_due(ledger: Ledger) -> None:
    ledger.write(lambda connection: connection.execute(update(table).values(due=EPOCH)))


def test_a_webhook_is_signed_so_that_its_receiver_can_check_it(ledger: Ledger, origin: Origin) -> None:
    origin.plays(answer(response()))
    put(ledger, origin, "ramp.breached")
    assert Courier(ledger, lambda: SECRET, pytest.fail).turn()
    [seen] = origin.wait_for(1)
    stamp, said, name = (
        str(seen.get(b"webhook-" + one), "ascii") for one in (b"timestamp", b"signature", b"id")
    )
    signed = f"{name}.{stamp}.".encode() + bytes(seen.body)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert said == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert seen.get(b"content-type") == b"application/json"
    body = orjson.loads(seen.body)
    assert (body["type"], body["data"]) == ("ramp.breached", {"n": 1})
    assert abs(int(stamp) - datetime.fromisoformat(body["timestamp"]).timestamp()) < 60
    assert ledger.read(outbox.waiting) == 0


def test_the_signature_is_that_of_the_specification_s_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: its test vector."""
    message, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    said = notify.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message, 1614265330, body)
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_fails_is_sent_again_under_its_id_and_given_up_in_the_end(
    ledger: Ledger, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES", (3600, 3600))
    origin.plays(answer(response(b"500 No")))
    put(ledger, origin, "ramp.breached")
    said: list[str] = []
    courier = Courier(ledger, lambda: SECRET, said.append)
    for _ in range(3):
        assert courier.turn() and not courier.turn()  # put off, and not due before its time
        fall_due(ledger)
    assert not courier.turn()
    first, *again = origin.wait_for(3)
    assert {(seen.get(b"webhook-id"), bytes(seen.body)) for seen in again} == {
        (first.get(b"webhook-id"), bytes(first.body))
    }
    assert said == [
        "ramp.breached could not be sent to its webhook, and is tried again: it answered 500",
        "ramp.breached could not be sent to its webhook and is given up: it answered 500",
    ]


def test_the_tries_last_for_more_than_a_day() -> None:
    assert sum(notify.PAUSES) > 24 * 3600


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(ledger: Ledger, origin: Origin) -> None:
    origin.plays(answer(response(b"410 Gone")))
    put(ledger, origin, "ramp.breached")
    assert Courier(ledger, lambda: SECRET, pytest.fail).turn()
    assert ledger.read(outbox.waiting) == 0


def test_a_receiver_that_hangs_holds_no_ramp_up_and_those_after_it_are_sent(
    ledger: Ledger, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "ANSWER", 3)
    hanging = threading.Event()

    def hang_once(exchange: Exchange) -> None:
        exchange.body()
        if exchange.seen.body.count(b"stepped"):
            hanging.wait(60)
        exchange.send(response())

    origin.plays(hang_once)
    put(ledger, origin, "ramp.stepped")
    put(ledger, origin, "ramp.breached")
    said: list[str] = []
    courier = Courier(ledger, lambda: SECRET, said.append)
    courier.start()
    eventually(lambda: ledger.read(outbox.waiting) == 1)
    courier.close()
    hanging.set()
    [late] = said
    assert late.startswith("ramp.stepped could not be sent")


def test_a_courier_that_sleeps_is_woken(
    ledger: Ledger, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "LOOK", 3600)
    origin.plays(answer(response()))
    courier = Courier(ledger, lambda: SECRET, pytest.fail)
    courier.start()
    put(ledger, origin, "ramp.stepped")
    courier.wake()
    eventually(lambda: ledger.read(outbox.waiting) == 0)
    courier.close()


# --- at least once, whoever dies --------------------------------------------------------------------


class Defective(Ledger):
    """One that fails in no expected way, once."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.engine)
        self._struck = False

    def write(self, work: Callable[[Connection], T]) -> T:
        if not self._struck:
            self._struck = True
            raise ZeroDivisionError("a defect")
        return super().write(work)


def test_a_defect_is_said_and_does_not_end_the_courier(ledger: Ledger, origin: Origin) -> None:
    said: list[str] = []
    origin.plays(answer(response()))
    put(ledger, origin, "banyan.ramp.stepped")
    courier = Courier(Defective(ledger), lambda: SECRET, said.append)
    courier.start()
    eventually(lambda: origin.complete())
    courier.close()
    assert said == ["webhooks: ZeroDivisionError: a defect"]


def file(to: str) -> Snapshot:
    plan = "bake: 0s, min_requests: 10, gates: {errors: {max_increase: 20}, latency: null, mismatches: null}"
    return snapshot(f'pay: {{stage: shadow, ramp: {{steps: [5, 100], notify: "{to}", {plan}}}}}')


def die(_: Move) -> None:
    """What was decided is committed, and nobody was told of it yet."""
    os.kill(os.getpid(), signal.SIGKILL)


def _step_and_die(url: str, to: str) -> None:
    Controller(Ledger.open(url), "child", lambda: file(to), die, print).turn()


def test_killed_between_its_step_and_its_word_another_tells_it(
    url: str, ledger: Ledger, origin: Origin
) -> None:
    origin.plays(answer(response()))
    flips.ramp(ledger, file(hook(origin)), "pay", RampCommand.START, ME)
    child = SPAWN.Process(target=_step_and_die, args=(url, hook(origin)))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    [step, *_] = ledger.read(audit.entries)
    assert step.became == "canary 5 %"
    assert Courier(ledger, lambda: SECRET, pytest.fail).turn()
    [seen] = origin.wait_for(1)
    assert orjson.loads(seen.body)["type"] == "ramp.stepped"


def _send(url: str) -> None:
    Courier(Ledger.open(url), lambda: SECRET, print).turn()


def test_killed_before_it_knew_whether_it_was_heard_it_is_told_again_under_its_id(
    url: str, ledger: Ledger, origin: Origin
) -> None:
    put(ledger, origin, "ramp.breached")
    child = SPAWN.Process(target=_send, args=(url,))

    def kill(exchange: Exchange) -> None:
        exchange.body()
        if child.is_alive() and child.pid:
            os.kill(child.pid, signal.SIGKILL)
        exchange.send(response())

    origin.plays(kill)
    child.start()
    child.join()
    assert (child.exitcode, ledger.read(outbox.waiting)) == (-signal.SIGKILL, 1)
    courier = Courier(ledger, lambda: SECRET, pytest.fail)
    assert not courier.turn()  # for a while it is the dead one's
    fall_due(ledger)
    assert courier.turn()
    first, second = origin.wait_for(2)
    assert first.get(b"webhook-id") == second.get(b"webhook-id")
    assert bytes(first.body) == bytes(second.body)


# --- who is told what -------------------------------------------------------------------------------


def told(ledger: Ledger) -> list[str]:
    rows = ledger.read(lambda connection: connection.execute(table.select().order_by(table.c.time)).all())
    return [row.type for row in rows]


def test_what_people_do_to_a_ramp_is_told_too(ledger: Ledger, origin: Origin) -> None:
    for command in RampCommand:
        flips.ramp(ledger, file(hook(origin)), "pay", command, ME)
    assert told(ledger) == ["ramp.paused", "ramp.resumed", "ramp.aborted"]


def test_a_ramp_that_ends_by_its_file_is_told_of_by_the_new_file(ledger: Ledger, origin: Origin) -> None:
    flips.ramp(ledger, file(hook(origin)), "pay", RampCommand.START, ME)
    in_force = file(hook(origin))
    controller = Controller(ledger, "one", lambda: in_force, lambda _: None, pytest.fail)
    controller.turn()
    in_force = snapshot(f'pay: {{ramp: {{steps: [100], notify: "{hook(origin)}"}}}}')
    controller.turn()
    assert told(ledger) == ["ramp.stepped", "ramp.overtaken"]


def test_nobody_is_told_where_nobody_asked(ledger: Ledger) -> None:
    quiet = snapshot("pay: {stage: shadow, ramp: {}}")
    for command in (RampCommand.START, RampCommand.PAUSE):
        flips.ramp(ledger, quiet, "pay", command, ME)
    assert told(ledger) == []


def test_the_terminal_says_why_in_one_sentence() -> None:
    ramp = Ramp("pay", State.ROLLED_BACK, 1, 2, NOW, NOW, None, "errors: modern fails")
    actions = (TakeBack("errors: modern fails"), Tell(What.BREACHED, "errors: modern fails"), Alert("look"))
    assert lines(Move(ramp, actions)) == [
        "the ramp of pay breached: errors: modern fails",
        "the ramp of pay needs somebody: look",
    ]


def test_all_replicas_sign_with_one_secret(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(notify.SECRET, raising=False)
    agreed = webhook_secret(ledger)
    assert agreed.startswith("whsec_") and agreed == webhook_secret(ledger)
    monkeypatch.setenv(notify.SECRET, SECRET)
    assert webhook_secret(ledger) == SECRET
