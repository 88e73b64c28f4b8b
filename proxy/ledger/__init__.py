"""The ledger: what must not be lost, in SQL. SQLite by default; PostgreSQL and MySQL or MariaDB by the same
code.

`Ledger.read` and `Ledger.write` run a function over a connection, in one transaction. The functions they
run live here, a module to a concept, and take the connection first. All of it blocks: call it from a thread
(`asyncio.to_thread`).
"""

from proxy.ledger.engine import BadLedgerUrl
from proxy.ledger.ledger import Ledger, LedgerUnavailable

__all__ = ["BadLedgerUrl", "Ledger", "LedgerUnavailable"]
