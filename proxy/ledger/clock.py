"""What time it is: by the database's clock, which is one for all machines."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from proxy.ledger.columns import EPOCH, now


def present(connection: Connection) -> datetime:
    """Now, to the millisecond, in UTC."""
    return EPOCH + timedelta(milliseconds=int(connection.execute(select(now())).scalar_one()))
