"""HTML text → a tree without what does not matter: comments, space between blocks, quoting, spelling of
booleans.

Parsed as browsers do (the WHATWG algorithm, by lexbor), so omitted tags, void elements and entities are
settled.
"""

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from shadow.compare.findings import OverLimit
from shadow.compare.markup import Element, Node
from shadow.compare.model import Limits
from shadow.compare.words import words

_DOCTYPE = re.compile(r"(?:\s|<!--.*?-->)*<!doctype\s+([^>]*)>", re.IGNORECASE | re.DOTALL)
_SPACES = re.compile(r"[ \t\n\f\r]+")  # the HTML standard's ASCII whitespace; no-break spaces are text
_VERBATIM = frozenset(("pre", "textarea", "listing", "plaintext"))
_CODE = frozenset(("script", "style"))
_DEPTH = 256  # as libxml2 has it for XML
# The HTML standard's boolean attributes: present is true, whatever the value.
_BOOLEAN = words(
    """
    allowfullscreen async autofocus autoplay checked controls default defer disabled formnovalidate
    hidden inert ismap itemscope loop multiple muted nomodule novalidate open playsinline readonly
    required reversed selected shadowrootclonable shadowrootdelegatesfocus shadowrootserializable
    """
)
# Elements that stand inside a line of text: space beside them shows.
_INLINE = words(
    """
    a abbr acronym audio b bdi bdo big button canvas cite code data del dfn em embed font i iframe img
    input ins kbd label map mark math meter object output picture progress q rp rt ruby s samp select
    small span strike strong sub sup svg textarea time tt u var video wbr
    """
)


def parse(text: str, limits: Limits) -> Element:
    """The document of an HTML text (every text is one); OverLimit if it is too large or nested too deep."""
    if text.count("<") > 2 * limits.values:
        raise OverLimit(f"the HTML has over {limits.values} nodes")
    root = LexborHTMLParser(text).root
    return Element("", "", children=[_converted(root)] if root is not None else [])


def doctype(text: str) -> str:
    """The document type declaration in one spelling, "" if there is none."""
    found = _DOCTYPE.match(text)
    return _SPACES.sub(" ", found[1]).strip().lower().replace("'", '"') if found else ""


def _converted(node: LexborNode, verbatim: bool = False, depth: int = 1) -> Element:
    if depth > _DEPTH:
        raise OverLimit(f"the HTML is nested deeper than {_DEPTH}")
    name = str(node.tag)
    verbatim = verbatim or name in _VERBATIM
    children: list[Node] = []
    for child in _child_nodes(node):
        if child.is_element_node:
            children.append(_converted(child, verbatim, depth + 1))
        elif child.is_text_node:
            _append_text(children, child.text_content or "")
    if name in _CODE:
        children = [code for child in children if isinstance(child, str) and (code := _code(child))]
    elif not verbatim:
        children = _flowed(children, inside=name)
    return Element(name, name, _attributes(node), children)


def _child_nodes(node: LexborNode) -> list[LexborNode]:
    """The children, also those that a <template> keeps out of the document."""
    fragments = node.template_fragments() if node.tag == "template" else []
    child = fragments[0].first_child if fragments else node.first_child
    found = []
    while child is not None:
        found.append(child)
        child = child.next
    return found


def _append_text(children: list[Node], text: str) -> None:
    """Text on both sides of a comment is one text."""
    if children and isinstance(last := children[-1], str):
        children[-1] = last + text
    else:
        children.append(text)


def _attributes(node: LexborNode) -> dict[str, str]:
    return {name: "" if name in _BOOLEAN else value or "" for name, value in node.attributes.items()}


def _code(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _flowed(children: Sequence[Node], inside: str) -> list[Node]:
    """Text as it shows: runs of space are one, and there is none at a block's edge or a line break."""
    found: list[Node] = []
    for index, child in enumerate(children):
        if not isinstance(child, str):
            found.append(child)
            continue
        text = _SPACES.sub(" ", child)
        if _breaks(children[index - 1] if index else None, inside):
            text = text.removeprefix(" ")
        if _breaks(children[index + 1] if index + 1 < len(children) else None, inside):
            text = text.removesuffix(" ")
        if text:
            found.append(text)
    return found


def _breaks(neighbour: Node | None, inside: str) -> bool:
    """Whether a line begins or ends between a text and its neighbour (none: its parent's edge)."""
    if isinstance(neighbour, str):
        return False
    name = inside if neighbour is None else neighbour.name
    return name not in _INLINE and "-" not in name
