"""What a route's condition looks at, and the condition itself."""

from dataclasses import dataclass
from typing import TypeAlias

from proxy.routing.php import Value
from proxy.routing.request import Body, Request
from proxy.routing.values import Matcher
from proxy.routing.variable import Variable

Reading: TypeAlias = Value | Body | None
"""A value, None when it is not there, or why nobody can know."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header, by its lower-case name."""

    name: bytes

    def read(self, request: Request) -> Reading:
        return request.header(self.name)

    def __str__(self) -> str:
        return f"header {self.name.decode('latin-1')}"


@dataclass(frozen=True, slots=True)
class Query:
    """A variable of the query string."""

    variable: Variable

    def read(self, request: Request) -> Reading:
        return self.variable.find(request.query(self.variable.php))

    def __str__(self) -> str:
        return f"query {self.variable.name}"


@dataclass(frozen=True, slots=True)
class Form:
    """A variable of an urlencoded form body."""

    variable: Variable

    def read(self, request: Request) -> Reading:
        values = request.form(self.variable.php)
        return values if isinstance(values, Body) else self.variable.find(values)

    def __str__(self) -> str:
        return f"form {self.variable.name}"


Subject: TypeAlias = Header | Query | Form


@dataclass(frozen=True, slots=True)
class Condition:
    """A subject and what its value must be."""

    subject: Subject
    matcher: Matcher

    def holds(self, request: Request) -> bool:
        """Whether it is known to be met: a form that is unread or too large meets nothing."""
        reading = self.subject.read(request)
        return not isinstance(reading, Body) and self.matcher.accepts(reading)
