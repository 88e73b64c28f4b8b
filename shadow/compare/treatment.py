"""How values at one place are compared: what the rules that hold there add up to."""

from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shadow.compare.instants import Instant


class Preset(StrEnum):
    """The opt-in rules: forms that PHP and Python give to one value."""

    EMPTY_MAP = "empty_map"  # [] is {}
    SPARSE_LIST = "sparse_list"  # {"0":"a","2":"c"} is ["a","c"]
    NUMERIC_STRING = "numeric_string"  # "10.00" is 10.0
    PHP_BOOL = "php_bool"  # 1 is true, "" is false or null
    NULL_MISSING = "null_missing"  # null is a member that is not there


class Pattern(Protocol):
    """What is used of a compiled RE2 pattern: linear in the text, whatever the pattern."""

    def search(self, text: str, /) -> object | None: ...


@dataclass(frozen=True, slots=True)
class Treatment:
    """The sum of the rules that hold at one place.

    exact: two values of one type are equal here only if they are the same.
    """

    ignore: bool = False
    money: bool = False
    unordered: bool = False
    key: str | None = None
    instant: Instant | None = None
    within: Decimal | None = None
    pattern: Pattern | None = None
    presets: frozenset[Preset] = field(default_factory=frozenset)
    exact: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "exact", not (self.loose or self.presets))

    def __or__(self, other: "Treatment") -> "Treatment":
        """Both together; where they contradict each other, the later one."""
        if self is other or other == PLAIN:
            return self
        said = {part.name: getattr(other, part.name) for part in fields(other) if part.init}
        said = {name: value for name, value in said.items() if value is not None and value is not False}
        return replace(self, **said | {"presets": self.presets | other.presets})

    def then(self, later: "Treatment") -> "Treatment":
        """With what a later rule says here: an amount is exact again, whatever was said before."""
        exact = later.money and not later.loose
        return (replace(self, within=None, pattern=None) if exact else self) | later

    @property
    def loose(self) -> bool:
        """Whether two values that are written differently may be equal here by a rule."""
        return self.instant is not None or self.within is not None or self.pattern is not None


PLAIN = Treatment()
MONEY = Treatment(money=True)
