"""What is bound, opened or connected once stays as it was at the start, and a warning says so."""

import pytest

from proxy.config.errors import Severity, dotted
from proxy.config.models import Config
from proxy.config.standing import STANDING, changed, kept
from tests.support.config import snapshot

STARTED = snapshot("").config
OTHER = """\
server:
  listen: 127.0.0.1:1
  status: 127.0.0.1:2
  workers: 7
  timeouts: {drain: 3s}
  tls: {cert: /c.pem, key: /k.pem}
  access_log: /var/log/banyan
  tracing: {endpoint: "http://otel:4318/v1/traces"}
control: {listen: 127.0.0.1:4}
ledger: postgresql://ada:hunter2@db/banyan
redis: redis://cache
shadow:
  socket: /run/s
  log: {path: /tmp/d, rotate: 1MiB, keep: 1d}
  queue: {exchanges: 1}
  concurrency: 1
  groups: {samples: 1}
"""
LIVE = """\
server:
  trusted_proxies: [10.0.0.0/8]
  limits: {body: 1MiB}
  timeouts: {header: 1s, keep_alive: 1s, body_idle: 1s}
  debug_headers: true
  tracing: {sample: 50}
control: {tokens: "%s"}
shadow: {log: {verdicts: [match]}}
routes: [{id: a, match: {path: /a}, modern: payments, stage: modern}]
""" % ("ada:operator:" + "0" * 64)


def test_each_key_that_waits_is_named_and_none_is_said() -> None:
    problems = list(changed(STARTED, snapshot(OTHER).config))
    assert [problem.path for problem in problems] == list(STANDING)
    assert {problem.severity for problem in problems} == {Severity.WARNING}
    assert "hunter2" not in str(problems)


def test_what_waits_stays_as_it_was() -> None:
    assert kept(STARTED, snapshot(OTHER).config) == STARTED


@pytest.mark.parametrize("path", STANDING, ids=dotted)
def test_what_was_there_at_the_start_may_go_from_the_file(path: tuple[str, ...]) -> None:
    started = snapshot(OTHER).config
    assert path in [problem.path for problem in changed(started, STARTED)]
    assert kept(started, STARTED) == started


def test_all_else_holds_at_once() -> None:
    now: Config = snapshot(LIVE).config
    assert list(changed(STARTED, now)) == []
    assert kept(STARTED, now) == now
