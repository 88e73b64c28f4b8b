"""How differences look in a terminal. Whatever clients or backends sent is shown as text, never as markup."""

from collections.abc import Iterable
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from proxy.cli.output import local_time, plain
from proxy.control.curl import curl_line

_STYLES = {
    **{"critical": "bold red", "major": "yellow", "minor": "cyan"},
    **{"mismatch": "red", "failed": "magenta", "inconclusive": "yellow", "match": "green"},
    **{"bug": "red", "expected": "green", "noise": "dim", "open": "bold"},
}
_SHOWN = 3
"""Differences that a line names."""


def diff_line(diff: dict[str, Any]) -> Text:
    """One exchange in one line."""
    statuses = f"{diff['primary']['status'] or '-'}/{diff['shadow']['status'] or '-'}"
    said = [one for one in diff["differences"] if not one["noise"]]
    places = ", ".join(f"{one['path']} {one['kind']}" for one in said[:_SHOWN])
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    line = Text(f"{local_time(diff['time'])} {diff['id']} ")
    line.append(f"{diff['verdict']:<12} ", _STYLES.get(diff["verdict"], ""))
    line.append_text(plain(f"{diff['route']} {diff['method']} {diff['target']} {statuses} "))
    return line.append_text(plain(places + more or diff["reason"] or ""))


SIGNATURE = 16
"""Letters of a signature: cut, it would be of no use."""


def groups_table(groups: Iterable[dict[str, Any]], narrow: bool) -> Table:
    """One line a group, in the order given; where there is little room, without when it was last seen."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    seen = () if narrow else ("last seen",)
    for name in ("signature", "severity", "said", "count", *seen, "route", "what differs"):
        table.add_column(
            name,
            no_wrap=name not in ("route", "what differs"),
            min_width=len(name) if name != "signature" else SIGNATURE,
            overflow="fold",
            justify="right" if name == "count" else "left",
        )
    for group in groups:
        said = "open" if group["open"] else group["verdict"]
        places = [f"{one['path']} {one['kind']}" for one in group["differences"] if not one["noise"]]
        table.add_row(
            group["signature"],
            _word(group["severity"]),
            _word(said),
            str(group["count"]),
            *(() if narrow else (local_time(group["last_seen"]),)),
            plain(group["route"]),
            plain(", ".join(places[:_SHOWN]) + (" …" if len(places) > _SHOWN else "")),
        )
    return table


def mirrored_line(mirrored: dict[str, dict[str, int]]) -> str:
    """What was compared and what was left out, in one line; "" where nothing is known of that."""
    parts = (("compared", mirrored["verdicts"]), ("left out", mirrored["skipped"]))
    return "; ".join(
        f"{what}: " + ", ".join(f"{amount} {word}" for word, amount in counts.items())
        for what, counts in parts
        if counts
    )


def group_page(group: dict[str, Any]) -> list[RenderableType]:
    """A group, what was said of it, and its newest exchange."""
    head = Text.assemble(
        (group["signature"], "bold"), "  ", _word(group["severity"]), f"  on {group['route']}"
    )
    seen = (
        f"seen {group['count']} times, {local_time(group['first_seen'])} to {local_time(group['last_seen'])}"
    )
    said = plain(
        f"{group['verdict']} by {group['triaged_by']}: {group['note']}" if group["verdict"] else "open"
    )
    newest = shown_diff(group["samples"][0]) if group["samples"] else [difference_table(group["differences"])]
    return [head, Text(seen), said, Text(), *newest]


def shown_diff(diff: dict[str, Any]) -> list[RenderableType]:
    """One exchange: the request as a curl line, both sides, what differs."""
    head = Text.assemble((diff["id"], "bold"), f"  {local_time(diff['time'])}  ", _word(diff["verdict"]))
    lines: list[RenderableType] = [head]
    if diff["reason"]:
        lines.append(plain(diff["reason"]))
    lines += [plain(curl_line(diff)), Text(), _sides(diff), Text(), difference_table(diff["differences"])]
    if diff.get("omitted"):
        lines.append(Text(f"and {diff['omitted']} more differences", "dim"))
    lines += [
        plain(f"hint: {hint}") for hint in {one["hint"]: 0 for one in diff["differences"] if "hint" in one}
    ]
    return lines


def replayed(diff: dict[str, Any], outcome: dict[str, Any]) -> list[RenderableType]:
    """What became of an exchange that was sent again."""
    if outcome["gone"]:
        return [Text(f"{diff['id']}: gone; both sides answer alike where they differed", "green")]
    doubt = outcome["reason"]
    head = plain(f"{diff['id']}: not to be told: {doubt}" if doubt else f"{diff['id']}: still there")
    head.stylize("yellow" if doubt else "red")
    return [head, *([difference_table(outcome["differences"])] if outcome["differences"] else [])]


def difference_table(differences: Iterable[dict[str, Any]]) -> Table:
    """Both sides beside each other; what is noise is dim."""
    table = Table(pad_edge=False, header_style="bold")
    for name, share in (("where", 2), ("kind", 1), ("severity", 1), ("primary", 3), ("shadow", 3)):
        table.add_column(name, ratio=share, overflow="fold")
    for one in differences:
        where = one["path"] if one["where"] == one["path"] else f"{one['where']} {one['path']}"
        primary, shadow = _value(one["primary"], "green"), _value(one["shadow"], "red")
        style = "dim" if one["noise"] else ""
        severity = Text("noise") if one["noise"] else _word(one["severity"])
        table.add_row(plain(where), Text(one["kind"]), severity, primary, shadow, style=style)
    return table


def _sides(diff: dict[str, Any]) -> Table:
    table = Table("side", "backend", "status", "ms", "bytes", "error", box=None, pad_edge=False)
    for side in ("primary", "shadow"):
        seen = diff[side]
        cells = (seen[key] for key in ("backend", "status", "ms", "bytes", "error"))
        table.add_row(side, *(plain("" if cell is None else cell) for cell in cells))
    return table


def _value(value: object, style: str) -> Text:
    if value is None:
        return Text("absent", "dim italic")
    text = plain(value)
    text.stylize(style)
    return text


def _word(word: str) -> Text:
    return Text(word, _STYLES.get(word, ""))
