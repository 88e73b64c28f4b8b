"""What a measurement says: rows, targets and remarks, as aligned text or as JSON."""

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A promise held against its figure. `met` is None when it was not measured: then it is not kept."""

    what: str
    wanted: str
    measured: str
    met: bool | None

    def verdict(self) -> str:
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]


@dataclass(frozen=True, slots=True)
class Report:
    """One table. Columns starting with `<` are aligned left, others right; `data` is for --json alone."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    targets: Sequence[Target] = ()
    remarks: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(target.met for target in self.targets)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def at_least(what: str, value: float | None, floor: float, unit: str = "×") -> Target:
    """The figure has to reach `floor`."""
    measured = "–" if value is None else f"{value:,.2f}{unit}"
    return Target(what, f"≥ {floor:g}{unit}", measured, None if value is None else value >= floor)


def below(what: str, value: float | None, ceiling: float, unit: str) -> Target:
    """The figure has to stay under `ceiling`."""
    measured = "–" if value is None else f"{value:,.4g}{unit}"
    return Target(what, f"< {ceiling:,.4g}{unit}", measured, None if value is None else value < ceiling)


def render(report: Report) -> str:
    """The report as text: title, table, targets, remarks."""
    parts = [f"== {report.title}"]
    if report.rows:
        parts += ["", *table(report.columns, report.rows)]
    if report.targets:
        rows = [(t.what, t.wanted, t.measured, t.verdict()) for t in report.targets]
        parts += ["", *table(["<target", "wanted", "measured", "<"], rows)]
    if report.remarks:
        parts += ["", *(f"  {remark}" for remark in report.remarks)]
    return "\n".join(parts) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table whose columns are as wide as their widest cell."""
    left = [name.startswith("<") for name in columns]
    lines = [[name.removeprefix("<") for name in columns], *rows]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(columns))]
    rule = ["─" * width for width in widths]
    return [
        "  ".join(
            _pad(cell, width, flush) for cell, width, flush in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in (lines[0], rule, *lines[1:])
    ]


def _width(text: str) -> int:
    """Columns on a terminal: combining marks take none, wide characters two."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _pad(text: str, width: int, flush_left: bool) -> str:
    space = " " * (width - _width(text))
    return text + space if flush_left else space + text
