"""How often a path differs between the sides, beside how often on one side alone."""

import sqlalchemy as sa

from proxy.ledger.migrations.making import column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column("noise", sa.Column("mirrored", sa.BigInteger, nullable=False, server_default="0"))
