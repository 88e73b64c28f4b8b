"""Leases: one process at a time may do a thing, judged by the database's clock alone.

A holder that was paused and comes back may think that it still holds its lease. So it checks that in the
very transaction that changes something: `hold` locks the lease's row, and fails unless the token is still
the holder's.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, select, update

from proxy.ledger.columns import EPOCH, milliseconds, now
from proxy.ledger.schema import leases
from proxy.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was got. The token is higher than every earlier holder's."""

    name: str
    holder: str
    token: int


class LeaseLost(Exception):
    """The lease ran out, or is somebody else's by now."""


def acquire(connection: Connection, name: str, holder: str, span: timedelta) -> Lease | None:
    """The lease for a span of time from now, or None while it is held, also by the one who asks."""
    upsert(connection, leases, [{"name": name, "holder": "", "token": 0, "expires": EPOCH}])
    taken = (
        update(leases)
        .where(leases.c.name == name, leases.c.expires <= now())
        .values(holder=holder, token=leases.c.token + 1, expires=now() + milliseconds(span))
    )
    if connection.execute(taken).rowcount == 0:
        return None
    token = connection.execute(select(leases.c.token).where(leases.c.name == name)).scalar_one()
    return Lease(name, holder, token)


def renew(connection: Connection, lease: Lease, span: timedelta) -> None:
    """Makes a lease last for a span of time from now. Raises LeaseLost; a lease that ran out stays lost."""
    hold(connection, lease)
    renewed = update(leases).where(leases.c.name == lease.name)
    connection.execute(renewed.values(expires=now() + milliseconds(span)))


def release(connection: Connection, lease: Lease) -> None:
    """Lets the next one have it at once. A lease that was lost meanwhile is left alone."""
    mine = update(leases).where(leases.c.name == lease.name, leases.c.token == lease.token)
    connection.execute(mine.values(expires=EPOCH))


def hold(connection: Connection, lease: Lease) -> None:
    """Makes sure that the lease is held until the end of this transaction. Raises LeaseLost."""
    mine = (
        select(leases.c.token)
        .where(leases.c.name == lease.name, leases.c.token == lease.token, leases.c.expires > now())
        .with_for_update()
    )
    if connection.execute(mine).first() is None:
        raise LeaseLost(f"the lease `{lease.name}` is no longer held by {lease.holder}")
