"""`banyan demo`: hands over to demo/run.py, which only a checkout has."""

import os
import sys
from pathlib import Path

import click

RUN = Path(__file__).parents[2] / "demo" / "run.py"


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Legacy PHP app, modern service, proxy, traffic: the whole story in one terminal."""
    if not RUN.exists():
        raise click.ClickException(f"{RUN} is missing: the demo runs in a checkout, not from a wheel")
    # The same process goes on, so that Ctrl-C and signals reach the demo and nothing in between.
    os.execv(sys.executable, [sys.executable, str(RUN), *arguments])
