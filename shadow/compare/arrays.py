"""One side's array, as pairing its elements looks at it."""

from collections.abc import Hashable, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from shadow.compare.model import Json
from shadow.compare.selectors import State
from shadow.compare.shapes import told


@dataclass(frozen=True, slots=True)
class Array:
    """One side's array: values and, beside each, its index and where the queries stand there.

    kinds: the types of its values, so that no element of a long list of numbers is asked for its own.
    """

    values: Sequence[Json]
    indexes: Sequence[int]
    states: Sequence[State | None]
    kinds: Set[type]

    @classmethod
    def of(cls, items: list[Json], state: State | None) -> Self:
        """The elements of an array but those that are ignored: they must not shift the others."""
        if state is None:
            return cls(items, range(len(items)), [None] * len(items), set(map(type, items)))
        states = state.each(len(items))
        kept = [index for index, step in enumerate(states) if step is None or not step.treatment.ignore]
        values = [items[index] for index in kept]
        return cls(values, kept, [states[index] for index in kept], set(map(type, values)))


def untelling(array: Array) -> set[str]:
    """Members of an array's objects that tell nothing apart: a rule leaves them out or takes them loosely."""
    rows = (
        (value, state) for value, state in zip(array.values, array.states, strict=True) if state is not None
    )
    for value, state in rows:
        if isinstance(value, dict):
            steps = ((name, state.step(name)) for name in value)
            return {name for name, step in steps if step and (step.treatment.ignore or step.treatment.loose)}
    return set()


def keys_of(array: Array, key: str | None) -> list[Hashable]:
    """The value of each element's member `key`; None where it has none that tells elements apart."""
    members = [item.get(key) if key is not None and isinstance(item, dict) else None for item in array.values]
    return [None if isinstance(member, dict | list) else told(member) for member in members]


def rising(array: Array, indexes: Sequence[int]) -> list[int]:
    """Indexes by the numbers that stand there, so that those which only have to be near find each other."""
    return sorted(indexes, key=lambda index: _number(array.values[index]))


def _number(value: Json) -> int | Decimal:
    return value if isinstance(value, int | Decimal) else 0
