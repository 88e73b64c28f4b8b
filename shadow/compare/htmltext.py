"""HTML text → a tree without what does not matter: comments, space between blocks, quoting, spelling of
booleans.

Parsed as browsers do (the WHATWG algorithm, by lexbor), so omitted tags, void elements and entities are
settled.
"""

import re
from dataclasses import dataclass, field

import re2
from selectolax.lexbor import LexborHTMLParser, LexborNode

from shadow.compare.markup import Element, Node
from shadow.compare.model import Limits, OverLimit
from shadow.compare.words import words

_DOCTYPE = re.compile(r"(?:\s|(?><!--.*?-->))*+<!doctype\s+([^>]*)>", re.IGNORECASE | re.DOTALL)
_END = re.compile(r"</html\s*>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\n\f\r]+")  # the HTML standard's ASCII whitespace; no-break spaces are text
# A tag's attributes as §13.2.5.32 to 39 of the standard take them apart, whether it is closed or not.
_NAMED = r"""[^\s/>][^\s/>=]*(?:\s*=\s*(?:"[^"]*"?|'[^']*'?|[^\s"'>][^\s>]*))?"""
_TAG = re2.compile(rf"<[A-Za-z][^\s/>]*(?:[\s/]+|{_NAMED})*")
_ATTRIBUTE = re2.compile(_NAMED)
_ATTRIBUTES = 1000
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
# Elements that stand inside a line of text like a word, with lines of their own in them.
_BOXES = words("audio button canvas iframe meter object progress select svg textarea video")
# Other elements that stand inside a line of text: space in and beside them shows.
_INLINE = words(
    """
    a abbr acronym b bdi bdo big cite code data del dfn em embed font i img input ins kbd label map mark
    math output picture q rp rt ruby s samp small span strike strong sub sup time tt u var wbr
    """
)


def parse(text: str, limits: Limits) -> Element:
    """The document of an HTML text (every text is one); OverLimit if it is too large or nested too deep."""
    if text.count("<") > 2 * limits.values:
        raise OverLimit(f"the HTML has over {limits.values} nodes")
    _check_tags(text)
    root = LexborHTMLParser(text).root
    return Element("", "", children=[] if root is None else [_frozen(_draft(root, _Line(), False, 1))])


def _check_tags(text: str) -> None:
    """Refuse a tag of so many attributes that a parser, which looks for doubles among them, takes long."""
    for tag in _TAG.finditer(text):
        if len(tag[0]) > _ATTRIBUTES and sum(1 for _ in _ATTRIBUTE.finditer(tag[0])) > _ATTRIBUTES:
            raise OverLimit(f"the HTML has a tag of over {_ATTRIBUTES} attributes")


def has_end(text: str) -> bool:
    """Whether the document is ended as one that was written to its end is."""
    return _END.search(text) is not None


def doctype(text: str) -> str:
    """The document type declaration in one spelling, "" if there is none."""
    found = _DOCTYPE.match(text)
    return _SPACES.sub(" ", found[1]).strip().lower().replace("'", '"') if found else ""


_ATOMS = words("embed img input picture")


@dataclass(slots=True)
class _Words:
    """A text whose space is not settled yet."""

    text: str


@dataclass(slots=True)
class _Draft:
    name: str
    attributes: dict[str, str]
    children: "list[_Draft | _Words]" = field(default_factory=list)


class _Line:
    """A line of text across the elements in it: runs of space show as one, and at its ends not at all.

    CSS Text §4.1, for white-space: normal.
    """

    def __init__(self) -> None:
        self._spaced = True
        self._last: _Words | None = None

    def add(self, text: str) -> _Words:
        text = _SPACES.sub(" ", text)
        found = _Words(text.removeprefix(" ") if self._spaced else text)
        if found.text:
            self._spaced = found.text.endswith(" ")
            self._last = found
        return found

    def stand(self) -> None:
        """Something stands here that is no text: space on both sides of it shows."""
        self._spaced, self._last = False, None

    def end(self) -> None:
        """The line ends here, and another begins."""
        if self._last is not None:
            self._last.text = self._last.text.removesuffix(" ")
        self._spaced, self._last = True, None


def _draft(node: LexborNode, line: _Line, verbatim: bool, depth: int) -> _Draft:
    if depth > _DEPTH:
        raise OverLimit(f"the HTML is nested deeper than {_DEPTH}")
    draft = _Draft(str(node.tag), _attributes(node))
    within = _entered(draft.name, line)
    verbatim = verbatim or draft.name in _VERBATIM
    for child in _child_nodes(node):
        if child.is_element_node:
            draft.children.append(_draft(child, within, verbatim, depth + 1))
        elif child.is_text_node:
            draft.children.append(_text(child.text_content or "", draft.name, within, verbatim))
    _left(draft, line, within)
    return draft


def _text(text: str, inside: str, line: _Line, verbatim: bool) -> _Words:
    if inside in _CODE:
        return _Words(text.replace("\r\n", "\n").strip())
    return _Words(text) if verbatim else line.add(text)


def _entered(name: str, line: _Line) -> _Line:
    """The line that the content of an element stands in."""
    if name in _BOXES:
        return _Line()
    if not _is_inline(name):
        line.end()
    return line


def _left(draft: _Draft, line: _Line, within: _Line) -> None:
    if within is not line:
        within.end()
        line.stand()
    elif not _is_inline(draft.name):
        line.end()
    elif draft.name in _ATOMS and not _is_hidden_field(draft):
        line.stand()


def _is_hidden_field(draft: _Draft) -> bool:
    """Whether it takes no room in a line whatever its style says (HTML standard §15.3.1)."""
    return draft.name == "input" and draft.attributes.get("type", "").lower() == "hidden"


def _is_inline(name: str) -> bool:
    """Unknown elements with a dash in their name are custom ones: inline unless a style says otherwise."""
    return name in _INLINE or "-" in name or name in _CODE


def _child_nodes(node: LexborNode) -> list[LexborNode]:
    """The children, also those that a <template> keeps out of the document."""
    fragments = node.template_fragments() if node.tag == "template" else []
    child = fragments[0].first_child if fragments else node.first_child
    found = []
    while child is not None:
        found.append(child)
        child = child.next
    return found


def _attributes(node: LexborNode) -> dict[str, str]:
    return {name: "" if name in _BOOLEAN else value or "" for name, value in node.attributes.items()}


def _frozen(draft: _Draft) -> Element:
    """The element for good; text on both sides of a comment is one text."""
    children: list[Node] = []
    for child in draft.children:
        if isinstance(child, _Draft):
            children.append(_frozen(child))
        elif children and isinstance(last := children[-1], str):
            children[-1] = last + child.text
        elif child.text:
            children.append(child.text)
    return Element(draft.name, draft.name, draft.attributes, children)
