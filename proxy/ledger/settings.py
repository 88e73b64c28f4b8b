"""What all replicas must agree on: the first to write it decides for all."""

from sqlalchemy import Connection, select

from proxy.ledger.schema import settings
from proxy.ledger.upsert import upsert


def agree(connection: Connection, name: str, proposal: str) -> str:
    """The value that everybody goes by: what is there already, or else the proposal."""
    upsert(connection, settings, [{"name": name, "value": proposal}])
    return str(connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar_one())


def put(connection: Connection, name: str, value: str) -> None:
    """Sets a value for everybody."""
    upsert(connection, settings, [{"name": name, "value": value}], replace=["value"])
