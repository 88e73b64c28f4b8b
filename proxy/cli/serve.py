"""`banyan serve`, and its parts alone: `banyan proxy`, `banyan control`."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path

import click

from proxy import control_alone
from proxy.cli.options import ADDRESS, CONFIG
from proxy.config.addresses import Address
from proxy.routes_file import Overrides
from proxy.serve import run
from proxy.start import StartError

_LISTEN = click.option("--listen", type=ADDRESS, help="Where clients come in.")
_CONTROL_LISTEN = click.option("--control-listen", type=ADDRESS, help="Where engineers and QA come in.")
_WORKERS = click.option("--workers", type=click.IntRange(1, 1024), help="Data-plane processes.")
_LEDGER = click.option("--ledger", help="URL of the ledger.")
_REDIS = click.option("--redis", help="URL of Redis.")
_DEBUG = click.option("--debug-headers", is_flag=True, default=None, help="Tell clients what was decided.")


@click.command(epilog="Options overrule routes.yaml.")
@CONFIG
@_LISTEN
@_CONTROL_LISTEN
@_WORKERS
@_LEDGER
@_REDIS
@_DEBUG
def serve(
    config: Path,
    listen: Address | None,
    control_listen: Address | None,
    workers: int | None,
    ledger: str | None,
    redis: str | None,
    debug_headers: bool | None,
) -> None:
    """Run data plane, shadow worker and control plane, supervised, in the foreground."""
    _run(config, Overrides(listen, control_listen, workers, ledger, redis, debug_headers), with_control=True)


@click.command(epilog="Options overrule routes.yaml.")
@CONFIG
@_LISTEN
@_WORKERS
@_LEDGER
@_REDIS
@_DEBUG
def proxy(
    config: Path,
    listen: Address | None,
    workers: int | None,
    ledger: str | None,
    redis: str | None,
    debug_headers: bool | None,
) -> None:
    """Run the data plane alone, for containers; server.status is where it answers health checks."""
    _run(config, Overrides(listen, None, workers, ledger, redis, debug_headers), with_control=False)


@click.command(epilog="Options overrule routes.yaml.")
@CONFIG
@_CONTROL_LISTEN
@_LEDGER
@_REDIS
def control(config: Path, control_listen: Address | None, ledger: str | None, redis: str | None) -> None:
    """Run the control plane alone, for containers: API, web pages, ramps."""
    wishes = Overrides(control_listen=control_listen, ledger=ledger, redis=redis)
    _until_the_end(control_alone.run(config, wishes))


def _run(config: Path, overrides: Overrides, with_control: bool) -> None:
    _until_the_end(run(config, overrides, with_control))


def _until_the_end(part: Coroutine[None, None, None]) -> None:
    try:
        asyncio.run(part)
    except StartError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
