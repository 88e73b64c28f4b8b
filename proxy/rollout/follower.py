"""Follows the ledger for a data plane, in a thread of its own: whatever the ledger does, nobody else waits.

The thread tells what it learns; what becomes of it is decided elsewhere, by the one who is told.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from proxy.ledger import Ledger, LedgerUnavailable, file_trail, migrate, overrides, replicas, samples
from proxy.ledger.audit import Author, Source
from proxy.ledger.clock import present
from proxy.ledger.migrate import LedgerTooNew
from proxy.ledger.overrides import Override
from proxy.ledger.positions import Intent
from proxy.ramp.evidence import Sample
from proxy.rollout.passage import Passage
from proxy.rollout.view import Took

NEARBY = 0.3
"""Seconds between two looks into a file."""
DISTANT = 2.0
"""Seconds between two looks into a server, for when no hint comes."""
SIGN_OF_LIFE = 2.0
"""Seconds between two reports to the ledger at most."""
KEPT = 4096
"""Samples that are kept for a ledger that is away; beyond that the oldest are dropped."""

_FILE = Author("routes.yaml", Source.FILE, "the route's stage, weight or ramp changed in the file")


@dataclass(frozen=True, slots=True)
class News:
    """What was learned from one look: the overrides that changed, up to a version; or why nothing was."""

    version: int
    rows: Sequence[Override] = ()
    trouble: str | None = None
    took: Took | None = None
    """Once the ledger knows that a version is served here."""
    at: datetime | None = None
    """When it was looked at, by the ledger's clock."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How a data plane is known in the ledger. A restart keeps the id, so that nobody waits for the dead."""

    replica: str
    detail: Mapping[str, str] = field(default_factory=dict)


class Follower:
    """Polls, and looks at once when woken. Methods may be called from any thread and never block."""

    def __init__(
        self,
        url: str,
        identity: Identity,
        tell: Callable[[News], None],
        served: Callable[[int], None],
        clock: Callable[[], float],
    ):
        """`tell` and `served` are called from the follower's thread, the latter once the ledger knows that a
        version is served here; `clock` counts seconds. Raises BadLedgerUrl."""
        self._url = url
        self._ledger = Ledger.open(url)
        self._is_file = self._ledger.engine.dialect.name == "sqlite"
        self._identity = identity
        self._tell = tell
        self._served = served
        self._clock = clock
        self._period = NEARBY if self._is_file else DISTANT
        self._wake = threading.Event()
        self._look_due = clock()
        self._passage = Passage(clock)
        self._ending = False
        self._ready = False
        self._version = 0
        self._setback: str | None = None
        self._failure: str | None = None
        self._confirmed = 0
        self._reported = (-1, 0.0)
        self._intents: Mapping[str, Intent] | None = None
        self._samples: deque[tuple[str, Sample]] = deque(maxlen=KEPT)
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def start(self, intents: Mapping[str, Intent]) -> None:
        """Begin, with what the file says now."""
        self._intents = intents
        self._thread.start()

    def wake(self, version: int = 0) -> None:
        """The ledger is at a version, or at one that is not known: look now, unless that is known here."""
        if version and version == self._version:
            return
        self._passage.hint()
        self._wake.set()

    def follow_file(self, intents: Mapping[str, Intent]) -> None:
        """The file changed: have the ledger drop the overrides that fall by that, and audit it."""
        self._intents = intents
        self._wake.set()

    def confirm(self, version: int) -> None:
        """Every worker serves by this version."""
        if version != self._confirmed:
            self._confirmed = version
            self._passage.apply()
            self._wake.set()

    def keep(self, seen: Sequence[tuple[str, Sample]]) -> None:
        """Samples for the gates, each with its route."""
        self._samples.extend(seen)
        self._wake.set()

    def close(self, patience: float) -> None:
        """Say goodbye, if the ledger lets us within so many seconds."""
        self._ending = True
        self._wake.set()
        self._thread.join(patience)

    # -- the thread

    def _run(self) -> None:
        while not self._ending:
            try:
                self._turn()
                self._recover()
            except (LedgerUnavailable, LedgerTooNew) as error:
                self._fail(str(error))
            except Exception as error:  # a defect; but flips must go on once it does not strike
                self._fail(f"{type(error).__name__}: {error}")
            self._wake.wait(max(self._look_due - self._clock(), 0))
            self._wake.clear()
        self._leave()

    def _fail(self, trouble: str) -> None:
        self._failure = trouble
        self._tell(News(self._version, trouble=trouble))
        self._look_due = self._clock() + self._period

    def _recover(self) -> None:
        """A whole turn was made: a ledger that can be read and not written, say, is not back yet."""
        if self._failure is not None:
            self._failure = None
            self._tell(News(self._version, trouble=self._setback))

    @property
    def _trouble(self) -> str | None:
        return self._failure or self._setback

    def _turn(self) -> None:
        if self._is_file and not self._ready:
            migrate.upgrade(self._url)
        self._ready = True
        self._follow_file()
        if self._passage.is_hinted or self._clock() >= self._look_due:
            self._look()
        self._report()
        self._write_samples()

    def _follow_file(self) -> None:
        intents = self._intents
        if intents is None:
            return
        self._ledger.write(lambda connection: file_trail.follow(connection, _FILE, intents))
        if self._intents is intents:
            self._intents = None

    def _look(self) -> None:
        hinted, self._look_due = self._passage.begin(), self._clock() + self._period
        (version, rows), now = self._ledger.read(
            lambda connection: (overrides.changed_since(connection, self._version), present(connection))
        )
        self._setback = self._setback or _setback(self._version, version)
        if version > self._version and self._reported[0] >= 0:  # what was in force at the start is no flip
            self._passage.read(hinted)
        self._version = max(version, self._version)
        self._tell(News(self._version, rows, self._trouble, at=now))

    def _report(self) -> None:
        version, at = self._reported
        confirmed, now = self._confirmed, self._clock()
        if confirmed == version and now - at < SIGN_OF_LIFE:
            return
        replica, detail = self._identity.replica, self._identity.detail
        self._ledger.write(lambda connection: replicas.report(connection, replica, confirmed, detail))
        self._reported = (confirmed, now)
        if confirmed not in (0, version):
            self._tell(News(self._version, trouble=self._trouble, took=self._passage.report()))
            self._served(confirmed)

    def _write_samples(self) -> None:
        due = [self._samples.popleft() for _ in range(len(self._samples))]
        if not due:
            return
        try:
            self._ledger.write(lambda connection: samples.write(connection, due))
        except LedgerUnavailable:
            self._samples.extendleft(reversed(due))  # what was written after all is not counted twice
            raise

    def _leave(self) -> None:
        with suppress(LedgerUnavailable):  # it will find out by our silence
            self._write_samples()
            self._ledger.write(lambda connection: replicas.leave(connection, self._identity.replica))
        self._ledger.close()


def _setback(known: int, found: int) -> str | None:
    """What to say, from then on, of a ledger that is older than what was read of it."""
    if found >= known:
        return None
    return (
        f"the ledger went back from version {known} to {found}, as after a restored backup; what is in force "
        "here stays, and new flips come; restart this replica to go by what the ledger says"
    )
