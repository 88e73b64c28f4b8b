"""XPath rules on XML and HTML: evaluated by lxml on a copy of the tree, results mapped back to our elements.

A name without a prefix means that local name in any namespace, so that `//amount` finds an amount under a
default namespace too; a name with a prefix means the namespace that the document itself binds the prefix to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from shadow.compare.markup import TEXT, Element, Node, Rules
from shadow.compare.treatment import MONEY, PLAIN, Treatment

_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_PREFIX = re.compile(r"([A-Za-z_][\w.-]*):(?!:)")
_NAME = re.compile(r"(?:\{[^{}]*\})?[A-Za-z_][\w.-]*")
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


@dataclass(frozen=True, slots=True)
class XPathRule:
    """An XPath and what holds at the nodes it selects."""

    path: str
    treatment: Treatment


def parse_xpath(path: str) -> str:
    """The path itself; ValueError if it is not XPath 1.0."""
    try:
        etree.XPath(path, namespaces=dict.fromkeys(_prefixes(path), "urn:any"), regexp=False)
    except etree.XPathSyntaxError as error:
        raise ValueError(f"{path!r} is no XPath 1.0: {error}") from None
    return path


def applied(rules: Sequence[XPathRule], documents: Sequence[Element]) -> Rules:
    """What the rules say about the nodes of some documents, by the nodes' ids."""
    if not rules:
        return {}
    namespaces: dict[str, str] = {}
    for document in documents:
        namespaces = _namespaces(document) | namespaces
    found: dict[tuple[int, str], Treatment] = {}
    for document in documents:
        plain, full = _Copy(document, qualified=False), _Copy(document, qualified=True)
        for rule in rules:
            copy = full if _prefixes(rule.path) else plain
            nodes = copy.select(rule.path, namespaces)
            for place in copy.places(nodes):
                found[place] = found.get(place, PLAIN).then(rule.treatment)
            if rule.treatment.money:
                for place in copy.beneath(nodes):
                    found[place] = found.get(place, PLAIN).then(MONEY)
    return found


def _prefixes(path: str) -> list[str]:
    return _PREFIX.findall(_LITERAL.sub("''", path))


def _namespaces(document: Element) -> dict[str, str]:
    """The prefixes that a document uses, each with its first namespace."""
    found: dict[str, str] = {}
    todo: list[Node] = [document]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            continue
        todo.extend(reversed(node.children))
        written = [
            (node.label, node.name),
            *((node.labels.get(name, name), name) for name in node.attributes),
        ]
        for label, name in written:
            prefix, colon, _ = label.partition(":")
            if colon and name.startswith("{"):
                found.setdefault(prefix, name[1:].partition("}")[0])
    return found


class _Copy:
    """A document as lxml has it. qualified: with namespaces; else every name is its local part."""

    def __init__(self, document: Element, qualified: bool) -> None:
        self._qualified = qualified
        self._owners: dict[etree._Element, Element] = {}
        source = next(
            child for child in document.children if not isinstance(child, str) and child.label[0] != "?"
        )
        self._root = etree.Element(self._name(source.name) or "root")
        self._attributes(self._root, source)
        self._fill(source)

    def _fill(self, top: Element) -> None:
        todo = [(self._root, top)]
        while todo:
            target, source = todo.pop()
            self._owners[target] = source
            last: etree._Element | None = None
            for child in source.children:
                if isinstance(child, str):
                    _append_text(target, last, _UNWRITABLE.sub("\ufffd", child))
                elif (name := self._name(child.name)) is not None:
                    last = etree.SubElement(target, name)
                    self._attributes(last, child)
                    todo.append((last, child))

    def _name(self, name: str) -> str | None:
        """The name in this copy; None for what XML cannot name (HTML's `@click`) and for instructions."""
        if not _NAME.fullmatch(name):
            return None
        return name if self._qualified else name.rpartition("}")[2]

    def _attributes(self, target: etree._Element, source: Element) -> None:
        for name, value in source.attributes.items():
            written = self._name(name)
            if written is not None:
                target.set(written, _UNWRITABLE.sub("\ufffd", value))

    def select(self, path: str, namespaces: Mapping[str, str]) -> list[object]:
        """The nodes that a path selects; none if it uses a prefix that no document binds."""
        bound = {prefix: namespaces.get(prefix, "urn:unbound") for prefix in _prefixes(path)}
        result = etree.XPath(path, namespaces=bound, regexp=False)(etree.ElementTree(self._root))
        return result if isinstance(result, list) else []

    def places(self, nodes: Iterable[object]) -> Iterator[tuple[int, str]]:
        """Where selected nodes stand in the document."""
        for node in nodes:
            yield from self._place(node)

    def beneath(self, nodes: Iterable[object]) -> Iterator[tuple[int, str]]:
        """The attributes of the elements among some nodes, and all that is in these elements."""
        for node in nodes:
            for element in node.iter() if isinstance(node, etree._Element) else ():
                owner = self._owners[element]
                yield id(owner), ""
                yield from ((id(owner), name) for name in owner.attributes)

    def _place(self, node: object) -> list[tuple[int, str]]:
        if isinstance(node, etree._Element):
            owner = self._owners.get(node)
            return [(id(owner), "")] if owner is not None else []
        if isinstance(node, etree._ElementUnicodeResult):
            return self._string_place(node)
        return []

    def _string_place(self, found: etree._ElementUnicodeResult) -> list[tuple[int, str]]:
        parent = found.getparent()
        if parent is not None and found.is_tail:
            parent = parent.getparent()
        assert parent is not None, "only what a function made up has no parent, and that is never in a list"
        owner = self._owners[parent]
        if not found.is_attribute:
            return [(id(owner), TEXT)]
        local = str(found.attrname)
        return [(id(owner), name) for name in owner.attributes if self._name(name) == local]


def _append_text(target: etree._Element, last: etree._Element | None, text: str) -> None:
    if last is None:
        target.text = (target.text or "") + text
    else:
        last.tail = (last.tail or "") + text
