"""Whole bodies, redacted as what they are; what cannot be read as that is redacted as text."""

import re
from dataclasses import dataclass
from itertools import zip_longest

from shadow.compare import charsets, codings, htmltext, jsontext, media, plaintext, xmltext
from shadow.compare.jsontext import Unreadable
from shadow.compare.markup import Element, outer
from shadow.compare.media import Form, MediaType
from shadow.compare.model import Limits, OverLimit
from shadow.compare.show import text_of
from shadow.compare.tables import column_labels
from shadow.redact.names import secret_of
from shadow.redact.places import Places
from shadow.redact.trees import TreeRedactor

_LIMITS = Limits(decoded=4 * 1024 * 1024)
_PART_NAME = re.compile(r"name\s*=\s*\"?([^\";\r\n]*)", re.IGNORECASE)
_HEADER = re.compile(r"[^\r\n,;\t|]{1,100}[,;\t|][^\r\n]{0,4000}[\r\n]")  # what a CSV's first line looks like
_FILE = re.compile(r"filename\s*\*?=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BodyRedactor:
    """Redacts the text of bodies, with what a route names of them."""

    tree: TreeRedactor
    places: Places

    def body(self, kind: MediaType, coded: list[str], body: bytes) -> str:
        """A request's or a response's body as text that may be kept."""
        content = codings.decode(body, coded, _LIMITS.decoded)
        if content.fault or (media.is_binary(kind) and not kind.type.startswith("multipart/")):
            return f"[{len(body)} bytes]"
        text = charsets.decode(content.data, kind.charset).text
        if kind.type.startswith("multipart/"):
            return self._multipart(text, kind.parameters.get("boundary", ""))
        if media.said(kind) is Form.FORM:
            return self._form(plaintext.form(text, _LIMITS))
        if media.said(kind) is Form.CSV:
            return self._table(plaintext.table(text, _LIMITS))
        return self.text(text)

    def text(self, text: str) -> str:
        """A text that may be a document: JSON, XML, HTML, or a CSV with a secret column."""
        start = text.lstrip("\ufeff \t\r\n")[:1]
        try:
            if start in ("{", "["):
                return self._json(text)
            if start == "<":
                return self._markup(text)
            if _HEADER.match(text):
                table = plaintext.table(text, _LIMITS)
                if any(secret_of([name]) for name in table.columns):
                    return self._table(table)
        except OverLimit:
            return f"[{len(text)} characters, too large or too deep to be redacted]"
        return self.tree.text(text)

    def _json(self, text: str) -> str:
        value = jsontext.parse(text.lstrip("\ufeff"), _LIMITS)
        if isinstance(value, Unreadable):
            return self.tree.text(text)
        return text_of(self.tree.json(value, (), self.places.root())) or ""

    def _markup(self, text: str) -> str:
        document = xmltext.parse(text, _LIMITS)
        if isinstance(document, Unreadable):
            document = htmltext.parse(text, _LIMITS)
        return "".join(outer(self.element(node)) for node in document.children if isinstance(node, Element))

    def element(self, node: Element) -> Element:
        root = self.places.root()
        state = root and root.step(node.label.rpartition(":")[2])
        return self.tree.element(node, (), state, columns=column_labels(node))

    def _form(self, fields: dict[str, list[str]]) -> str:
        root = self.places.root()
        pairs = [(name, value) for name, values in fields.items() for value in values]
        return "&".join(
            f"{self.tree.text(name)}={text_of(self.tree.json(value, [name], root and root.step(name)))}"
            for name, value in pairs
        )

    def _table(self, table: plaintext.Table) -> str:
        """The cells by the names of their columns."""
        lines = [table.said] if table.said else []
        lines += [self.tree.text(table.delimiter.join(table.columns))] if table.columns else []
        for row in table.rows:
            named = zip_longest(row, table.columns[: len(row)], fillvalue="")
            cells = [str(self.tree.json(cell, [name])) for cell, name in named]
            lines.append(self.tree.text(table.delimiter.join(cells)))
        return "".join(f"{line}\n" for line in lines)

    def _multipart(self, text: str, boundary: str) -> str:
        """The fields of a multipart/form-data body, each on a line; files by their size."""
        if not boundary:
            return f"[{len(text)} characters]"
        lines = []
        for part in plaintext.lines(text).split(f"--{boundary}")[1:]:
            head, _, content = part.partition("\n\n")
            if name := _PART_NAME.search(head):
                value = f"[{len(content)} characters]" if _FILE.search(head) else content.strip("\n")
                lines.append(self._form({name[1]: [value]}))
        return "\n".join(lines)
