"""`banyan routes`: where every route stands, and how it fares."""

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from proxy.cli.control_client import CONTROL, ask
from proxy.cli.output import JSON, plain, print_json


@click.command()
@CONTROL
@JSON
def routes(url: str, as_json: bool) -> None:
    """Show the live table: stage, weight, file or override, traffic, errors, mismatches, ramp."""
    document = ask(url, "GET", "routes")
    if as_json:
        print_json(document)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("route", "match", "stage", "weight", "from"):
        table.add_column(name, no_wrap=True)
    for name in ("legacy req", "p95 ms", "modern req", "p95 ms", "5xx", "errors", "mismatches", "open diffs"):
        table.add_column(name, justify="right")
    table.add_column("ramp")
    for route in document["routes"]:
        table.add_row(*_cells(route))
    Console().print(table)
    of = f"; traffic of {document['routes'][0]['traffic_of']}" if document["routes"] else ""
    Console().print(f"version {document['version']}{of}", style="dim")
    if document["ledger"] != "ok":
        Console().print(plain(document["ledger"]), style="yellow")


def _cells(route: dict[str, Any]) -> list[str | Text]:
    legacy, modern = route["traffic"]["legacy"], route["traffic"]["modern"]
    methods = ",".join(route["match"].get("methods", [])) or "*"
    return [
        route["id"],
        f"{methods} {route['match']['path']}",
        route["stage"],
        f"{route['weight']:g}%" if route["stage"] == "canary" else "",
        route["source"],
        str(legacy["requests"]),
        _number(legacy["p95_ms"]),
        str(modern["requests"]),
        _number(modern["p95_ms"]),
        str(legacy["server_errors"] + modern["server_errors"]),
        str(sum(route["errors"].values())),
        str(route["verdicts"].get("mismatch", "")),
        str(route["diff_groups"]["groups"] or ""),
        plain(f"{route['ramp']['state']}: {route['ramp']['reason']}" if route["ramp"] else ""),
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
