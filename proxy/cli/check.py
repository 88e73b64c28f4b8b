"""`banyan check` and `banyan schema`: routes.yaml for people, CI and editors."""

import os
import sys
from pathlib import Path

import click

from proxy.cli.output import JSON, REFUSED, print_json
from proxy.config.errors import ConfigError
from proxy.config.schema import json_schema
from proxy.config.watcher import load_file


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("routes.yaml"))
@click.option("--strict", is_flag=True, help="Make warnings errors.")
@JSON
def check(file: Path, strict: bool, as_json: bool) -> None:
    """Validate routes.yaml: every error with its line, or how many routes are in order."""
    loaded = load_file(file, os.environ)
    valid = loaded.snapshot is not None and not (strict and loaded.warnings)
    if as_json:
        findings = [_as_json(finding) for finding in (*loaded.errors, *loaded.warnings)]
        print_json({"valid": valid, "findings": findings})
    else:
        for finding in (*loaded.errors, *loaded.warnings):
            print(finding, file=sys.stderr)
        if valid and loaded.snapshot is not None:
            routes = len(loaded.snapshot.routes)
            print(f"{file}: {routes} route{'' if routes == 1 else 's'}, valid")
    if not valid:
        sys.exit(REFUSED)


@click.command()
def schema() -> None:
    """Print the JSON Schema of routes.yaml, for editors."""
    print_json(json_schema())


def _as_json(finding: ConfigError) -> dict[str, object]:
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "message": finding.message,
        "severity": finding.severity.name.lower(),
    }
