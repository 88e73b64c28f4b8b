"""The supervisor's end of the ledger, against a real one."""

import asyncio
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.config.addresses import Address
from proxy.ledger import Ledger, samples
from proxy.ledger.clock import present
from proxy.rollout import feed
from proxy.rollout.feed import Feed
from proxy.telemetry.metrics import Totals
from tests.support import config
from tests.support.rollout import eventually, sqlite

ROUTE = "{id: pay, match: {path: /pay}, modern: payments, stage: canary, weight: 5, ramp: {steps: [5, 100]}}"


async def test_samples_are_named_by_the_ledgers_clock_whatever_the_machines_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SimpleNamespace(time=lambda: 1000.0, monotonic=time.monotonic, time_ns=time.time_ns)
    monkeypatch.setattr(feed, "time", wrong)
    url = sqlite(tmp_path)
    ledger, file = Ledger.open(url), config.snapshot(f"ledger: {url}\nroutes: [{ROUTE}]\n")
    began = ledger.read(present)
    fed = Feed(file.config, Address("127.0.0.1", 8080), lambda: None)
    following = asyncio.create_task(fed.run(file))
    await fed.known.wait()
    fed.over(file)
    totals = Totals()
    totals.observe(("pay", "modern", "payments", 200), 0.001, 0, 0, "", False)
    fed.count(totals)
    written = partial(ledger.read, partial(samples.read, route="pay", since=0))
    await asyncio.to_thread(eventually, written)
    following.cancel()
    [sample] = written()
    assert sample.slot >= (began - timedelta(seconds=1)).timestamp()
    await asyncio.gather(following, return_exceptions=True)
    ledger.close()
