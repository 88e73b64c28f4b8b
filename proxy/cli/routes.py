"""`banyan routes`: where every route stands, and how it fares."""

from typing import Any

import click
from rich.table import Table

from proxy.cli.control_client import CONTROL, ask
from proxy.cli.output import JSON, WIDE, plain, print_json, screen


@click.command()
@CONTROL
@JSON
def routes(url: str, as_json: bool) -> None:
    """Show the live table: stage, weight, file or override, traffic, errors, mismatches, ramp."""
    document = ask(url, "GET", "routes")
    if as_json:
        print_json(document)
        return
    console = screen()
    console.print(_table(document["routes"], narrow=console.width < WIDE))
    for route in document["routes"]:
        if route["ramp"]:
            console.print(plain(f"{route['id']}: ramp {_ramp(route['ramp'])}"))
    of = f"; traffic of {document['routes'][0]['traffic_of']}" if document["routes"] else ""
    console.print(f"version {document['version']}{of}", style="dim")
    if document["ledger"] != "ok":
        console.print(plain(document["ledger"]), style="yellow")
    if document.get("config_errors"):
        console.print("routes.yaml is not valid; the last good one stays in force:", style="yellow")
        for error in document["config_errors"]:
            console.print(plain(f"  {error}"), style="yellow")


def _table(routes: list[dict[str, Any]], narrow: bool) -> Table:
    """Where there is little room, without paths and latencies."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("route", "stage", "from") if narrow else ("route", "match", "stage", "from"):
        table.add_column(name, no_wrap=name != "route", overflow="fold")
    sides = ("legacy", "modern") if narrow else ("legacy", "p95 ms", "modern", "p95 ms")
    for name in (*sides, "5xx", "errors", "differ", "open"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    for route in routes:
        methods = ",".join(route["match"].get("methods", [])) or "*"
        match = () if narrow else (f"{methods} {route['match']['path']}",)
        table.add_row(route["id"], *match, *_place(route), *_figures(route, narrow))
    return table


def _ramp(ramp: dict[str, Any]) -> str:
    return f"{ramp['state'].replace('_', ' ')}: {ramp['reason']}"


def _place(route: dict[str, Any]) -> tuple[str, str]:
    stage = f"canary {route['weight']:g}%" if route["stage"] == "canary" else route["stage"]
    return stage, "flip" if route["source"] == "override" else "file"


def _figures(route: dict[str, Any], narrow: bool) -> list[str]:
    shown = []
    for side in ("legacy", "modern"):
        traffic = route["traffic"][side]
        shown += [str(traffic["requests"])] + ([] if narrow else [_number(traffic["p95_ms"])])
    failed = sum(traffic["server_errors"] for traffic in route["traffic"].values())
    shown += [str(failed), str(sum(route["errors"].values()))]
    return [*shown, str(route["verdicts"].get("mismatch", "")), str(route["diff_groups"]["groups"] or "")]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
