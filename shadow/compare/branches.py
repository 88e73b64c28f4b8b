"""Compare two XML or HTML trees node by node."""

from collections import Counter
from collections.abc import Hashable, Sequence
from math import inf
from typing import NamedTuple

from shadow.compare import values
from shadow.compare.align import Elements, align
from shadow.compare.findings import Findings
from shadow.compare.lists import Pairing, matched, moved
from shadow.compare.markup import TEXT, Element, Node, Rules, Shapes, child_paths, outer, step
from shadow.compare.model import ABSENT, Kind, Value
from shadow.compare.naming import attribute_label, joined, text_label
from shadow.compare.subsequence import Budget, Pair
from shadow.compare.tables import column_labels, labels_within
from shadow.compare.treatment import Treatment

_TELLING = ("id", "name", "key", "code")


class Twig(NamedTuple):
    """A child of one side: the node, its XPath, and what the nodes beside it say that it is."""

    node: Node
    path: str
    label: str


class Branch(NamedTuple):
    """An element of one side: likewise."""

    element: Element
    path: str
    label: str

    @property
    def named(self) -> str:
        return joined(attribute_label(self.element.attributes), self.label)


class Walk:
    """One comparison of two trees. mirror: see `align`."""

    def __init__(self, findings: Findings, base: Treatment, rules: Rules, mirror: bool) -> None:
        self._findings = findings
        self._base = base
        self._rules = rules
        self._mirror = mirror
        self._shapes = Shapes(rules)
        self._budget = Budget(findings.limits.alignment)
        self._todo: list[tuple[Branch, Branch]] = []
        self._columns: dict[int, str] = {}

    def compare(self, primary: Element, shadow: Element) -> None:
        """Add every difference between two documents to the findings."""
        self._columns = column_labels(primary) | column_labels(shadow)
        self._todo.append((Branch(primary, "", ""), Branch(shadow, "", "")))
        while self._todo:
            self._pair(*self._todo.pop())

    def _treatment(self, *places: tuple[Element, str]) -> Treatment:
        found = self._base
        for element, part in places:
            found |= self._rules.get((id(element), part), self._base)
        return found

    def _pair(self, one: Branch, other: Branch) -> None:
        if not self._rules and self._shapes.of(one.element) is self._shapes.of(other.element):
            return
        self._attributes(one, other)
        left, right = one.element.text, other.element.text
        if left is None or right is None:
            self._children(one, other)
            return
        places = [(side.element, part) for side in (one, other) for part in ("", TEXT)]
        self._differ(one.path, left, right, self._treatment(*places), one.named)

    def _attributes(self, one: Branch, other: Branch) -> None:
        ones, others = one.element.attributes, other.element.attributes
        for name in dict.fromkeys((*ones, *others)):
            left, right = ones.get(name, ABSENT), others.get(name, ABSENT)
            treatment = self._treatment((one.element, name), (other.element, name))
            side = other if left is ABSENT else one
            path = f"{side.path}/@{side.element.labels.get(name, name)}"
            self._differ(path, left, right, treatment, side.named)

    def _differ(self, path: str, left: Value, right: Value, treatment: Treatment, named: str) -> None:
        if treatment.ignore:
            return
        kind: Kind | None
        if left is ABSENT or right is ABSENT:
            kind = Kind.MISSING if right is ABSENT else Kind.EXTRA
        else:
            kind = values.difference(left, right, treatment, self._note)
        if kind is not None:
            self._findings.body(path, kind, left, right, money=treatment.money, named=named)

    def _note(self, name: str) -> None:
        self._findings.normalised[name] += 1

    def _children(self, one: Branch, other: Branch) -> None:
        lefts, rights = self._listed(one), self._listed(other)
        nodes = [twig.node for twig in lefts], [twig.node for twig in rights]
        treatment = self._treatment((one.element, ""), (other.element, ""))
        pairing = self._unordered(*nodes, treatment.key) if treatment.unordered else self._pairs(*nodes)
        if pairing.reordered:
            self._findings.body(one.path, Kind.ORDER, _names(lefts), _names(rights))
        self._alone(one, lefts, {left for left, _ in pairing.pairs}, Kind.MISSING)
        self._alone(other, rights, {right for _, right in pairing.pairs}, Kind.EXTRA)
        following = []
        for twig, shadow_twig in ((lefts[left], rights[right]) for left, right in pairing.pairs):
            if isinstance(twig.node, str) or isinstance(shadow_twig.node, str):
                treatment = self._treatment((one.element, TEXT), (other.element, TEXT))
                self._differ(twig.path, str(twig.node), str(shadow_twig.node), treatment, twig.label)
            else:
                branches = Branch(twig.node, *twig[1:]), Branch(shadow_twig.node, *shadow_twig[1:])
                following.append(branches)
        self._todo.extend(reversed(following))

    def _listed(self, parent: Branch) -> list[Twig]:
        """The children that are compared."""
        label, beside = parent.named, ""  # what the last text and the last element say about what follows
        found = []
        paths = child_paths(parent.element, parent.path)
        for child, path in zip(parent.element.children, paths, strict=True):
            if isinstance(child, str):
                found.append(Twig(child, path, joined(label, beside, parent.named)))
                label = text_label(child) or label
                continue
            if not self._treatment((child, "")).ignore:
                found.append(Twig(child, path, joined(self._columns.get(id(child), ""), label)))
            label, beside = text_label(child.text) or label, attribute_label(child.attributes)
        return found

    def _alone(self, parent: Branch, twigs: Sequence[Twig], paired: set[int], kind: Kind) -> None:
        for index, twig in enumerate(twigs):
            if index in paired:
                continue
            place = (parent.element, TEXT) if isinstance(twig.node, str) else (twig.node, "")
            named = twig.label if isinstance(twig.node, str) else self._named(twig.node, twig.label)
            one, other = (outer(twig.node), ABSENT) if kind is Kind.MISSING else (ABSENT, outer(twig.node))
            self._differ(twig.path, one, other, self._treatment(place), named)

    def _named(self, element: Element, label: str) -> str:
        """What an element is that only one side has, and what the cells in it are."""
        return "/".join(filter(None, (label, labels_within(element, self._columns))))

    def _pairs(self, lefts: Sequence[Node], rights: Sequence[Node]) -> Pairing:
        """Which children belong together, and whether they are the same ones in another order."""
        ones, others = [self._shapes.of(node) for node in lefts], [self._shapes.of(node) for node in rights]
        everywhere = range(len(ones)), range(len(others))
        if ones != others and len(ones) == len(others) and Counter(ones) == Counter(others):
            return Pairing(matched(ones, others, *everywhere), reordered=True)
        names = _identities(lefts), _identities(rights)
        if names[0] and names[1] and moved(*names):
            return Pairing(matched(*names, *everywhere), reordered=True)
        elements = Elements(
            (ones, others),
            ([_telling(node) or object() for node in lefts], [_telling(node) or object() for node in rights]),
            lambda i, j: self._cost(lefts[i], rights[j]),
            (lambda i: _size(lefts[i]), lambda j: _size(rights[j])),
        )
        return Pairing(align(elements, self._budget, self._mirror))

    def _unordered(self, lefts: Sequence[Node], rights: Sequence[Node], key: str | None) -> Pairing:
        """As multisets: by the attribute or child element `key`, else by content, else by name.

        Where several have one key, those of one content come first.
        """
        pairs: list[Pair] = []
        for keys_of in (
            lambda node: (_keyed(node, key), self._shapes.of(node)),
            lambda node: _keyed(node, key),
            self._shapes.of,
            lambda node: _unkeyed(node, key),
        ):
            keys = [keys_of(node) for node in lefts], [keys_of(node) for node in rights]
            taken = {left for left, _ in pairs}, {right for _, right in pairs}
            ones = [index for index in range(len(lefts)) if index not in taken[0]]
            others = [index for index in range(len(rights)) if index not in taken[1]]
            pairs += matched(*keys, ones, others)
        return Pairing(sorted(pairs))

    def _cost(self, one: Node, other: Node) -> float:
        """About how many differences a pair would bring; nodes of another kind or name are never a pair."""
        if isinstance(one, str) or isinstance(other, str):
            return 1 if isinstance(one, str) and isinstance(other, str) else inf
        if one.name != other.name:
            return inf
        attributes = len(set(one.attributes.items()) ^ set(other.attributes.items()))
        left, right = (Counter(map(self._shapes.of, node.children)) for node in (one, other))
        return attributes / 2 + ((left - right).total() + (right - left).total()) / 2


