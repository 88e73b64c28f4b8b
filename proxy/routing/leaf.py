"""The routes of one host and one path shape, and which of them a request gets.

Routes that share a path and differ by a value, as `?action=…` dispatch does, may be many. They are kept as
in a packet classifier's tuple space: routes that ask for exact values of the same subjects form a group, and
the tuple of those values leads to the route in one look-up. So the cost grows with the number of different
sets of subjects, not with the number of routes.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import Final, Generic, TypeAlias

from proxy.routing.entry import Entry, R
from proxy.routing.pattern import Pattern
from proxy.routing.request import Request
from proxy.routing.subjects import Condition, Form, Subject
from proxy.routing.values import Exact


class NeedsForm(Enum):
    """Which route wins depends on the form body, and that has not been read."""

    NEEDS_FORM = "needs-form"


NEEDS_FORM: Final = NeedsForm.NEEDS_FORM

Key: TypeAlias = tuple[bytes, ...]
Shape: TypeAlias = tuple[tuple[Subject, ...], tuple[Subject, ...], bool | None]
"""The subjects that a pattern wants exact values of, forms apart; and how it reads a form, if at all."""


class Leaf(Generic[R]):
    """The entries of one host and one path shape, in order of precedence."""

    def __init__(self, entries: Iterable[Entry[R]]) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.pattern.rank)
        narrow = [entry for entry in self.entries if entry.pattern.methods]
        wide = [entry for entry in self.entries if not entry.pattern.methods]
        self._narrow = _groups([entry for entry in narrow if entry.pattern.conditions])
        self._by_method = {
            method: entry
            for entry in reversed(narrow)
            if not entry.pattern.conditions
            for method in entry.pattern.methods
        }
        self._wide = _groups([entry for entry in wide if entry.pattern.conditions])
        self._any = next((entry for entry in wide if not entry.pattern.conditions), None)

    def pick(self, request: Request) -> Entry[R] | NeedsForm | None:
        """The entry with the highest precedence that the request meets."""
        for group in self._narrow:
            if (found := group.pick(request)) is not None:
                return found
        entry = self._by_method.get(request.method)
        if entry is not None:
            return entry
        for group in self._wide:
            if (found := group.pick(request)) is not None:
                return found
        return self._any


class Group(Generic[R]):
    """Entries of one precedence that want exact values of the same subjects."""

    def __init__(self, entries: Sequence[Entry[R]]) -> None:
        first = entries[0].pattern
        self._by_method = bool(first.methods)
        self._subjects, self._form_subjects, self._form_dialect = shape(first)
        self._index: dict[Key, list[tuple[Entry[R], tuple[Condition, ...]]]] = {}
        for entry in entries:
            remaining = tuple(c for c in entry.pattern.conditions if not isinstance(c.matcher, Exact))
            wanted = exact_values(entry.pattern)
            values = tuple(wanted[subject] for subject in self._subjects + self._form_subjects)
            for method in entry.pattern.methods or [None]:
                key = values if method is None else (method, *values)
                self._index.setdefault(key, []).append((entry, remaining))
        known = len(self._subjects) + self._by_method
        self._without_form = frozenset(key[:known] for key in self._index)

    def pick(self, request: Request) -> Entry[R] | NeedsForm | None:
        """The entry that the request meets, or NEEDS_FORM when the form may decide for one."""
        key = _read(self._subjects, request, (request.method,) if self._by_method else ())
        if key is None:
            return None
        if self._form_dialect is not None:
            if request.awaits_form(self._form_dialect):
                return NEEDS_FORM if key in self._without_form else None
            key = _read(self._form_subjects, request, key)
            if key is None:
                return None
        for entry, remaining in self._index.get(key, ()):
            if all(condition.holds(request) for condition in remaining):
                return entry
        return None


def _groups(entries: Sequence[Entry[R]]) -> tuple[Group[R], ...]:
    """One group for each shape within each precedence; `entries` come in order of precedence."""
    groups: list[Group[R]] = []
    for _, equal in groupby(entries, key=attrgetter("pattern.rank")):
        by_shape: dict[Shape, list[Entry[R]]] = {}
        for entry in equal:
            by_shape.setdefault(shape(entry.pattern), []).append(entry)
        groups.extend(map(Group, by_shape.values()))
    return tuple(groups)


def shape(pattern: Pattern) -> Shape:
    """The subjects of a pattern's exact conditions, in an order that is the same however it was written."""
    subjects = sorted(exact_values(pattern), key=str)
    return (
        tuple(subject for subject in subjects if not isinstance(subject, Form)),
        tuple(subject for subject in subjects if isinstance(subject, Form)),
        pattern.form_dialect,
    )


def exact_values(pattern: Pattern) -> dict[Subject, bytes]:
    """The exact value that a pattern wants of each subject it wants one of."""
    return {c.subject: c.matcher.value for c in pattern.conditions if isinstance(c.matcher, Exact)}


def _read(subjects: tuple[Subject, ...], request: Request, key: Key) -> Key | None:
    """Lengthen a key by the values of subjects; None when one has no value that could be wanted."""
    for subject in subjects:
        value = subject.read(request)
        if not isinstance(value, bytes):
            return None
        key = (*key, value)
    return key
