"""The tables. A change here needs a migration beside it; a test holds the two together."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

from proxy.ledger.columns import Body, Digest, Instant, Name, Serial

metadata = MetaData()

VERSION_TABLE = "banyan_schema"
"""Where Alembic keeps which migrations were made."""

_Word = String(20)
"""One of a few words that the code knows."""


def _table(name: str, *items: Column[Any] | Index) -> Table:
    """On MySQL with a binary collation, for ids that differ in case are two."""
    options: dict[str, Any] = {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}
    on_mysql = {
        f"{dialect}_{key}": value for dialect in ("mysql", "mariadb") for key, value in options.items()
    }
    return Table(f"banyan_{name}", metadata, *items, **on_mysql)


version = _table(
    "version",
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
)
"""One row, whose lock puts all flips into one order: a version is visible only after all lower ones are."""

overrides = _table(
    "overrides",
    Column("route", Name, primary_key=True),
    Column("stage", _Word),
    Column("weight", Integer),
    Column("previous_stage", _Word),
    Column("previous_weight", Integer),
    Column("intent", Digest, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("since", Instant, nullable=False),
    Index("banyan_overrides_by_version", "version"),
)
"""One row a route that was ever flipped. No stage: the override was dropped, and the file is in force."""

audit = _table(
    "audit",
    Column("id", Serial, primary_key=True),
    Column("time", Instant, nullable=False),
    Column("actor", Name, nullable=False),
    Column("source", _Word, nullable=False),
    Column("route", Name, nullable=False),
    Column("action", _Word, nullable=False),
    Column("was", Name, nullable=False),
    Column("became", Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("version", BigInteger),
    Index("banyan_audit_by_route", "route", "id"),
)
"""Who changed what, when and why. Nothing in the code changes or deletes a row."""

ramps = _table(
    "ramps",
    Column("route", Name, primary_key=True),
    Column("state", _Word, nullable=False),
    Column("step", Integer, nullable=False),
    Column("trial", Integer, nullable=False),
    Column("started", Instant, nullable=False),
    Column("step_started", Instant, nullable=False),
    Column("before_from", Instant),
    Column("before_until", Instant),
    Column("reason", Text, nullable=False),
    Column("verdicts", Body, nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""The last ramp of each route; its version is that of the override it wrote last."""

samples = _table(
    "samples",
    Column("route", Name, primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Name, primary_key=True),
    Column("legacy_requests", Integer, nullable=False),
    Column("legacy_errors", Integer, nullable=False),
    Column("legacy_latency", Body, nullable=False),
    Column("modern_requests", Integer, nullable=False),
    Column("modern_errors", Integer, nullable=False),
    Column("modern_latency", Body, nullable=False),
    Column("compared", Integer, nullable=False),
    Column("mismatches", Integer, nullable=False),
    Index("banyan_samples_by_slot", "slot"),
)
"""What one process saw of a route in one slot of time. Latencies are JSON: bucket → count."""

leases = _table(
    "leases",
    Column("name", Name, primary_key=True),
    Column("holder", Name, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires", Instant, nullable=False),
)
"""Who may do what only one may do. The token grows with every holder."""

replicas = _table(
    "replicas",
    Column("id", Name, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("detail", Text, nullable=False),
)
"""The data planes, and up to which version each has applied the overrides. Detail is JSON."""

outbox = _table(
    "outbox",
    Column("id", Name, primary_key=True),
    Column("time", Instant, nullable=False),
    Column("url", Text, nullable=False),
    Column("type", Name, nullable=False),
    Column("data", Body, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Index("banyan_outbox_by_due", "due"),
)
"""Webhooks that are still to be sent, written by the transaction of what they tell. Data is JSON."""

diff_groups = _table(
    "diff_groups",
    Column("signature", Digest, primary_key=True),
    Column("route", Name, nullable=False),
    Column("severity", _Word, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("differences", Body, nullable=False),
    Column("verdict", _Word),
    Column("note", Text),
    Column("until", Instant),
    Column("triaged_by", Name),
    Column("triaged_at", Instant),
    Index("banyan_diff_groups_by_route", "route", "last_seen"),
    Index("banyan_diff_groups_by_time", "last_seen"),
)
"""One bug is one group. Differences are JSON, redacted; the verdict is people's."""

diff_samples = _table(
    "diff_samples",
    Column("id", Name, primary_key=True),
    Column("signature", Digest, nullable=False),
    Column("time", Instant, nullable=False),
    Column("body", Body, nullable=False),
    Index("banyan_diff_samples_by_signature", "signature", "time"),
)
"""The last exchanges that showed a group: the line of the diff log, redacted before it came here."""

noise = _table(
    "noise",
    Column("route", Name, primary_key=True),
    Column("path_digest", Digest, primary_key=True),
    Column("path", Text, nullable=False),
    Column("differed", BigInteger, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("ruling", _Word),
    Column("mirrored", BigInteger, nullable=False, server_default="0"),
)
"""In how many pairs of answers of the same side a path differed, and in how many of both sides (`mirrored`);
at the empty path, how many pairs there were."""

settings = _table(
    "settings",
    Column("name", Name, primary_key=True),
    Column("value", Body, nullable=False),
)
"""What all replicas must agree on, such as the key that redacted values are hashed with."""
