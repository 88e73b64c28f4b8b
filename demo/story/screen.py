"""What the demo says, in plain words: with colour and progress at a terminal, without them in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape


class Screen:
    """The one place that prints."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def title(self, text: str) -> None:
        """A new chapter."""
        self._console.print(f"\n[bold green]{escape(text)}[/]")

    def say(self, text: str) -> None:
        """A sentence of the story."""
        self._console.print(escape(text))

    def note(self, text: str) -> None:
        """Something by the way."""
        self._console.print(f"[dim]{escape(text)}[/]")

    @contextmanager
    def doing(self, text: str) -> Iterator[None]:
        """Shows that something is going on, and then that it is done, with the time it took."""
        began = time.monotonic()
        with self._console.status(escape(text)):
            yield
        self.good(f"{text} [{time.monotonic() - began:.1f} s]")

    def good(self, text: str) -> None:
        """Something that is as it should be."""
        self._console.print(f"  [green]✓[/] {escape(text)}")

    def bad(self, text: str) -> None:
        """Something that is not."""
        self._console.print(f"  [bold red]✗[/] {escape(text)}")

    def names(self, rows: list[tuple[str, str]]) -> None:
        """Names and what they stand for."""
        for name, value in rows:
            self._console.print(f"  [bold]{escape(name):<22}[/] {escape(value)}")