def _keyed(node: Node, key: str | None) -> Hashable:
    """An element's name with its attribute or child element `key`; what has none equals nothing."""
    value = _key_of(node, key)
    return object() if value is None or isinstance(node, str) else (node.name, value)


def _unkeyed(node: Node, key: str | None) -> Hashable:
    """The name of what has no key to tell it apart."""
    if isinstance(node, str):
        return TEXT
    return node.name if _key_of(node, key) is None else object()


def _key_of(node: Node, key: str | None) -> str | None:
    if key is None or isinstance(node, str):
        return None
    children = (child for child in node.children if not isinstance(child, str))
    named = (child.text for child in children if child.name.rpartition("}")[2] == key)
    return node.attributes.get(key) or next(named, None)


def _size(node: Node) -> float:
    return 1 if isinstance(node, str) else (len(node.attributes) + len(node.children) + 1) / 2


def _telling(node: Node) -> tuple[str, ...]:
    """An element's name with the first attribute that tells it from its siblings; nothing if it has none."""
    if isinstance(node, str):
        return ()
    return next(
        ((node.name, name, node.attributes[name]) for name in _TELLING if name in node.attributes), ()
    )


def _identities(nodes: Sequence[Node]) -> list[Hashable]:
    """What tells each child from the others, if only its name; nothing where two are alike or one is text."""
    found = [_telling(node) or (node.name,) for node in nodes if not isinstance(node, str)]
    return list(found) if len(set(found)) == len(nodes) else []


def _names(twigs: Sequence[Twig]) -> str:
    return " ".join("text()" if isinstance(twig.node, str) else step(twig.node.label) for twig in twigs)
