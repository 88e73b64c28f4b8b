"""Settings come from the environment, under the names that the PHP gateway uses too."""

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Settings:
    """`database` is an SQLAlchemy url; `now` stops the clock (ISO 8601), None lets it run."""

    database: str
    seed: Path
    now: str | None
    vault_key: bytes


def settings() -> Settings:
    """DEMO_DATABASE_URL names any database; without it DEMO_DB is the SQLite file shared with the gateway."""
    shared = os.environ.get("DEMO_DB") or str(HERE.parent / "legacy" / "var" / "payments.db")
    return Settings(
        database=os.environ.get("DEMO_DATABASE_URL") or f"sqlite:///{shared}",
        seed=Path(os.environ.get("DEMO_SEED") or HERE.parent / "seed.json"),
        now=os.environ.get("DEMO_NOW") or None,
        vault_key=os.environ.get("DEMO_VAULT_KEY", "demo-vault-key").encode(),
    )
