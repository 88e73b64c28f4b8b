"""Short ways to write a routes.yaml in a test, and to read what `banyan check` would say of it."""

from textwrap import dedent

from proxy.config.loading import Loaded, load
from proxy.config.snapshot import Snapshot

HEAD = """\
version: 1
backends:
  legacy: {url: "http://127.0.0.1:8081"}
  payments: {url: "http://127.0.0.1:8082"}
"""
"""Four lines with which a file is valid; what a test adds begins on line 5."""


def loaded(text: str | bytes, **environment: str) -> Loaded:
    return load(text, "routes.yaml", environment)


def errors(text: str | bytes, **environment: str) -> list[str]:
    """The errors of a whole file."""
    return [str(error) for error in loaded(text, **environment).errors]


def errors_below(text: str, **environment: str) -> list[str]:
    """The errors of HEAD followed by this text."""
    return errors(HEAD + dedent(text), **environment)


def warnings_below(text: str) -> list[str]:
    """The warnings of HEAD followed by this text, which must be without errors; inactive keys left out."""
    result = loaded(HEAD + dedent(text))
    assert result.errors == ()
    return [str(one) for one in result.warnings if one.message != "accepted, not yet active"]


def snapshot(text: str, **environment: str) -> Snapshot:
    """The snapshot of HEAD followed by this text, which must be without errors."""
    result = loaded(HEAD + dedent(text), **environment)
    assert result.errors == ()
    assert result.snapshot is not None
    return result.snapshot


def route(keys: str = "", match: str = "{path: /a}") -> str:
    """A `routes` section with one route, from line 5 on; `keys` are flow-style, as `stage: modern`."""
    return f"routes:\n  - {{id: a, match: {match}{', ' + keys if keys else ''}}}\n"
