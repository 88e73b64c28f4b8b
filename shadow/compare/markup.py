"""XML and HTML as one kind of tree."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from shadow.compare.treatment import Treatment

TEXT: Final = "#text"


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """An element; the document itself ("" its name); or a processing instruction ("?target", its data a
    child).

    name: what is compared, {namespace}local in XML. label: what stands in paths, with the document's prefix.
    attributes: values by name. labels: the names of attributes as written, where they differ. children: text
    is a str among them, insignificant space is gone.
    """

    name: str
    label: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: Sequence["Element | str"] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str | None:
        """The text of an element without elements; None for one that has some."""
        texts = [child for child in self.children if isinstance(child, str)]
        return "".join(texts) if len(texts) == len(self.children) else None

    @property
    def size(self) -> int:
        """How many nodes it has in it, at any depth."""
        total, level = 0, [self]
        while level:
            total += sum(len(element.children) for element in level)
            level = [child for element in level for child in element.children if not isinstance(child, str)]
        return total

    @property
    def last(self) -> str:
        """What stands last in it: a text, or the name of an empty element."""
        node: Element | str = self
        while not isinstance(node, str):
            node = node.children[-1] if node.children else node.name
        return node


Node: TypeAlias = Element | str

# What rules say, by the id of an element and "" for itself, TEXT for its text, or an attribute's name.
Rules: TypeAlias = Mapping[tuple[int, str], Treatment]


def child_paths(parent: Element, path: str) -> list[str]:
    """The XPath of each child, with a position only where siblings share a name."""
    labels = ["text()" if isinstance(child, str) else step(child.label) for child in parent.children]
    totals, seen, paths = Counter(labels), Counter[str](), []
    for label in labels:
        seen[label] += 1
        paths.append(f"{path}/{label}" + (f"[{seen[label]}]" if totals[label] > 1 else ""))
    return paths


def step(label: str) -> str:
    return f"processing-instruction('{label[1:]}')" if label.startswith("?") else label


class Shapes:
    """One object for every content, so that equal subtrees are found without looking at them again."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: dict[Hashable, object] = {}
        self._seen: dict[int, object] = {}

    def of(self, node: Node) -> Hashable:
        """The shape of a node; text and attributes that rules treat are left out of it."""
        if isinstance(node, str):
            return node
        found = self._seen.get(id(node))
        if found is None:
            found = self._seen[id(node)] = self._known.setdefault(self._content(node), object())
        return found

    def _content(self, node: Element) -> Hashable:
        treated = (id(node), "") in self._rules or (id(node), TEXT) in self._rules
        attributes = frozenset(
            item for item in node.attributes.items() if (id(node), item[0]) not in self._rules
        )
        children = [child for child in node.children if not (treated and isinstance(child, str))]
        return node.name, attributes, tuple([self.of(child) for child in children])


def outer(node: Node) -> str:
    """A node written out as XML, for people."""
    return node if isinstance(node, str) else "".join(_written(node))


def _written(node: Element) -> Iterator[str]:
    todo: list[tuple[Node, bool]] = [(node, False)]
    while todo:
        found, verbatim = todo.pop()
        if isinstance(found, str):
            yield found if verbatim else _escaped(found)
            continue
        named = found.attributes.items()
        attributes = "".join(f' {found.labels.get(name, name)}="{_escaped(value)}"' for name, value in named)
        yield f"<{found.label}{attributes}>" if found.children else f"<{found.label}{attributes}/>"
        if found.children:
            todo.append((f"</{found.label}>", True))
            todo.extend((child, False) for child in reversed(found.children))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
