"""`banyan explain`: which route, which backend, mirrored or not, and why."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from proxy.cli.options import CONFIG
from proxy.cli.output import JSON, give_up, print_json
from proxy.config.watcher import load_file
from proxy.explanation import Explanation, NotARequest, request_head
from proxy.explanation import explain as explained

SHOWN = 12
"""Most candidates that the text shows; --json has them all."""


@click.command()
@click.argument("method")
@click.argument("url")
@click.option("-H", "--header", "headers", multiple=True, metavar="'K: V'", help="A header line; repeatable.")
@click.option("-d", "--data", metavar="BODY", help="A form body.")
@click.option("--client", default="127.0.0.1", show_default=True, help="The client's IP address.")
@CONFIG
@JSON
def explain(
    method: str,
    url: str,
    headers: tuple[str, ...],
    data: str | None,
    client: str,
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
    explanation = explained(loaded.snapshot, head, (data or "").encode())
    if as_json:
        print_json(_as_json(explanation))
    else:
        print("\n".join(_lines(explanation)))


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
