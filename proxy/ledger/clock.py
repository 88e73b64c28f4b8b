"""What time it is: by the database's clock, which is one for all machines."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from proxy.ledger.columns import EPOCH, now


def present(connection: Connection) -> datetime:
    """Now, to the millisecond, in UTC."""
    return EPOCH + timedelta(milliseconds=int(connection.execute(select(now())).scalar_one()))


class LedgerTime:
    """The same between two looks into the ledger: a machine's own clock may be wrong, or be put right."""

    def __init__(self, seconds: Callable[[], float], guess: float) -> None:
        """`seconds` counts evenly; `guess` is the time since 1970 until the ledger has said what it is."""
        self._seconds = seconds
        self._zero = guess - seconds()

    def set(self, present: datetime) -> None:
        """What the ledger says."""
        self._zero = present.timestamp() - self._seconds()

    def now(self) -> float:
        """Seconds since 1970."""
        return self._zero + self._seconds()
