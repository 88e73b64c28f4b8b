"""The contest for one request: every route whose path fits, and why it won or lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias

from proxy.routing.entry import Entry, R
from proxy.routing.head import Head
from proxy.routing.hosts import host_fits
from proxy.routing.pattern import Pattern
from proxy.routing.php import PhpArray
from proxy.routing.request import Body, Request
from proxy.routing.subjects import Condition, Reading
from proxy.routing.table import Table
from proxy.routing.template import Kind
from proxy.routing.values import as_text


@dataclass(frozen=True, slots=True)
class HostDiffers:
    """The route is for another host; `host` is empty when the request names none."""

    host: bytes
    wanted: bytes

    def __str__(self) -> str:
        return f"host is {_quoted(self.host or None)}, wanted {_quoted(self.wanted)}"


@dataclass(frozen=True, slots=True)
class MethodDiffers:
    """The route is for other methods."""

    method: bytes
    wanted: frozenset[bytes]

    def __str__(self) -> str:
        return f"method {as_text(self.method)} is not in [{', '.join(map(as_text, sorted(self.wanted)))}]"


@dataclass(frozen=True, slots=True)
class ValueDiffers:
    """A header, query or form condition is not met."""

    condition: Condition
    reading: Reading

    def __str__(self) -> str:
        return f"{self.condition.subject} is {_quoted(self.reading)}, wanted {self.condition.matcher}"


@dataclass(frozen=True, slots=True)
class Outranked:
    """The route fits, and so does one that comes first."""

    own: Pattern
    winner: Pattern

    def __str__(self) -> str:
        own, winner = self.own.rank, self.winner.rank
        if own.host != winner.host:
            return "less specific: the winner's host is exact, or longer"
        for place, (kind, other) in enumerate(zip(own.path, winner.path, strict=False), 1):
            if kind is not other:
                return (
                    f"less specific: segment {place} is {_KINDS[kind]} where the winner has {_KINDS[other]}"
                )
        if own.method != winner.method:
            return "less specific: it takes any method, the winner names this one"
        if own.headers != winner.headers:
            return f"less specific: it asks for {-own.headers} headers, the winner for {-winner.headers}"
        if own.variables != winner.variables:
            return (
                f"less specific: it asks for {-own.variables} query and form keys, "
                f"the winner for {-winner.variables}"
            )
        return "a tie: the winner is just as specific"


Loss: TypeAlias = HostDiffers | MethodDiffers | ValueDiffers | Outranked

_KINDS = {
    Kind.LITERAL: "a literal",
    Kind.INTEGER: "{name:int}",
    Kind.NAME: "{name}",
    Kind.REST: "{rest:path}",
}


@dataclass(frozen=True, slots=True)
class Candidate(Generic[R]):
    """A route whose path fits, and why it lost: every condition it fails, or what outranks it."""

    route: R
    pattern: Pattern
    losses: tuple[Loss, ...]

    @property
    def won(self) -> bool:
        """Of a contest at most one has."""
        return not self.losses


def contest(table: Table[R], head: Head, form: bytes | Literal[Body.TOO_LARGE] = b"") -> list[Candidate[R]]:
    """All candidates in order of precedence. `form` is the urlencoded body, if the request has one."""
    request = Request(head, form)
    winner = table.pick(request)
    candidates = []
    for entry in table.fitting(request):
        losses: tuple[Loss, ...] = tuple(_failures(entry.pattern, request))
        if not losses and isinstance(winner, Entry) and entry is not winner:
            losses = (Outranked(entry.pattern, winner.pattern),)
        candidates.append(Candidate(entry.route, entry.pattern, losses))
    return candidates


def _failures(pattern: Pattern, request: Request) -> Iterator[Loss]:
    host = request.host()
    if pattern.host is not None and not host_fits(pattern.host, host):
        yield HostDiffers(host, pattern.host)
    if pattern.methods and request.method not in pattern.methods:
        yield MethodDiffers(request.method, pattern.methods)
    for condition in pattern.conditions:
        if not condition.holds(request):
            yield ValueDiffers(condition, condition.subject.read(request))


def _quoted(reading: Reading) -> str:
    if reading is None:
        return "absent"
    if isinstance(reading, Body):
        return reading.value
    return "an array" if isinstance(reading, PhpArray) else f"'{as_text(reading)}'"
