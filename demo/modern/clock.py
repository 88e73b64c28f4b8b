"""The database keeps Berlin time without an offset, as the gateway always has."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .settings import settings

BERLIN = ZoneInfo("Europe/Berlin")


def now() -> datetime:
    """The current instant, or the one that DEMO_NOW names."""
    fixed = settings().now
    return datetime.fromisoformat(fixed) if fixed else datetime.now(UTC)


def stored(instant: datetime) -> str:
    """`2026-02-03 11:22:33`, the form of every time column."""
    return instant.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
