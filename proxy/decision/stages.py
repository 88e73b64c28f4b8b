"""Where a route stands, and the two sides it stands between."""

from enum import StrEnum


class Side(StrEnum):
    """Who answers."""

    LEGACY = "legacy"
    MODERN = "modern"


class Stage(StrEnum):
    """How far a route has moved from legacy to modern."""

    LEGACY = "legacy"
    SHADOW = "shadow"
    CANARY = "canary"
    MODERN = "modern"
