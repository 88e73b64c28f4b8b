"""Tables of HTML: what a cell is, the head of its column says.

Nothing is compared differently for that; but whoever stores a difference has to know what the value is.
"""

from collections.abc import Iterator, Mapping
from itertools import islice, repeat
from typing import Final

from shadow.compare.markup import Element, Node
from shadow.compare.naming import text_label

_PARTS: Final = frozenset(("thead", "tbody", "tfoot"))
_ROWS: Final = _PARTS | {"tr"}
_MOST_COLUMNS: Final = 1000
_LONGEST_SPAN: Final = 3  # digits
_MOST_NODES: Final = 100


def column_labels(document: Element) -> dict[int, str]:
    """By the id of each cell the head of its column, for all tables in a document that have heads."""
    labels: dict[int, str] = {}
    todo = [document]
    while todo:
        element = todo.pop()
        if _name(element) == "table":
            labels.update(_labels_in(element))
        todo += _elements(element)
    return labels


def labels_within(element: Element, labels: Mapping[int, str]) -> str:
    """The heads of all cells in a row that is only on one side, or in a part of a table without them."""
    found: list[str] = []
    todo = [element] if labels and _name(element) in _ROWS else []
    while todo:
        inner = todo.pop()
        found.append(labels.get(id(inner), ""))
        todo += _elements(inner)
    return "/".join(dict.fromkeys(filter(None, found)))


def _labels_in(table: Element) -> Iterator[tuple[int, str]]:
    """Of the table's own rows; a table in one of its cells has heads of its own."""
    rows = _rows(table)
    first, is_head = next(rows, (None, False))
    if first is None or not is_head:
        return
    heads = [text_label(_text(cell)) for cell in _columns(first)]
    for row, _ in rows:
        yield from ((id(cell), head) for cell, head in zip(_columns(row), heads, strict=False))


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """Each row, and whether it can be one of heads."""
    for child in _elements(table):
        if _name(child) == "tr":
            yield child, _heads_only(child)
        elif _name(child) in _PARTS:
            rows = (row for row in _elements(child) if _name(row) == "tr")
            yield from ((row, _name(child) == "thead" or _heads_only(row)) for row in rows)


def _heads_only(row: Element) -> bool:
    return all(_name(cell) == "th" for cell in _elements(row))


def _columns(row: Element) -> Iterator[Element]:
    """The cell in each of a row's columns."""
    return islice((each for cell in _elements(row) for each in repeat(cell, _span(cell))), _MOST_COLUMNS)


def _span(cell: Element) -> int:
    """How many columns it takes."""
    said = cell.attributes.get("colspan", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= _LONGEST_SPAN else 1


def _text(head: Element) -> str:
    """Its text, also where it is a link that sorts by it; "" where a head holds too much to be one."""
    found: list[str] = []
    todo: list[Node] = [head]
    for _ in range(_MOST_NODES):
        if not todo:
            return "".join(found)
        node = todo.pop()
        if isinstance(node, str):
            found.append(node)
        else:
            todo += reversed(node.children)
    return ""


def _elements(parent: Element) -> list[Element]:
    return [child for child in parent.children if isinstance(child, Element)]


def _name(element: Element) -> str:
    return element.label.rpartition(":")[2].lower()
