"""`banyan ledger`: the tables that flips, ramps and differences are kept in."""

import os
from pathlib import Path

import click

from proxy.cli.options import CONFIG
from proxy.cli.output import JSON, give_up, print_json
from proxy.config.watcher import load_file
from proxy.ledger import BadLedgerUrl, LedgerUnavailable, migrate
from proxy.ledger.migrate import LedgerTooNew

_URL = click.option("--ledger", "url", help="URL of the ledger, in place of the one in routes.yaml.")


@click.group()
def ledger() -> None:
    """Make or upgrade the ledger's tables. A SQLite ledger is upgraded by `banyan serve` itself."""


@ledger.command()
@CONFIG
@_URL
@JSON
def upgrade(config: Path, url: str | None, as_json: bool) -> None:
    """Bring the tables up to what this version needs; run it once before a new version serves."""
    try:
        made = migrate.upgrade(_url(config, url))
    except (BadLedgerUrl, LedgerUnavailable, LedgerTooNew) as error:
        give_up(str(error))
    if as_json:
        print_json({"made": list(made)})
        return
    for title in made:
        print(title)
    print("the ledger is up to date" if not made else f"{len(made)} upgrade(s) made")


@ledger.command()
@CONFIG
@_URL
@JSON
def status(config: Path, url: str | None, as_json: bool) -> None:
    """How far the tables are; exit 1 where an upgrade is due, or where they are too new for this version."""
    try:
        found = migrate.status(_url(config, url))
    except (BadLedgerUrl, LedgerUnavailable) as error:
        give_up(str(error))
    if as_json:
        print_json({"current": found.current, "latest": found.latest, "pending": list(found.pending)})
    elif found.is_newer:
        print(f"the ledger is at {found.current}; this version of Banyan ends at {found.latest}")
    else:
        print("\n".join(f"pending: {title}" for title in found.pending) or "the ledger is up to date")
    if found.pending or found.is_newer:
        raise SystemExit(1)


def _url(config: Path, url: str | None) -> str:
    """The ledger's URL: the option's, else the file's."""
    if url is not None:
        return url
    loaded = load_file(config, os.environ)
    if loaded.snapshot is None:
        give_up("\n".join(str(error) for error in loaded.errors))
    return loaded.snapshot.config.ledger
