"""Commands that ask the running program: the control API, from the command line."""

import os
from typing import Any

import click
import httpx

from proxy.cli.output import UNREACHABLE, give_up

CONTROL = click.option(
    "--control",
    "url",
    envvar="BANYAN_CONTROL",
    default="http://127.0.0.1:9900",
    show_default=True,
    help="The control plane's address.",
)
TOKEN = "BANYAN_TOKEN"
"""Environment variable with the bearer token; a command line would show it to every user of the machine."""


def ask(url: str, method: str, path: str, **arguments: Any) -> Any:
    """The JSON that the control plane answers. Ends the command where it refuses or cannot be reached."""
    token = os.environ.get(TOKEN)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        response = httpx.request(
            method,
            f"{url.rstrip('/')}/api/v1/{path}",
            headers=headers,
            timeout=30,
            trust_env=False,
            **arguments,
        )
        document = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        give_up(f"cannot reach the control plane at {url}: {error}", UNREACHABLE)
    except ValueError:
        give_up(f"{url} does not answer as a control plane does", UNREACHABLE)
    if response.is_error:
        give_up(f"{document.get('title', 'refused')}: {document.get('detail', response.text)}")
    return document
