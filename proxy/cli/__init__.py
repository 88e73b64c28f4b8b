"""The command line: one thin module per command group; what they do lives elsewhere."""

import importlib
from collections.abc import Mapping

import click

COMMANDS: Mapping[str, str] = {
    "serve": "proxy.cli.serve",
    "proxy": "proxy.cli.serve",
    "shadow": "proxy.cli.shadow",
    "control": "proxy.cli.serve",
    "check": "proxy.cli.check",
    "schema": "proxy.cli.check",
    "explain": "proxy.cli.explain",
    "routes": "proxy.cli.routes",
    "flip": "proxy.cli.flip",
    "rollback": "proxy.cli.flip",
    "ramp": "proxy.cli.ramp",
    "diffs": "proxy.cli.diffs",
    "audit": "proxy.cli.audit",
    "ledger": "proxy.cli.ledger",
    "demo": "proxy.cli.demo",
}
"""Which module holds which command; only that one is imported, for a quick start."""


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="banyan-proxy", prog_name="banyan")
def main() -> None:
    """Move a legacy PHP application to new services, endpoint by endpoint, with proof."""
