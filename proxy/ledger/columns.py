"""Column types that mean the same in SQLite, PostgreSQL and MySQL, and the database's own clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

NAME = 200
"""The longest name in characters: two of them, at four bytes each, still fit an index of MySQL."""

Name = String(NAME)
"""An id. Tables have a binary collation on MySQL, so that ids that differ in case are two."""

Digest = String(64)
"""A hash in hexadecimal."""

Body = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")
"""Text of any length; TEXT of MySQL ends at 64 KiB."""

Serial = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up; SQLite does so for INTEGER alone."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Instant(TypeDecorator[datetime]):
    """An instant as milliseconds since 1970, UTC: no driver's zone or column's precision interferes."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + int(value) * _MILLISECOND


class now(FunctionElement[int]):
    """The database's clock in milliseconds: one clock for all machines, so that theirs may differ."""

    type = BigInteger()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(element: now, compiler: Any, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(now, "postgresql")
def _postgresql_now(element: now, compiler: Any, **_: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


@compiles(now, "mysql", "mariadb")
def _mysql_now(element: now, compiler: Any, **_: Any) -> str:
    return "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"


def milliseconds(span: timedelta) -> int:
    """A span as the difference of two instants in SQL."""
    return span // _MILLISECOND
