"""XML and HTML as one kind of tree, compared node by node."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final, TypeAlias

from shadow.compare import values
from shadow.compare.align import Elements, align
from shadow.compare.findings import Findings
from shadow.compare.model import ABSENT, Kind, Value
from shadow.compare.naming import attribute_label, text_label
from shadow.compare.subsequence import Budget, Pair
from shadow.compare.treatment import Treatment

TEXT: Final = "#text"
_TELLING = ("id", "name", "key", "code")


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


Node: TypeAlias = Element | str

# What rules say, by the id of an element and "" for itself, TEXT for its text, or an attribute's name.
Rules: TypeAlias = Mapping[tuple[int, str], Treatment]


def child_paths(parent: Element, path: str) -> list[str]:
    """The XPath of each child, with a position only where siblings share a name."""
    labels = ["text()" if isinstance(child, str) else _step(child.label) for child in parent.children]
    totals, seen, paths = Counter(labels), Counter[str](), []
    for label in labels:
        seen[label] += 1
        paths.append(f"{path}/{label}" + (f"[{seen[label]}]" if totals[label] > 1 else ""))
    return paths


def _step(label: str) -> str:
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


class Walk:
    """One comparison of two trees. mirror: see `align`."""

    def __init__(self, findings: Findings, base: Treatment, rules: Rules, mirror: bool) -> None:
        self._findings = findings
        self._base = base
        self._rules = rules
        self._mirror = mirror
        self._shapes = Shapes(rules)
        self._budget = Budget(findings.limits.alignment)
        self._todo: list[tuple[Element, Element, str, str]] = []
        self._labels: dict[int, str] = {}  # by the id of an element, the text of the one before it

    def compare(self, primary: Element, shadow: Element) -> None:
        """Add every difference between two documents to the findings."""
        self._todo.append((primary, shadow, "", ""))
        while self._todo:
            self._pair(*self._todo.pop())

    def _treatment(self, *places: tuple[Element, str]) -> Treatment:
        found = self._base
        for element, part in places:
            found |= self._rules.get((id(element), part), self._base)
        return found

    def _ignored(self, node: Node) -> bool:
        return not isinstance(node, str) and self._treatment((node, "")).ignore

    def _pair(self, one: Element, other: Element, path: str, shadow_path: str) -> None:
        if not self._rules and self._shapes.of(one) is self._shapes.of(other):
            return
        self._attributes(one, other, path, shadow_path)
        if one.text is not None and other.text is not None:
            self._text(one, other, one.text, other.text, path)
        else:
            self._children(one, other, path, shadow_path)

    def _attributes(self, one: Element, other: Element, path: str, shadow_path: str) -> None:
        for name in dict.fromkeys((*one.attributes, *other.attributes)):
            left, right = one.attributes.get(name, ABSENT), other.attributes.get(name, ABSENT)
            treatment = self._treatment((one, name), (other, name))
            if treatment.ignore:
                continue
            side, at = (other, shadow_path) if left is ABSENT else (one, path)
            self._differ(f"{at}/@{side.labels.get(name, name)}", left, right, treatment, self._named(side))

    def _text(self, one: Element, other: Element, left: str, right: str, path: str) -> None:
        treatment = self._treatment((one, ""), (other, ""), (one, TEXT), (other, TEXT))
        if not treatment.ignore:
            self._differ(path, left, right, treatment, self._named(one))

    def _differ(self, path: str, left: Value, right: Value, treatment: Treatment, named: str) -> None:
        if left is ABSENT or right is ABSENT:
            alone = Kind.MISSING if right is ABSENT else Kind.EXTRA
            self._add(path, alone, left, right, treatment, named)
            return
        kind = values.difference(left, right, treatment, self._note)
        if kind is not None:
            self._add(path, kind, left, right, treatment, named)

    def _named(self, element: Element) -> str:
        return f"{self._labels.get(id(element), '')} {attribute_label(element.attributes)}".strip()

    def _note(self, name: str) -> None:
        self._findings.normalised[name] += 1

    def _add(
        self, path: str, kind: Kind, left: Value, right: Value, treatment: Treatment, named: str = ""
    ) -> None:
        self._findings.body(path, kind, left, right, money=treatment.money, named=named)

    def _children(self, one: Element, other: Element, path: str, shadow_path: str) -> None:
        lefts, rights = self._listed(one, path), self._listed(other, shadow_path)
        pairs = self._pairs([node for node, _ in lefts], [node for node, _ in rights])
        if pairs is None:
            self._add(path, Kind.ORDER, _names(lefts), _names(rights), self._base)
            return
        paired = {left for left, _ in pairs}, {right for _, right in pairs}
        self._alone(lefts, paired[0], Kind.MISSING)
        self._alone(rights, paired[1], Kind.EXTRA)
        following = []
        for left, right in pairs:
            (node, at), (shadow_node, shadow_at) = lefts[left], rights[right]
            if isinstance(node, str) or isinstance(shadow_node, str):
                treatment = self._treatment((one, TEXT), (other, TEXT))
                if not treatment.ignore:
                    self._differ(at, str(node), str(shadow_node), treatment, self._named(one))
            else:
                following.append((node, shadow_node, at, shadow_at))
        self._todo.extend(reversed(following))

    def _listed(self, parent: Element, path: str) -> list[tuple[Node, str]]:
        before = ""
        for child in parent.children:
            if not isinstance(child, str):
                self._labels[id(child)] = before
                before = text_label(child.text)
        found = zip(parent.children, child_paths(parent, path), strict=True)
        return [(node, at) for node, at in found if not self._ignored(node)]

    def _alone(self, nodes: Sequence[tuple[Node, str]], paired: set[int], kind: Kind) -> None:
        for index, (node, path) in enumerate(nodes):
            if index not in paired:
                treatment = self._base if isinstance(node, str) else self._treatment((node, ""))
                one, other = (outer(node), ABSENT) if kind is Kind.MISSING else (ABSENT, outer(node))
                named = "" if isinstance(node, str) else self._named(node)
                self._add(path, kind, one, other, treatment, named)

    def _pairs(self, lefts: Sequence[Node], rights: Sequence[Node]) -> list[Pair] | None:
        """Which children belong together; None if they are the same ones in another order."""
        ones, others = [self._shapes.of(node) for node in lefts], [self._shapes.of(node) for node in rights]
        if ones != others and len(ones) == len(others) and Counter(ones) == Counter(others):
            return None
        elements = Elements(
            (ones, others),
            ([_telling(node) for node in lefts], [_telling(node) for node in rights]),
            lambda i, j: self._cost(lefts[i], rights[j]),
            (lambda i: _size(lefts[i]), lambda j: _size(rights[j])),
        )
        return align(elements, self._budget, self._mirror)

    def _cost(self, one: Node, other: Node) -> float:
        """About how many differences a pair would bring; nodes of another kind or name are never a pair."""
        if isinstance(one, str) or isinstance(other, str):
            return 1 if isinstance(one, str) and isinstance(other, str) else inf
        if one.name != other.name:
            return inf
        attributes = len(set(one.attributes.items()) ^ set(other.attributes.items()))
        left, right = (Counter(map(self._shapes.of, node.children)) for node in (one, other))
        return attributes / 2 + ((left - right).total() + (right - left).total()) / 2


def _size(node: Node) -> float:
    return 1 if isinstance(node, str) else (len(node.attributes) + len(node.children) + 1) / 2


def _telling(node: Node) -> Hashable:
    """An element's name with the attribute that tells it from its siblings; whatever has none equals
    nothing.
    """
    if not isinstance(node, str):
        for name in _TELLING:
            if name in node.attributes:
                return node.name, name, node.attributes[name]
    return object()


def _names(nodes: Sequence[tuple[Node, str]]) -> str:
    return " ".join("text()" if isinstance(node, str) else _step(node.label) for node, _ in nodes)


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
