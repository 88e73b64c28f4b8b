"""`banyan ramp`: start, pause, resume or abort the ramp of a route."""

from urllib.parse import quote

import click

from proxy.cli.control_client import CONTROL, ask
from proxy.cli.output import JSON, print_json


@click.command()
@click.argument("action", type=click.Choice(["start", "pause", "resume", "abort"]))
@click.argument("route")
@click.option("--reason", default="", metavar="R", help="Why: the audit keeps it.")
@CONTROL
@JSON
def ramp(action: str, route: str, reason: str, url: str, as_json: bool) -> None:
    """Drive the ramp of ROUTE; `banyan routes` shows how it gets on."""
    body = {"action": action, "reason": reason}
    made = ask(url, "POST", f"routes/{quote(route, safe='')}/ramp", json=body)
    if as_json:
        print_json(made)
    else:
        print(f"{route}: ramp {made['state']}: {made['reason']}")
