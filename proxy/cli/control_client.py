"""Commands that ask the running program: the control API, from the command line."""

import os
from collections.abc import Mapping
from importlib.metadata import version
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
REASON = click.option("--reason", required=True, metavar="R", help="Why: the audit keeps it.")


def ask(
    url: str, method: str, path: str, match: Mapping[str, str] | None = None, **arguments: Any
) -> dict[str, Any]:
    """The JSON that the control plane answers. Ends the command where it refuses or cannot be reached."""
    token = os.environ.get(TOKEN)
    headers = {"User-Agent": f"banyan-cli/{version('banyan-proxy')}", **(match or {})}
    if token:
        headers["Authorization"] = f"Bearer {token}"
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
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        give_up(f"cannot reach the control plane at {url}: {error}", UNREACHABLE)
    except ValueError:
        give_up(f"{url} does not answer as a control plane does", UNREACHABLE)
    if not isinstance(document, dict):
        give_up(f"{url} does not answer as a control plane does", UNREACHABLE)
    if response.is_error:
        give_up(f"{document.get('title', 'refused')}: {document.get('detail', response.text)}")
    return document
