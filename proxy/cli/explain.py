"""`banyan explain`: which route, which backend, mirrored or not, and why."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from proxy.cli.control_client import ADDRESS, ask
from proxy.cli.options import CONFIG
from proxy.cli.output import JSON, give_up, print_json
from proxy.config.snapshot import Override, Snapshot
from proxy.config.units import PERCENT
from proxy.config.watcher import load_file
from proxy.decision.stages import Stage
from proxy.explanation import Explanation, NotARequest, request_head
from proxy.explanation import explain as explained

SHOWN = 12
"""Most candidates that the text shows; --json has them all."""


def _an_address(_: click.Context, __: click.Parameter, client: str) -> str:
    try:
        return str(ip_address(client))
    except ValueError:
        raise click.BadParameter(f"{client!r} is no IP address") from None


@click.command()
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", multiple=True, metavar="'K: V'", help="A header line; repeatable.")
@click.option("-d", "--data", metavar="BODY", help="A form body.")
@click.option(
    "--client", default="127.0.0.1", callback=_an_address, show_default=True, help="The client's IP address."
)
@click.option("--live", is_flag=True, help="By the flips in force too: asks the control plane.")
@ADDRESS("control")
@CONFIG
@JSON
def explain(
    method: str,
    url: str,
    headers: tuple[str, ...],
    data: str | None,
    client: str,
    live: bool,
    control: str,
    config: Path,
    as_json: bool,
) -> None:
    """Say what would become of METHOD URL, in the order in which it is decided."""
    loaded = load_file(config, os.environ)
    if loaded.snapshot is None:
        give_up("\n".join(map(str, loaded.errors)))
    try:
        head = request_head(method, url, headers, data, client)
    except NotARequest as error:
        give_up(str(error))
    snapshot = _in_force(loaded.snapshot, control) if live else loaded.snapshot
    explanation = explained(snapshot, head, (data or "").encode())
    if as_json:
        print_json({**_as_json(explanation), "live": live})
        return
    print("\n".join(_lines(explanation)))
    print(f"by:       routes.yaml {'and the flips in force' if live else 'alone; --live looks at flips too'}")


def _in_force(snapshot: Snapshot, control: str) -> Snapshot:
    """The file's snapshot with the flips of the running program over it."""
    routes = ask(control, "GET", "routes")["routes"]
    flipped = {
        route["id"]: Override(Stage(route["stage"]), round(route["weight"] * PERCENT))
        for route in routes
        if route["source"] == "override"
    }
    return snapshot.with_overrides(flipped)


def _as_json(explanation: Explanation) -> dict[str, Any]:
    document = {name: getattr(explanation, name) for name in explanation.__slots__}
    document["candidates"] = [
        {"route": candidate.route, "won": candidate.won, "lost": [str(loss) for loss in candidate.losses]}
        for candidate in explanation.candidates
    ]
    return document


def _lines(explanation: Explanation) -> Iterator[str]:
    yield "candidates, the most specific first:"
    for candidate in explanation.candidates[:SHOWN]:
        why = "; ".join(str(loss) for loss in candidate.losses) or "wins"
        yield f"  {'✓' if candidate.won else '·'} {candidate.route}: {why}"
    more = len(explanation.candidates) - SHOWN
    if more > 0:
        yield f"  … and {more} more"
    if not explanation.candidates:
        yield "  none: no route has a path that fits"
    where = f"{explanation.route} (line {explanation.line})" if explanation.route else "none; defaults.legacy"
    yield f"route:    {where}"
    weight = "" if explanation.weight is None else f", weight {explanation.weight:g}%"
    bucket = "" if explanation.bucket is None else f", bucket {explanation.bucket}"
    yield f"stage:    {explanation.stage}{weight}{bucket}"
    yield f"served:   by {explanation.side}, backend {explanation.backend} ({explanation.reason})"
    yield f"sent:     {explanation.method} {explanation.target}"
    mirrored = f"to {explanation.mirror}" if explanation.mirror else f"no ({explanation.mirror_skip})"
    yield f"mirrored: {mirrored}"
