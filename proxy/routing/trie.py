"""Path templates as a tree: one level for each segment, and at the end of each template its leaf."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar, assert_never

from proxy.routing.template import Kind

T = TypeVar("T")


class Trie(Generic[T]):
    """A node, and with it the tree below."""

    __slots__ = ("_integer", "_leaf", "_literals", "_name", "_rest")

    def __init__(self) -> None:
        self._leaf: T | None = None
        self._literals: dict[bytes, Trie[T]] = {}
        self._integer: Trie[T] | None = None
        self._name: Trie[T] | None = None
        self._rest: Trie[T] | None = None

    def put(self, shape: Iterable[tuple[Kind, bytes]], leaf: T) -> None:
        """File `leaf` under the shape of a template."""
        node = self
        for kind, literal in shape:
            node = node._child(kind, literal)
        node._leaf = leaf

    def _child(self, kind: Kind, literal: bytes) -> "Trie[T]":
        match kind:
            case Kind.LITERAL:
                return self._literals.setdefault(literal, Trie())
            case Kind.INTEGER:
                self._integer = self._integer or Trie()
                return self._integer
            case Kind.NAME:
                self._name = self._name or Trie()
                return self._name
            case Kind.REST:
                self._rest = self._rest or Trie()
                return self._rest
            case _:
                assert_never(kind)

    def fitting(self, segments: list[bytes]) -> Iterator[T]:
        """The leaves of all templates that fit a path's decoded segments, the most specific first.

        What is visited are the nodes whose beginning fits, and of those only as many as the caller asks for.
        """
        end = len(segments)
        node, place = self, 0
        waiting: list[tuple[Trie[T], int]] = []  # less specific ways, the most specific of them last
        while True:
            if place < end:
                segment = segments[place]
                place += 1
                if node._rest is not None:
                    waiting.append((node._rest, end))
                if node._name is not None and segment:
                    waiting.append((node._name, place))
                if node._integer is not None and segment.isdigit():
                    waiting.append((node._integer, place))
                literal = node._literals.get(segment)
                if literal is not None:
                    node = literal
                    continue
            elif node._leaf is not None:
                yield node._leaf
            if not waiting:
                return
            node, place = waiting.pop()
