"""What one route asks of a request, and how specific that is."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from proxy.routing.hosts import host_rank
from proxy.routing.subjects import Condition, Form, Header
from proxy.routing.template import Kind, Template


class Rank(NamedTuple):
    """Gateway API's order of precedence as a sort key: less wins.

    Of two templates that fit the same path, the one with the lesser kinds is the more specific, segment by
    segment.
    """

    host: tuple[int, int]
    path: tuple[Kind, ...]
    method: int
    headers: int
    variables: int


@dataclass(frozen=True)
class Pattern:
    """The `match` of a route. No methods is any method, no host (see `parse_host`) any host.

    GET does not include HEAD: each method is its own, as in Gateway API.
    """

    template: Template
    methods: frozenset[bytes] = frozenset()
    host: bytes | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        for subject, count in Counter(condition.subject for condition in self.conditions).items():
            if count > 1:
                raise ValueError(f"{subject} is asked for more than once")

    @cached_property
    def rank(self) -> Rank:
        """Exact host over wildcard over none, then the path, then a method, more headers, more variables."""
        headers = sum(isinstance(condition.subject, Header) for condition in self.conditions)
        return Rank(
            host_rank(self.host),
            tuple(segment.kind for segment in self.template.segments),
            0 if self.methods else 1,
            -headers,
            headers - len(self.conditions),
        )

    @property
    def form_dialect(self) -> bool | None:
        """Whether its form is read as PHP reads it; None when it looks at no form."""
        for condition in self.conditions:
            if isinstance(condition.subject, Form):
                return condition.subject.variable.php
        return None
