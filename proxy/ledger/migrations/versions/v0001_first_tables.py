"""The first tables."""

import sqlalchemy as sa
from alembic import op

from proxy.ledger.columns import Body, Digest, Instant, Name, Serial
from proxy.ledger.migrations.making import index, table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Word = sa.String(20)


def upgrade() -> None:
    table(
        "version",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    table(
        "overrides",
        sa.Column("route", Name, primary_key=True),
        sa.Column("stage", _Word),
        sa.Column("weight", sa.Integer),
        sa.Column("previous_stage", _Word),
        sa.Column("previous_weight", sa.Integer),
        sa.Column("intent", Digest, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("since", Instant, nullable=False),
    )
    index("overrides", "banyan_overrides_by_version", "version")
    table(
        "audit",
        sa.Column("id", Serial, primary_key=True),
        sa.Column("time", Instant, nullable=False),
        sa.Column("actor", Name, nullable=False),
        sa.Column("source", _Word, nullable=False),
        sa.Column("route", Name, nullable=False),
        sa.Column("action", _Word, nullable=False),
        sa.Column("was", Name, nullable=False),
        sa.Column("became", Name, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger),
    )
    index("audit", "banyan_audit_by_route", "route", "id")
    table(
        "ramps",
        sa.Column("route", Name, primary_key=True),
        sa.Column("state", _Word, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("trial", sa.Integer, nullable=False),
        sa.Column("started", Instant, nullable=False),
        sa.Column("step_started", Instant, nullable=False),
        sa.Column("before_from", Instant),
        sa.Column("before_until", Instant),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("verdicts", Body, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    table(
        "samples",
        sa.Column("route", Name, primary_key=True),
        sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", Name, primary_key=True),
        sa.Column("legacy_requests", sa.Integer, nullable=False),
        sa.Column("legacy_errors", sa.Integer, nullable=False),
        sa.Column("legacy_latency", Body, nullable=False),
        sa.Column("modern_requests", sa.Integer, nullable=False),
        sa.Column("modern_errors", sa.Integer, nullable=False),
        sa.Column("modern_latency", Body, nullable=False),
        sa.Column("compared", sa.Integer, nullable=False),
        sa.Column("mismatches", sa.Integer, nullable=False),
    )
    index("samples", "banyan_samples_by_slot", "slot")
    table(
        "leases",
        sa.Column("name", Name, primary_key=True),
        sa.Column("holder", Name, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("expires", Instant, nullable=False),
    )
    table(
        "replicas",
        sa.Column("id", Name, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("seen", Instant, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    table(
        "diff_groups",
        sa.Column("signature", Digest, primary_key=True),
        sa.Column("route", Name, nullable=False),
        sa.Column("severity", _Word, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("first_seen", Instant, nullable=False),
        sa.Column("last_seen", Instant, nullable=False),
        sa.Column("differences", Body, nullable=False),
        sa.Column("verdict", _Word),
        sa.Column("note", sa.Text),
        sa.Column("until", Instant),
        sa.Column("triaged_by", Name),
        sa.Column("triaged_at", Instant),
    )
    index("diff_groups", "banyan_diff_groups_by_route", "route", "last_seen")
    index("diff_groups", "banyan_diff_groups_by_time", "last_seen")
    table(
        "diff_samples",
        sa.Column("id", Name, primary_key=True),
        sa.Column("signature", Digest, nullable=False),
        sa.Column("time", Instant, nullable=False),
        sa.Column("body", Body, nullable=False),
    )
    index("diff_samples", "banyan_diff_samples_by_signature", "signature", "time")
    table(
        "noise",
        sa.Column("route", Name, primary_key=True),
        sa.Column("path_digest", Digest, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("differed", sa.BigInteger, nullable=False),
        sa.Column("seen", Instant, nullable=False),
        sa.Column("ruling", _Word),
    )
    table(
        "settings",
        sa.Column("name", Name, primary_key=True),
        sa.Column("value", Body, nullable=False),
    )
    _first_version()


def _first_version() -> None:
    version = sa.table("banyan_version", sa.column("id", sa.Integer), sa.column("version", sa.BigInteger))
    if op.get_bind().execute(sa.select(version)).first() is None:
        op.execute(version.insert().values(id=1, version=0))
