"""Options that several commands have."""

from pathlib import Path
from typing import Any

import click

from proxy.config.addresses import Address, address

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("routes.yaml"),
    envvar="BANYAN_CONFIG",
    show_default=True,
    help="The routes.yaml to use.",
)


class _AddressType(click.ParamType[Address]):
    name = "host:port"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        try:
            return address(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


ADDRESS = _AddressType()
