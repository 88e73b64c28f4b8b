"""Insert or change in one statement, which every database spells in its own way."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite

from proxy.ledger.columns import now


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    replace: Sequence[str] = (),
    add: Sequence[str] = (),
    clock: Sequence[str] = (),
) -> None:
    """Inserts rows; where a key is there already, changes its row, or leaves it if nothing is named.

    Columns of `replace` take the new value, those of `add` grow by it, and those of `clock` are set to the
    database's time, in new rows too.
    """
    if not rows:
        return
    statement = _insert(connection.dialect.name, table, replace, add, clock)
    if clock:
        statement = statement.values({name: now() for name in clock})
    connection.execute(statement, rows)


def _insert(
    dialect: str, table: Table, replace: Sequence[str], add: Sequence[str], clock: Sequence[str]
) -> Insert:
    def changes(new: Any) -> dict[str, Any]:
        # MySQL has no way to leave a row alone but to set a column to itself.
        key = next(iter(table.primary_key)).name
        changed = {name: new[name] for name in (*replace, *clock)}
        changed |= {name: table.c[name] + new[name] for name in add}
        return changed or {key: table.c[key]}

    match dialect:
        case "sqlite":
            into_sqlite = sqlite.insert(table)
            return into_sqlite.on_conflict_do_update(
                index_elements=list(table.primary_key), set_=changes(into_sqlite.excluded)
            )
        case "postgresql":
            into_postgresql = postgresql.insert(table)
            return into_postgresql.on_conflict_do_update(
                index_elements=list(table.primary_key), set_=changes(into_postgresql.excluded)
            )
        case _:
            into_mysql = mysql.insert(table)
            return into_mysql.on_duplicate_key_update(changes(into_mysql.inserted))
