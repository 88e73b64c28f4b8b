"""The ledger's migrations, as Alembic wants them. `proxy.ledger.migrate` runs them."""
