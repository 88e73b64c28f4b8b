"""The gateway's tables, as far as this service uses them; demo/legacy/schema.sql is the original."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, Table, Text

metadata = MetaData()

merchants = Table(
    "merchants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("settings", Text, nullable=False, server_default="{}"),
    Column("api_key_sha256", Text, nullable=False, unique=True),
    Column("created_at", Text, nullable=False),
)

rates = Table(
    "rates",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("percent", Float, nullable=False),
    Column("fixed", Text, nullable=False),
    Column("decimals", Integer, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Text, ForeignKey("merchants.id"), nullable=False),
    Column("brand", Text, nullable=False),
    Column("bin", Text, nullable=False),
    Column("last4", Text, nullable=False),
    Column("expiry_month", Text, nullable=False),
    Column("expiry_year", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("merchant_id", Text, ForeignKey("merchants.id"), nullable=False),
    Column("token_id", Text, ForeignKey("tokens.id")),
    Column("reference", Text, nullable=False),
    Column("amount", Text, nullable=False),
    Column("currency", Text, ForeignKey("rates.currency"), nullable=False),
    Column("fee", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("installments", Integer, nullable=False, server_default="1"),
    Column("description", Text, nullable=False, server_default=""),
    Column("metadata", Text, nullable=False, server_default="{}"),
    Column("threeds_id", Text, unique=True),
    Column("failure", Text),
    Column("created_at", Text, nullable=False),
    Column("captured_at", Text),
    Index("payments_by_merchant", "merchant_id", "created_at"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment_id", Text, ForeignKey("payments.id"), nullable=False),
    Column("amount", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Index("refunds_by_payment", "payment_id"),
)
