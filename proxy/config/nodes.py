"""YAML text → a tree of nodes with positions, and nothing else: no types, no environment, no meaning.

The tree is built from PyYAML's event stream. `yaml.compose` would do it in one call, but it recurses in C:
a few kilobytes of `[[[[…` end the process with a segmentation fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import yaml

from proxy.config.errors import TOP, Position

DEPTH_LIMIT = 64
VALUES_LIMIT = 1_000_000
FASTEST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Mark(Protocol):
    """What the C loader's marks and the Python loader's have in common; both count from 0."""

    line: int
    column: int


class SourceError(Exception):
    """The text cannot be read as one YAML document; reading stops at `position`."""

    def __init__(self, message: str, position: Position = TOP) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(slots=True, eq=False)
class Scalar:
    """`plain` is true for text without quotes, which alone may mean a number, true, false or null."""

    position: Position
    tag: str | None
    text: str
    plain: bool


@dataclass(slots=True, eq=False)
class Sequence:
    position: Position
    tag: str | None
    items: list["Node"]


@dataclass(slots=True, eq=False)
class Mapping:
    """Entries in file order; a key may be any node, and may stand twice."""

    position: Position
    tag: str | None
    entries: list[tuple["Node", "Node"]]


@dataclass(slots=True, eq=False)
class Alias:
    """`*name`: what it stands for, kept apart so that expansion can be counted."""

    position: Position
    target: "Node"


Node = Scalar | Sequence | Mapping | Alias


def parse(text: str, loader: type = FASTEST_LOADER) -> Node:
    """The one document of the text.

    Raises SourceError for a syntax error, an empty text, several documents, an unknown or cyclic alias, and
    for nesting or a number of values beyond the limits.
    """
    try:
        return _Composer(yaml.parse(text, Loader=loader)).document()
    except yaml.MarkedYAMLError as error:
        position = _position(error.problem_mark)
        line = "".join(text.split("\n")[position.line - 1 : position.line])
        raise SourceError(_explain(error, line[: position.column]), position) from None


class _Composer:
    """Recursive descent over the events, at most DEPTH_LIMIT deep."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node | None] = {}
        self._values = 0

    def document(self) -> Node:
        """What stands between the first document's start and end, if no other document follows."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise SourceError("a second document starts here: one file, one document", _at(event))
                root = self._node(next(self._events), depth=0)
        if root is None:
            raise SourceError("the file is empty: it needs at least version, backends and routes")
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._count(event, depth)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent)
        if event.anchor:
            self._anchors[event.anchor] = None
        node = self._content(event, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            # The C loader says "" and the Python loader says None for a scalar without quotes.
            return Scalar(_at(event), event.tag, event.value, plain=not event.style)
        children = list(self._until_end(depth))
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(_at(event), event.tag, children)
        return Mapping(_at(event), event.tag, list(zip(children[::2], children[1::2], strict=True)))

    def _until_end(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            yield self._node(event, depth + 1)

    def _alias(self, event: yaml.AliasEvent) -> Alias:
        name = event.anchor or ""
        if name not in self._anchors:
            raise SourceError(f"alias *{name} has no anchor &{name} before it", _at(event))
        target = self._anchors[name]
        if target is None:
            raise SourceError(f"alias *{name} stands inside its own anchor: a cycle", _at(event))
        return Alias(_at(event), target)

    def _count(self, event: yaml.Event, depth: int) -> None:
        self._values += 1
        if self._values > VALUES_LIMIT:
            raise SourceError(f"the file has more than {VALUES_LIMIT:,} values", _at(event))
        if depth > DEPTH_LIMIT:
            raise SourceError(f"nested more than {DEPTH_LIMIT} levels deep", _at(event))


def _at(event: yaml.Event) -> Position:
    return _position(event.start_mark)


def _position(mark: "_Mark | None") -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark else TOP


_HINTS = {
    "cannot start any token": "a value cannot start with a tab, @ or `: indent with spaces, use quotes",
    "mapping values are not allowed": "no key can stand here: check the indentation, and "
    "put a value in quotes if it contains a colon followed by a space",
}


def _explain(error: yaml.MarkedYAMLError, before: str) -> str:
    """The parser's words, or better ones where they help nobody; `before` is the line up to the problem."""
    hint = next((hint for words, hint in _HINTS.items() if words in (error.problem or "")), None)
    opened = error.context_mark
    since = f" ({error.context}, begun on line {opened.line + 1})" if opened and error.context else ""
    if "flow" in since and "${" in before:
        hint = "inside { } and [ ] a ${…} needs quotes"
    return f"not valid YAML: {hint or error.problem}{since}"
