"""The heads of columns in HTML tables."""

import pytest

from shadow.compare import htmltext, xmltext
from shadow.compare.markup import Element
from shadow.compare.model import Limits
from shadow.compare.tables import column_labels, labels_within


def parsed(table: str) -> Element:
    document = htmltext.parse(f"<!doctype html><body>{table}", Limits())
    assert isinstance(document, Element)
    return document


def cells(document: Element) -> dict[str, str]:
    """Text of each cell that a head names, and the head."""
    labels = column_labels(document)
    found, todo = {}, [document]
    while todo:
        element = todo.pop()
        if id(element) in labels:
            found[element.text or ""] = labels[id(element)]
        todo += [child for child in element.children if isinstance(child, Element)]
    return found


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("<table><tr><th>A<th>B<tr><td>1<td>2<tr><td>3</table>", {"1": "A", "2": "B", "3": "A"}),
        ("<table><thead><tr><td>A</thead><tbody><tr><td>1</tbody></table>", {"1": "A"}),
        ("<table><caption>C</caption><tr><th><b>A</b> <i>!</i><tr><td>1</table>", {"1": "A !"}),
        ("<table><tr><th colspan=2>A<th>B<tr><td>1<td>2<td>3</table>", {"1": "A", "2": "A", "3": "B"}),
        ("<table><tr><th>A<th>B<th>C<tr><td colspan=2>1<td>2</table>", {"1": "B", "2": "C"}),
        ("<table><tr><th>A<tr><td>1<td>2</table>", {"1": "A"}),
        ("<table><tr><td>A<tr><td>1</table>", {}),
        ("<table><tr><th>A<td>1<tr><th>B<td>2</table>", {}),
        ("<table></table><p>1</p>", {}),
        (f"<table><tr><th>{'<br>' * 100}A<th>B<tr><td>1<td>2</table>", {"1": "", "2": "B"}),
        (f"<table><tr><th colspan={'9' * 5000}>A<th>B<tr><td>1<td>2</table>", {"1": "A", "2": "B"}),
    ],
)
def test_a_cell_has_the_head_of_its_column(table: str, named: dict[str, str]) -> None:
    assert cells(parsed(table)) == named


def test_a_table_in_a_cell_has_heads_of_its_own() -> None:
    inner = "<table><tr><th>B<tr><td>1</table>"
    assert cells(parsed(f"<table><tr><th>A<tr><td>{inner}</table>")) == {"": "A", "1": "B"}


def test_tables_in_xml_have_heads_too() -> None:
    document = xmltext.parse("<table><tr><th>A</th></tr><tr><td>1</td></tr></table>", Limits())
    assert isinstance(document, Element)
    assert cells(document) == {"1": "A"}


def test_spans_are_bounded() -> None:
    row = "".join(f"<th colspan=999>{number}" for number in range(500))
    assert cells(parsed(f"<table><tr>{row}<tr><td colspan=999>x<td>y</table>")) == {"x": "0", "y": "1"}


def test_a_row_has_the_heads_of_all_its_cells_and_a_whole_table_has_them_in_it() -> None:
    document = parsed("<table><tr><th>A<th>B<tr><td>1<td>2</table>")
    labels, found, todo = column_labels(document), {}, [document]
    while todo:
        element = todo.pop()
        found.setdefault(element.name, []).append(
            sorted(filter(None, labels_within(element, labels).split("/")))
        )
        todo += [child for child in element.children if isinstance(child, Element)]
    assert found["tr"] == [["A", "B"], []] and found["table"] == found["td"][:1] == [[]]
    assert labels_within(document, {}) == ""
