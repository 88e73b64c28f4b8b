"""Webhooks that are still to be sent."""

import sqlalchemy as sa

from proxy.ledger.columns import Body, Instant, Name
from proxy.ledger.migrations.making import index, table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table(
        "outbox",
        sa.Column("id", Name, primary_key=True),
        sa.Column("time", Instant, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("type", Name, nullable=False),
        sa.Column("data", Body, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due", Instant, nullable=False),
    )
    index("outbox", "banyan_outbox_by_due", "due")
