"""Commands that ask the running program: the control API, from the command line."""

import os
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple, NoReturn

import click
import httpx

from proxy.cli.output import UNREACHABLE, give_up

ADDRESS = partial(
    click.option,
    "--control",
    envvar="BANYAN_CONTROL",
    default="http://127.0.0.1:9900",
    show_default=True,
    help="The control plane's address.",
)
"""The option, for a parameter of the name that is given."""
CONTROL = ADDRESS("url")
TOKEN = "BANYAN_TOKEN"
"""Environment variable with the bearer token; a command line would show it to every user of the machine."""
MARK = "Banyan-Api"
"""A field of every answer of a control plane's API."""
REASON = click.option("--reason", required=True, metavar="R", help="Why: the audit keeps it.")


def ask(
    url: str, method: str, path: str, match: Mapping[str, str] | None = None, **arguments: Any
) -> dict[str, Any]:
    """The JSON that the control plane answers. Ends the command where it refuses or cannot be reached."""
    answer = _answer(url, method, path, match or {}, arguments)
    if answer.is_error:
        _refused(answer.document)
    return answer.document


def find(url: str, path: str) -> dict[str, Any] | None:
    """As `ask` with GET; None where the control plane has no such thing."""
    answer = _answer(url, "GET", path, {}, {})
    if answer.is_error and answer.document.get("status") != 404:
        _refused(answer.document)
    return None if answer.is_error else answer.document


class _Answer(NamedTuple):
    document: dict[str, Any]
    is_error: bool


def _refused(document: dict[str, Any]) -> NoReturn:
    give_up(f"{document.get('title', 'refused')}: {document.get('detail', 'the control plane says no more')}")


def _answer(
    url: str, method: str, path: str, match: Mapping[str, str], arguments: Mapping[str, Any]
) -> _Answer:
    token = os.environ.get(TOKEN)
    headers = {"User-Agent": f"banyan-cli/{version('banyan-proxy')}", **match}
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
    if MARK not in response.headers or not isinstance(document, dict):
        give_up(f"{url} does not answer as a control plane does", UNREACHABLE)
    return _Answer(document, response.is_error)
