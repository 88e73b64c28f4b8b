"""Webhooks of ramps: what they say, how they are signed, and that a bad receiver holds nobody up."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from proxy.config.ramp import Ramp as Plan
from proxy.ledger import Ledger
from proxy.ramp.states import Event as What
from proxy.ramp.states import State
from proxy.ramp.steps import Alert, Move, Ramp, TakeBack, Tell
from proxy.ramp.verdict import Result, Verdict
from proxy.rollout import notify
from proxy.rollout.controller import Happened
from proxy.rollout.notify import Event, Notifier
from proxy.rollout.ramping import events, lines, webhook_secret
from tests.support.origin import Exchange, Origin, answer
from tests.support.rollout import eventually, sqlite
from tests.support.wire import response

NOW = datetime(2026, 3, 3, 10, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of a test's own").decode()
FIGURES = Verdict("errors", Result.BREACH, "modern fails", figures={"modern_errors": 9})
RAMP = Ramp("pay", State.ROLLED_BACK, 1, 2, NOW, NOW, None, "errors: modern fails")


@pytest.fixture
def origin() -> Iterator[Origin]:
    started = Origin()
    yield started
    started.close()


def plan(origin: Origin | None = None) -> Plan:
    return Plan.model_validate({"notify": f"http://127.0.0.1:{origin.port}/hook" if origin else None})


def breach(plan: Plan) -> Happened:
    told = (TakeBack("errors: modern fails"), Tell(What.BREACHED, "errors: modern fails"), Alert("look"))
    return Happened(Move(RAMP, told), plan, (FIGURES,), NOW)


def event(origin: Origin, name: str = "breached") -> Event:
    return Event(f"http://127.0.0.1:{origin.port}/hook", f"id-{name}", f"ramp.{name}", "then", {"n": 1})


def test_a_webhook_is_signed_so_that_its_receiver_can_check_it(origin: Origin) -> None:
    origin.plays(answer(response()))
    Notifier(lambda: SECRET, pytest.fail).post(event(origin))
    [seen] = origin.wait_for(1)
    stamp, said = (str(seen.get(b"webhook-" + name), "ascii") for name in (b"timestamp", b"signature"))
    signed = b"id-breached." + stamp.encode() + b"." + bytes(seen.body)
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert said == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert abs(int(stamp) - datetime.now(UTC).timestamp()) < 60
    assert seen.get(b"webhook-id") == b"id-breached" and seen.get(b"content-type") == b"application/json"
    assert orjson.loads(seen.body) == {"type": "ramp.breached", "timestamp": "then", "data": {"n": 1}}


def test_the_signature_is_that_of_the_specification_s_example() -> None:
    """https://github.com/standard-webhooks/standard-webhooks: its test vector."""
    message, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    said = notify.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", message, 1614265330, body)
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_fails_is_tried_again_and_then_given_up(origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "PAUSES", (0.0, 0.0, 0.0))
    origin.plays(answer(response(b"500 No")))
    said: list[str] = []
    notifier = Notifier(lambda: SECRET, said.append)
    notifier.post(event(origin))
    eventually(lambda: said)
    assert said == ["ramp.breached could not be sent to its webhook: it answered 500"]
    assert [seen.get(b"webhook-id") for seen in origin.wait_for(3)] == [b"id-breached"] * 3
    origin.plays(answer(response()))
    notifier.post(event(origin, "finished"))
    assert origin.wait_for(4)[-1].get(b"webhook-id") == b"id-finished"


def test_a_receiver_that_is_gone_for_good_is_not_asked_again(origin: Origin) -> None:
    origin.plays(answer(response(b"410 Gone")))
    notifier = Notifier(lambda: SECRET, pytest.fail)
    notifier.post(event(origin))
    notifier.post(event(origin, "next"))
    assert [seen.get(b"webhook-id") for seen in origin.wait_for(2)] == [b"id-breached", b"id-next"]


def test_a_receiver_that_hangs_holds_nobody_up(origin: Origin) -> None:
    asked, hanging = threading.Event(), threading.Event()
    said: list[str] = []

    def hang(_: Exchange) -> None:
        asked.set()
        hanging.wait(20)

    origin.plays(hang)
    notifier = Notifier(lambda: SECRET, said.append)
    notifier.post(event(origin))
    assert asked.wait(10)
    for _ in range(notify.WAITING + 1):
        notifier.post(event(origin))
    assert said == [f"ramp.breached was not sent to its webhook: {notify.WAITING} others wait already"]
    hanging.set()


def test_a_breach_is_told_with_its_figures(origin: Origin) -> None:
    told, alert = events(breach(plan(origin)))
    assert (told.type, told.id, alert.type) == (
        "ramp.breached",
        "ramp_pay_1772532000_2_breached",
        "ramp.alert",
    )
    document = orjson.loads(told.body())
    assert document["data"] | {"gates": None} == {
        "route": "pay", "state": "rolled_back", "weight": 5.0, "reason": "errors: modern fails", "gates": None
    }  # fmt: skip
    assert document["data"]["gates"][0]["figures"] == {"modern_errors": 9}


def test_nobody_is_told_where_nobody_asked() -> None:
    assert list(events(breach(plan()))) == []


def test_the_terminal_says_why_in_one_sentence() -> None:
    assert lines(breach(plan())) == [
        "the ramp of pay breached: errors: modern fails",
        "the ramp of pay needs somebody: look",
    ]


def test_all_replicas_sign_with_one_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(notify.SECRET, raising=False)
    ledger = Ledger.open(sqlite(tmp_path))
    agreed = webhook_secret(ledger)
    assert agreed.startswith("whsec_") and agreed == webhook_secret(ledger)
    monkeypatch.setenv(notify.SECRET, SECRET)
    assert webhook_secret(ledger) == SECRET
    ledger.close()
