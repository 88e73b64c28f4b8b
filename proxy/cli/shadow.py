"""`banyan shadow`: the shadow worker alone."""

import asyncio
import sys
from pathlib import Path

import click

from proxy import shadow_alone
from proxy.cli.options import ADDRESS, CONFIG
from proxy.config.addresses import Address
from proxy.routes_file import Overrides
from proxy.start import StartError


@click.command(epilog="Options overrule routes.yaml.")
@CONFIG
@click.option("--ledger", help="URL of the ledger.")
@click.option("--status", type=ADDRESS, help="Where it answers /healthz and /metrics.")
def shadow(config: Path, ledger: str | None, status: Address | None) -> None:
    """Run the shadow worker alone, for containers: it replays and compares what the proxy hands over."""
    try:
        asyncio.run(shadow_alone.run(config, Overrides(ledger=ledger), status))
    except StartError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
