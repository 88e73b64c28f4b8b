"""How commands answer: text for people, one JSON document for programs, and the exit codes."""

import json
import os
import sys
from datetime import datetime
from typing import Any, NoReturn, TextIO

import click
from rich.console import Console
from rich.text import Text

REFUSED = 1
"""Refused, or invalid."""
UNREACHABLE = 3
"""The control plane cannot be reached. (2 is click's own, for wrong usage.)"""

WIDE = 120
"""Columns that whole tables need; a terminal with fewer gets less of them."""
_UNBOUNDED = 1000
"""Columns for a pipe or a file: there a table is as wide as what it says."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def screen() -> Console:
    """Where text for people goes. A program that reads it gets every line whole."""
    return Console() if sys.stdout.isatty() or "COLUMNS" in os.environ else Console(width=_UNBOUNDED)


def print_json(document: Any, output: TextIO | None = None) -> None:
    """To standard output, or to a file."""
    print(json.dumps(document, indent=2, ensure_ascii=False), file=output)


def give_up(words: str, code: int = REFUSED) -> NoReturn:
    """Say on standard error why nothing came of it, and end."""
    print(words, file=sys.stderr)
    sys.exit(code)


def plain(text: object) -> Text:
    """Text as it is, for a table: what others wrote may look like markup, or steer a terminal."""
    return Text("".join(char if char.isprintable() or char == "\n" else "�" for char in str(text)))


def local_time(text: str) -> str:
    """An instant of the API on this machine's clock, to the second, with its zone: the pages speak UTC."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S%z}"
