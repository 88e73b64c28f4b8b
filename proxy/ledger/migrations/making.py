"""Tables and indexes as migrations make them.

MySQL keeps each statement at once: a migration that broke off is gone on with, not begun again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op


def table(name: str, *columns: sa.Column[Any]) -> None:
    """On MySQL with a binary collation, for ids that differ in case are two. Left alone where it is there."""
    if sa.inspect(op.get_bind()).has_table(f"banyan_{name}"):
        return
    options: dict[str, Any] = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
    on_mysql = {
        f"{dialect}_{key}": value for dialect in ("mysql", "mariadb") for key, value in options.items()
    }
    op.create_table(f"banyan_{name}", *columns, **on_mysql)


def index(of_table: str, name: str, *columns: str) -> None:
    """Left alone where it is there."""
    known = {found["name"] for found in sa.inspect(op.get_bind()).get_indexes(f"banyan_{of_table}")}
    if name not in known:
        op.create_index(name, f"banyan_{of_table}", list(columns))


def column(of_table: str, made: sa.Column[Any]) -> None:
    """Left alone where it is there."""
    known = {found["name"] for found in sa.inspect(op.get_bind()).get_columns(f"banyan_{of_table}")}
    if made.name not in known:
        op.add_column(f"banyan_{of_table}", made)
