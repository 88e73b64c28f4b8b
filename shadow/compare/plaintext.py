"""Bodies that are compared whole, and bodies that become JSON values to be compared: text, binary,
form, CSV.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

import re2

from shadow.compare.model import Json, Limits, OverLimit

_DELIMITERS = ",;\t|"
_CALL = re2.compile(r"\s*(?:/\*\*/)?\s*([\w$.\[\]'\"]+)\s*\(\s*([\[{](?s:.*)[\]}])\s*\)\s*;?\s*")
_SEPARATOR = re.compile(rf"sep=([{_DELIMITERS}])\n")  # what spreadsheets read before the header
_END = "\x04"  # a record behind the last: open quotes swallow it


def lines(text: str) -> str:
    """Text with every line end as \\n."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def first_difference(one: str, other: str) -> tuple[str, str, int]:
    """The first line that differs on each side ("" past the end), and its number from 1."""
    ones, others = one.split("\n"), other.split("\n")
    for number, (left, right) in enumerate(zip(ones, others, strict=False), start=1):
        if left != right:
            return left, right, number
    number = min(len(ones), len(others))
    return "\n".join(ones[number:]), "\n".join(others[number:]), number + 1


def digest(body: bytes) -> str:
    """What stands for a binary body in a difference."""
    return f"sha256:{hashlib.sha256(body).hexdigest()} ({len(body)} bytes)"


def form(text: str, limits: Limits) -> dict[str, list[str]]:
    """The values of each name of a form body, in order (the URL standard §5.1)."""
    if text.count("&") > limits.values:
        raise OverLimit(f"the form has over {limits.values} fields")
    fields: dict[str, list[str]] = {}
    for part in text.strip().split("&"):
        if part:
            name, _, value = part.partition("=")
            fields.setdefault(_decoded(name), []).append(_decoded(value))
    return fields


def _decoded(text: str) -> str:
    data = unquote_to_bytes(text.replace("+", " "))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="backslashreplace")  # no letters: another charset's are other bytes


def forms(one: dict[str, list[str]], other: dict[str, list[str]]) -> tuple[dict[str, Json], dict[str, Json]]:
    """Both forms as JSON objects: a name that stands once on both sides is a string, else a list."""
    single = {
        name for name in {*one, *other} if len(one.get(name, [""])) == 1 and len(other.get(name, [""])) == 1
    }
    return _object(one, single), _object(other, single)


def _object(fields: dict[str, list[str]], single: set[str]) -> dict[str, Json]:
    return {name: values[0] if name in single else list(values) for name, values in fields.items()}


def json_lines(text: str) -> list[str]:
    """The documents of a JSON Lines body, or of a JSON text sequence (RFC 7464)."""
    return [line for line in lines(text).replace("\x1e", "").split("\n") if line.strip()]


def call(text: str) -> tuple[str, str]:
    """The function and the argument of a script that is one call with an object or array (JSONP), or ""."""
    found = _CALL.fullmatch(text)
    return (found[1], found[2]) if found else ("", "")


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV body (RFC 4180): its delimiter, its column names (none without a header) and its records.

    cut: it ends within quotes. said: the line that names the delimiter, "" without one.
    """

    delimiter: str
    columns: list[str]
    rows: list[list[str]]
    cut: bool = False
    said: str = ""

    def headless(self) -> "Table":
        """The same with the header as the first record, and columns by number."""
        rows = [self.columns, *self.rows] if self.columns else self.rows
        return replace(self, columns=[], rows=rows)

    def records(self, without: Container[str] = ()) -> Json:
        """One object a record, by column; a cell beyond the header goes by its number."""
        return [{name: cell for name, cell in self._named(row) if name not in without} for row in self.rows]

    def _named(self, row: list[str]) -> Iterator[tuple[str, str]]:
        for number, cell in enumerate(row):
            yield self.columns[number] if number < len(self.columns) else str(number), cell


def table(text: str, limits: Limits) -> Table:
    """Read a CSV body; OverLimit for one with too many or too long cells."""
    if text.count("\n") + sum(text.count(mark) for mark in _DELIMITERS) > limits.values:
        raise OverLimit(f"the CSV has over {limits.values} cells")
    text = lines(text).rstrip("\n")
    said = _SEPARATOR.match(text)
    text = text[said.end() :] if said else text
    delimiter = said[1] if said else _delimiter(text)
    try:
        rows = [row for row in csv.reader(io.StringIO(f"{text}\n{_END}"), delimiter=delimiter) if row]
    except csv.Error as error:
        raise OverLimit(f"the CSV cannot be read: {error}") from None
    if cut := rows[-1] != [_END]:
        rows[-1][-1] = rows[-1][-1].removesuffix(f"\n{_END}")
    else:
        rows.pop()
    headed = bool(rows) and _is_header(rows[0])
    columns, records = (rows[0], rows[1:]) if headed else ([], rows)
    return Table(delimiter, columns, records, cut, f"sep={delimiter}" if said else "")


def _delimiter(text: str) -> str:
    """The separator of the first line, found outside of quotes."""
    bare = "".join(text.split("\n", 1)[0].split('"')[::2])
    counts = Counter(mark for mark in bare if mark in _DELIMITERS)
    return max(_DELIMITERS, key=lambda mark: (counts[mark], -_DELIMITERS.index(mark)))


def _is_header(row: list[str]) -> bool:
    """Names: none empty, none twice, none a number."""
    return len(set(row)) == len(row) and all(cell and not _is_number(cell) for cell in row)


def _is_number(cell: str) -> bool:
    return cell.strip().lstrip("+-").replace(".", "", 1).replace(",", "", 1).isdecimal()
