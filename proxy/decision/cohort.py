"""Who sees modern, or legacy, whatever their bucket."""

from dataclasses import dataclass
from typing import TypeAlias

from proxy.decision.sticky import Params, Source
from proxy.routing.head import Head

Members: TypeAlias = tuple[tuple[Source, frozenset[bytes]], ...]
"""For each source the values that belong to the cohort; one that fits is enough."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who is always served by modern in a canary, and who never is."""

    always: Members = ()
    never: Members = ()


def belongs(members: Members, head: Head, params: Params) -> bool:
    """Whether a request is one of these."""
    return any(source.read(head, params) in values for source, values in members)
