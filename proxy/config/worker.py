"""`shadow` at the top level: the shadow worker, its queue, its log and its groups."""

from typing import Literal

from proxy.config.base import Section
from proxy.config.units import DAY, MIB, Size, Timeout
from proxy.config.values import OneOrMore, Positive, Text

LoggedVerdict = Literal["match", "noise", "mismatch", "inconclusive", "failed", "skipped", "all"]


class DiffLog(Section):
    """The diff log, JSON lines."""

    path: Text = "var/diffs.jsonl"
    """File of the log."""
    verdicts: OneOrMore[LoggedVerdict] = ("mismatch", "inconclusive", "failed")
    """Which exchanges are logged; `all` = every one."""
    rotate: Size = 100 * MIB
    """Size at which a new file is begun."""
    keep: Timeout = 14 * DAY
    """Age at which an old file is deleted."""


class Queue(Section):
    """What may wait for the worker; beyond it exchanges are dropped and counted."""

    exchanges: Positive = 2000
    """Exchanges waiting."""
    bytes: Size = 64 * MIB
    """Bytes of the exchanges waiting."""


class Groups(Section):
    """Groups of equal differences, in the ledger."""

    samples: Positive = 20
    """Sample exchanges kept of each group."""
    keep: Timeout = 90 * DAY
    """Age after which a group that is not seen again is deleted."""


class ShadowWorker(Section):
    """The process that replays exchanges and compares."""

    socket: Text = "var/shadow.sock"
    """Unix socket on which it receives exchanges."""
    log: DiffLog = DiffLog()
    """The diff log."""
    queue: Queue = Queue()
    """What may wait for the worker."""
    concurrency: Positive = 32
    """Replays under way at once."""
    groups: Groups = Groups()
    """Groups of equal differences."""
