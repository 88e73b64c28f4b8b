"""The ledger as the shadow worker's store: groups, samples and noise in the ledger's own terms."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable, diffs, noise, settings
from proxy.ledger.migrate import LedgerTooNew, opened
from proxy.ledger.noise import RouteNoise, Ruling
from shadow.groups import Sighting
from shadow.noise import Known, Seen
from shadow.recorder import StoreDown
from shadow.redact.text import TextRedactor

WINDOW = 1000
"""Pairs of answers that noise is judged by; of twice as many, the older half is forgotten."""

_KEY = "redaction-key"

_redacted = TextRedactor(secrets.token_bytes(32))
_T = TypeVar("_T")


class LedgerStore:
    """Opens the ledger when it is first needed and there."""

    def __init__(self, url: str, samples: int, keep: float) -> None:
        self._url = url
        self._samples = samples
        self._keep = timedelta(seconds=keep)
        self._ledger: Ledger | None = None
        self._opening = threading.Lock()

    def record(self, sightings: Sequence[Sighting], learned: Mapping[str, Seen]) -> None:
        """Add up groups and noise, in one transaction."""
        self._do(lambda ledger: ledger.write(partial(_record, sightings, learned, self._samples)))

    def known(self) -> Mapping[str, Known]:
        """All noise, by route."""
        found = self._do(lambda ledger: ledger.read(noise.load))
        return {route: _known(of) for route, of in found.items()}

    def tidy(self) -> None:
        """Forget what was not seen for long."""
        now = datetime.now(UTC)

        def work(connection: Connection) -> None:
            diffs.prune(connection, now - self._keep)
            noise.expire(connection, now - noise.KEEP)
            noise.halve(connection, 2 * WINDOW)

        self._do(lambda ledger: ledger.write(work))

    def redaction_key(self) -> bytes:
        """The key that all workers hash secrets with, so that equal ones look equal."""
        proposal = secrets.token_hex(32)
        return bytes.fromhex(self._do(lambda led: led.write(lambda con: settings.agree(con, _KEY, proposal))))

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()

    def _do(self, work: Callable[[Ledger], _T]) -> _T:
        try:
            return work(self._opened())
        except (LedgerUnavailable, LedgerTooNew, BadLedgerUrl) as error:
            raise StoreDown(str(error)) from error

    def _opened(self) -> Ledger:
        with self._opening:
            if self._ledger is None:
                self._ledger = opened(self._url)
            return self._ledger


def _record(
    sightings: Sequence[Sighting], learned: Mapping[str, Seen], samples: int, connection: Connection
) -> None:
    if sightings:
        diffs.record(connection, [_seen(sighting) for sighting in sightings], samples)
    for route, seen in sorted(learned.items()):
        if seen.pairs:
            noise.learn(connection, route, seen.pairs, _storable(seen.differed))
        noise.compare(connection, route, seen.mirrored, seen.diverged)


def _storable(paths: Mapping[str, int]) -> dict[str, int]:
    """Without the paths that name a secret: a member can be called after a card."""
    return {path: count for path, count in paths.items() if _redacted(path) == path}


def _seen(sighting: Sighting) -> diffs.Seen:
    return diffs.Seen(
        signature=sighting.signature,
        route=sighting.route,
        severity=sighting.severity,
        count=sighting.count,
        first=sighting.first,
        last=sighting.last,
        differences=sighting.differences,
        exchanges=[diffs.Exchange(one.id, one.time, one.body) for one in sighting.samples],
    )


def _known(of: RouteNoise) -> Known:
    return Known(
        Seen(
            of.pairs,
            Counter({path.path: path.differed for path in of.paths}),
            of.mirrored,
            Counter({path.path: path.mirrored for path in of.paths}),
        ),
        frozenset(path.path for path in of.paths if path.ruling is Ruling.PINNED),
        frozenset(path.path for path in of.paths if path.ruling is Ruling.FORBIDDEN),
    )
