"""`banyan audit`: who changed what, when, why."""

import click
from rich.table import Table

from proxy.cli.control_client import CONTROL, ask
from proxy.cli.output import JSON, local_time, plain, print_json, screen

COLUMNS = ("time", "who", "by", "route", "action", "from", "to", "why")


@click.command()
@click.option("--route", metavar="ROUTE", help="Of this route alone.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Newest entries.")
@click.option("--cursor", type=click.IntRange(1), metavar="N", help="Go on from an earlier page's `next`.")
@CONTROL
@JSON
def audit(route: str | None, limit: int, cursor: int | None, url: str, as_json: bool) -> None:
    """Show who changed what, when and why, the newest first."""
    wanted = {"route": route, "limit": limit, "cursor": cursor}
    query = {name: value for name, value in wanted.items() if value is not None}
    document = ask(url, "GET", "audit", params=query)
    if as_json:
        print_json(document)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in COLUMNS:
        table.add_column(name, no_wrap=name == "time", overflow="fold")
    for entry in document["entries"]:
        keys = ("actor", "source", "route", "action", "was", "became", "reason")
        table.add_row(local_time(entry["time"]), *(plain(entry[key]) for key in keys))
    console = screen()
    console.print(table)
    if document["next"] is not None:
        console.print(f"more: --cursor {document['next']}", style="dim")
