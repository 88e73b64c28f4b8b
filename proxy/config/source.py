"""routes.yaml as plain data, and where each value stands in the file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from proxy.config import nodes
from proxy.config.errors import ConfigError, KeyPath, Position, dotted
from proxy.config.nodes import Alias, Node, Scalar, SourceError
from proxy.config.scalars import UnsetVariableError, resolve, substitute

SIZE_LIMIT = 16 * 1024 * 1024
MERGE = "<<"
# YAML 1.2 section 5.1, c-printable; anything else is refused with its position before the parser sees it.
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a key path leads into the file.

    `found` counts the steps that exist; `node` is what the last of them leads to, `key` is its key.
    """

    found: int
    node: Node
    key: Position


@dataclass(frozen=True, slots=True)
class Source:
    """Plain data (dict, list, str, int, float, bool, None) beside the tree it was read from.

    `problems` are the errors of single values, by place: a duplicate key, a tag, an unset variable.
    """

    file: str
    data: object
    root: Node
    problems: tuple[ConfigError, ...]

    def locate(self, path: KeyPath) -> Place:
        """Follows the path as far as it exists; aliases and merge keys lead to where the text stands."""
        node, key = self.root, self.root.position
        for found, step in enumerate(path):
            entry = _child(_target(node), step)
            if entry is None:
                return Place(found, _target(node), key)
            key, node = entry
        return Place(len(path), _target(node), key)


def read(text: str | bytes, file: str, environment: Mapping[str, str]) -> Source:
    """Parses the text; `file` is the name that errors carry.

    Raises SourceError when the text as a whole cannot be read. What is wrong with single values is collected
    in the source's `problems`, and reading goes on.
    """
    root = nodes.parse(_decode(text))
    converter = _Converter(file, environment)
    data = converter.value(root)
    return Source(file, data, root, tuple(converter.problems))


def _decode(text: str | bytes) -> str:
    if len(text) > SIZE_LIMIT:
        raise SourceError(f"the file is larger than {SIZE_LIMIT // 2**20} MiB")
    if isinstance(text, bytes):
        text = _from_utf8(text)
    text = text.removeprefix("\ufeff")
    if found := _UNPRINTABLE.search(text):
        code = f"U+{ord(found[0]):04X}"
        raise SourceError(f"the control character {code} is not allowed", _position(text[: found.start()]))
    return text


def _from_utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        position = _position(data[: error.start].decode("utf-8"))
        raise SourceError(f"not UTF-8: byte 0x{data[error.start]:02x}", position) from None


def _position(before: str) -> Position:
    return Position(before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Converter:
    """Nodes → plain data, keeping the path to where it stands for the errors it finds."""

    def __init__(self, file: str, environment: Mapping[str, str]) -> None:
        self.problems: list[ConfigError] = []
        self._file = file
        self._environment = environment
        self._path: list[str | int] = []
        self._values = 0
        self._expanding: Position | None = None

    def value(self, node: Node) -> object:
        self._check_size(node)
        if isinstance(node, Alias):
            return self._expanded(node)
        self._refuse_tag(node.position, node.tag)
        match node:
            case Scalar():
                return self._scalar(node)
            case nodes.Sequence():
                return [self._below(index, item) for index, item in enumerate(node.items)]
            case nodes.Mapping():
                return self._mapping(node)
            case _:
                assert_never(node)

    def _check_size(self, node: Node) -> None:
        self._values += 1
        where = self._expanding or node.position
        if self._values > nodes.VALUES_LIMIT:
            raise SourceError(f"aliases expand to more than {nodes.VALUES_LIMIT:,} values", where)
        if len(self._path) > nodes.DEPTH_LIMIT:
            raise SourceError(f"aliases nest more than {nodes.DEPTH_LIMIT} levels deep", where)

    def _expanded(self, alias: Alias) -> object:
        outermost = self._expanding
        self._expanding = outermost or alias.position
        value = self.value(alias.target)
        self._expanding = outermost
        return value

    def _below(self, step: str | int, node: Node) -> object:
        self._path.append(step)
        value = self.value(node)
        self._path.pop()
        return value

    def _scalar(self, node: Scalar) -> object:
        try:
            text = substitute(node.text, self._environment)
        except UnsetVariableError as error:
            self._report(node.position, str(error))
            return node.text
        return resolve(text) if node.plain and text is node.text else text

    def _mapping(self, node: nodes.Mapping) -> dict[str, object]:
        result: dict[str, object] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.entries:
            key = self._key(key_node)
            if key is None or key == MERGE:
                continue
            if key in lines:
                self._report(key_node.position, f"duplicate key; it is already set on line {lines[key]}", key)
                continue
            lines[key] = key_node.position.line
            result[key] = self._below(key, value_node)
        for merged in _merges(node):
            result = {**self._merged(merged), **result}
        return result

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, Scalar):
            self._report(node.position, "a key must be plain text")
            return None
        self._refuse_tag(node.position, node.tag)
        if node.plain and resolve(node.text) is None:
            self._report(node.position, "a key must not be empty")
            return None
        return node.text

    def _merged(self, node: Node) -> dict[str, object]:
        value = self._below(MERGE, node)
        if isinstance(value, dict):
            return value
        self._report(node.position, "<< must name a mapping, or a list of mappings", MERGE)
        return {}

    def _refuse_tag(self, position: Position, tag: str | None) -> None:
        if tag is not None:
            short = tag.replace("tag:yaml.org,2002:", "!!")
            self._report(position, f"the tag {short} is not allowed: values need no tags here")

    def _report(self, position: Position, message: str, *below: str) -> None:
        path = dotted((*self._path, *below))
        self.problems.append(ConfigError(self._file, *position, path, message))


def _target(node: Node) -> Node:
    return node.target if isinstance(node, Alias) else node


def _merges(mapping: nodes.Mapping) -> Iterator[Node]:
    """What `<<` names, first the one that wins (YAML merge key draft: earlier overrides later)."""
    for key, value in mapping.entries:
        if isinstance(key, Scalar) and key.text == MERGE:
            target = _target(value)
            yield from target.items if isinstance(target, nodes.Sequence) else (value,)


def _child(node: Node, step: str | int) -> tuple[Position, Node] | None:
    """The entry below: its key's position (its own for a list item) and its node."""
    if isinstance(node, nodes.Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step].position, node.items[step]
    if not isinstance(node, nodes.Mapping):
        return None
    for key, value in node.entries:
        if isinstance(key, Scalar) and key.text == step:
            return key.position, value
    for merged in _merges(node):
        if found := _child(_target(merged), step):
            return found
    return None
