"""The shadow worker's process while its ledger is down, and once it is back."""

import asyncio
import socket
from pathlib import Path

import pytest

from proxy import shadow_process
from proxy.link import Apply, Link
from proxy.shadow_process import ShadowProcess
from proxy.shadow_store import LedgerStore
from shadow.redact import Redactor
from tests.support.config import snapshot
from tests.support.shadow import until

SECRET = [(b"Authorization", b"Bearer abc")]


async def test_redaction_has_the_key_of_all_workers_once_the_ledger_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_process, "KEY_EVERY", 0.01)
    folder = tmp_path / "ledger"
    folder.write_text("in the way")
    process = await ShadowProcess.open(
        snapshot(f"""
            ledger: sqlite:///{folder}/l.db
            shadow: {{socket: {tmp_path}/s, log: {{path: {tmp_path}/diffs.jsonl}}}}
            routes:
              - {{id: pay, match: {{path: /pay}}, modern: payments, stage: shadow}}
        """)
    )
    running = asyncio.create_task(process.run())
    before = process._worker.plan.routes["pay"].redactor.fields(SECRET)
    assert before == process._worker.plan.routes["pay"].redactor.fields(SECRET)
    folder.unlink()
    folder.mkdir()
    await until(lambda: process._agreed)
    store = LedgerStore(f"sqlite:///{folder}/l.db", 1, 1.0)
    agreed = Redactor(await asyncio.to_thread(store.redaction_key)).fields(SECRET)
    assert process._worker.plan.routes["pay"].redactor.fields(SECRET) == agreed != before
    store.close()
    running.cancel()
    await asyncio.wait([running])
    await process.close()


async def test_what_cannot_be_put_in_force_ends_the_worker_and_is_not_kept_quiet(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    text = (
        f"ledger: sqlite:///{tmp_path}/l.db\nshadow: {{socket: {tmp_path}/s, log: {{path: {tmp_path}/d}}}}\n"
    )
    secure = "  secure: {url: 'https://127.0.0.1:1', tls: {ca: /nowhere}}\n"
    link = await Link.open(ours)
    link.send(Apply(snapshot(text)))
    link.send(Apply(snapshot(secure + text)))
    with pytest.raises(FileNotFoundError):
        await shadow_process._main(theirs.detach())
    await link.close()
