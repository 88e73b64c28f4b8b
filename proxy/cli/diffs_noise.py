"""`banyan diffs noise`: what varies by itself, as learned and as ruled."""

from typing import Any

import click
from rich.table import Table

from proxy.cli.control_client import CONTROL, ask
from proxy.cli.output import JSON, plain, print_json, screen

RULINGS = ("pinned", "forbidden", "learned")


@click.command()
@click.option("--route", metavar="ROUTE", help="Of this route.")
@click.option("--path", metavar="P", help="Rule about this path of it, as `diffs show` says it.")
@click.option("--as", "ruling", type=click.Choice(RULINGS), help="What the path is from now on.")
@click.option("--note", default="", metavar="N", help="Why: the audit keeps it.")
@CONTROL
@JSON
def noise(
    route: str | None, path: str | None, ruling: str | None, note: str, url: str, as_json: bool
) -> None:
    """List what varies by itself, or pin a path as noise, or forbid it to be."""
    if path is None and ruling is None:
        document = ask(url, "GET", "noise", params={"route": route} if route else {})
    elif route and path and ruling:
        body = {"route": route, "path": path, "ruling": ruling, "note": note}
        document = ask(url, "POST", "noise", json=body)
    else:
        raise click.UsageError("A ruling takes all of --route, --path and --as.")
    if as_json:
        print_json(document)
    else:
        screen().print(_table(document.get("noise", [document])))


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("route", "path", "noise", "ruling", "same side", "both sides"):
        table.add_column(name, no_wrap=name != "path")
    for one in found:
        counts = (f"{one[of]['differed']} of {one[of]['pairs']}" for of in ("same_side", "both_sides"))
        is_noise = "yes" if one["is_noise"] else "no"
        table.add_row(plain(one["route"]), plain(one["path"]), is_noise, one["ruling"] or "learned", *counts)
    return table
