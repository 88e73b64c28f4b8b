"""XML text → a tree without what does not matter: comments, prefixes, space between elements, CDATA marks."""

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from shadow.compare.jsontext import Unreadable
from shadow.compare.markup import Element, Node
from shadow.compare.model import Kind, Limits, OverLimit

_DECLARATION = re.compile(r"<\?xml\s[^>]*\?>")
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# Elements whose text is a qualified name: SOAP 1.1 §4.4 and SOAP 1.2 part 1 §5.4.
_NAMING = frozenset(("faultcode", "{http://www.w3.org/2003/05/soap-envelope}Value"))
_SPACE = " \t\r\n"
_ATTRIBUTES = 1000
_MISMATCHED_TAG = 76  # libxml2's XML_ERR_TAG_NAME_MISMATCH


def parse(text: str, limits: Limits) -> Element | Unreadable:
    """The document of an XML text, or why it has none.

    Entity declarations are refused (bombs, external entities), nothing is ever loaded; OverLimit for what is
    nested too deep or has too many nodes.
    """
    if text.count("<") > 2 * limits.values:
        raise OverLimit(f"the XML has over {limits.values} nodes")
    declares = text.find("<!ENTITY")
    if declares != -1 and "<!DOCTYPE" in text[:declares]:
        return Unreadable(Kind.INVALID_BODY, "entity declarations are refused")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    document = _undeclared(text.strip())
    try:
        root = etree.fromstring(document.encode(), parser)
    except etree.XMLSyntaxError as error:
        return _refused(document, error)
    if any(len(node.attrib) > _ATTRIBUTES for node in root.iter(etree.Element)):
        raise OverLimit(f"the XML has an element of over {_ATTRIBUTES} attributes")
    return _document(root)


def _undeclared(text: str) -> str:
    """The text without its XML declaration: it is decoded already."""
    declared = _DECLARATION.match(text)
    return text[declared.end() :].lstrip() if declared else text


def _refused(document: str, error: etree.XMLSyntaxError) -> Unreadable:
    said = str(error)
    if "Excessive depth" in said:
        raise OverLimit("the XML is nested deeper than 256")
    last = document.rpartition("\n")[2]
    at_end = error.position[0] > document.count("\n") and error.position[1] > len(last)
    cut = at_end and error.code != _MISMATCHED_TAG and bool(document)
    return Unreadable(Kind.CUT_BODY if cut else Kind.INVALID_BODY, said)


def _document(root: etree._Element) -> Element:
    """The root element with the instructions around it."""
    before = [_instruction(node) for node in root.itersiblings(preceding=True)]
    after = [_instruction(node) for node in root.itersiblings()]
    return Element("", "", children=[*reversed(before), _converted(root), *after])


def _converted(root: etree._Element) -> Element:
    """Children first, without recursion."""
    made: dict[etree._Element, Element] = {}
    for event, node in etree.iterwalk(root, events=("end", "pi")):
        made[node] = _element(node, made) if event == "end" else _instruction(node)
    return made[root]


def _instruction(node: etree._Element) -> Element:
    target = str(getattr(node, "target", ""))
    return Element(f"?{target}", f"?{target}", children=[node.text] if node.text else [])


def _element(node: etree._Element, made: Mapping[etree._Element, Element]) -> Element:
    name, namespaces = str(node.tag), node.nsmap
    local = name.rpartition("}")[2]
    attributes = {str(key): str(value) for key, value in node.attrib.items()}
    if _XSI_TYPE in attributes:
        attributes[_XSI_TYPE] = _expanded(attributes[_XSI_TYPE], namespaces)
    children = _significant(_interleaved(node, made), preserved=_is_preserved(node))
    if name in _NAMING:
        children = [_expanded(child, namespaces) if isinstance(child, str) else child for child in children]
    labels = {key: _label(key, namespaces) for key in attributes if key.startswith("{")}
    return Element(name, f"{node.prefix}:{local}" if node.prefix else local, attributes, children, labels)


def _label(name: str, namespaces: Mapping[str | None, str]) -> str:
    namespace, _, local = name[1:].partition("}")
    prefixes = [prefix for prefix, bound in namespaces.items() if bound == namespace and prefix]
    return f"{prefixes[0] if prefixes else 'xml'}:{local}"


def _expanded(text: str, namespaces: Mapping[str | None, str]) -> str:
    """A qualified name in text, with its namespace in the prefix's place."""
    prefix, colon, local = text.strip().partition(":")
    namespace = namespaces.get(prefix) if colon else None
    return f"{{{namespace}}}{local}" if namespace else text


def _interleaved(node: etree._Element, made: Mapping[etree._Element, Element]) -> list[Node]:
    children: list[Node] = [node.text] if node.text else []
    for child in node:
        children.append(made[child])
        if child.tail:
            children.append(child.tail)
    return children


def _is_preserved(node: etree._Element) -> bool:
    """The nearest xml:space decides (XML 1.0 §2.10)."""
    found = next(
        (one.get(_XML_SPACE) for one in (node, *node.iterancestors()) if one.get(_XML_SPACE)), "default"
    )
    return found == "preserve"


def _significant(children: Sequence[Node], preserved: bool) -> list[Node]:
    """Without the space that only lays out: between elements alone, or a line break alone."""
    texts = [child for child in children if isinstance(child, str)]
    if preserved or any(text.strip(_SPACE) for text in texts):
        return list(children)
    if len(texts) == len(children) and not any("\n" in text for text in texts):
        return list(children)
    return [child for child in children if not isinstance(child, str)]
