"""`banyan diffs`: what shadowing found, for whoever reviews it in a terminal."""

import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO
from urllib.parse import quote

import click

from proxy.cli.control_client import CONTROL, ask, find
from proxy.cli.diffs_export import CSV, JSONL, JUNIT, csv_rows, json_lines, junit
from proxy.cli.diffs_noise import noise
from proxy.cli.diffs_text import diff_line, group_page, groups_table, mirrored_line, replayed, shown_diff
from proxy.cli.output import JSON, REFUSED, WIDE, give_up, print_json, screen

PAGE = 500
"""Differences that are asked for at once."""
FOLLOW_EVERY = 1.0
"""Seconds between two looks with --follow."""

_FILTERS = (
    click.option("--route", metavar="ROUTE", help="Of this route."),
    click.option("--verdict", metavar="V", help="mismatch, inconclusive, failed, …"),
    click.option("--kind", metavar="K", help="With a difference of this kind: changed, missing, extra, …"),
    click.option("--path", metavar="P", help="With a difference at this path; [*] is any index."),
    click.option("--signature", metavar="S", help="Of this group."),
    click.option("--since", metavar="T", help="From then on: an instant, or how long ago, as in 2h."),
    click.option("--until", metavar="T", help="Before then."),
)


def _filters(command: Any) -> Any:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group()
def diffs() -> None:
    """Review what differs between the two sides."""


diffs.add_command(noise)


@diffs.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="So many, the newest.")
@click.option("--follow", is_flag=True, help="Go on with those that come, until Ctrl-C.")
@CONTROL
@JSON
def list_(limit: int, follow: bool, url: str, as_json: bool, **filters: str | None) -> None:
    """List single exchanges, the newest first; with --follow the newest last, as JSON one a line."""
    query = _given(filters)
    if follow:
        for diff in _follow(url, query, limit):
            _print_line(diff, as_json)
        return
    found = list(_pages(url, query, limit))
    if as_json:
        print_json({"diffs": found})
        return
    for diff in found:
        _print_line(diff, as_json=False)
    if not found:
        print("nothing differs, or nothing that was asked for")


@diffs.command()
@click.option("--route", metavar="ROUTE", help="Of this route.")
@click.option("--open", "only_open", is_flag=True, help="Those alone that nobody has judged.")
@click.option("--limit", type=click.IntRange(1, 500), default=30, show_default=True)
@CONTROL
@JSON
def groups(route: str | None, only_open: bool, limit: int, url: str, as_json: bool) -> None:
    """List bugs, one line each: what to look at first comes first."""
    query = _given({"route": route, "state": "open" if only_open else None, "limit": str(limit)})
    document = ask(url, "GET", "diff-groups", params=query)
    if as_json:
        print_json(document)
    else:
        console = screen()
        console.print(groups_table(document["groups"], narrow=console.width < WIDE))
        console.print(f"{len(document['groups'])} of {document['total']} groups", style="dim")
        console.print(mirrored_line(document["mirrored"]), style="dim")


@diffs.command()
@click.argument("which", metavar="ID|SIGNATURE")
@CONTROL
@JSON
def show(which: str, url: str, as_json: bool) -> None:
    """Show one exchange, or a group with its newest exchange, side by side."""
    exchange = find(url, f"diffs/{quote(which, safe='')}")
    document = exchange or ask(url, "GET", f"diff-groups/{quote(which, safe='')}")
    if as_json:
        print_json(document)
    else:
        screen().print(*(shown_diff(exchange) if exchange else group_page(document)), sep="\n")


@diffs.command()
@click.argument("signature")
@click.argument("verdict", type=click.Choice(["bug", "expected", "noise", "open"]))
@click.option("--note", default="", metavar="N", help="Why: whoever comes next will want to know.")
@click.option("--until", metavar="INSTANT", help="When the verdict lapses, as in 2026-03-01T12:00:00Z.")
@CONTROL
@JSON
def triage(signature: str, verdict: str, note: str, until: str | None, url: str, as_json: bool) -> None:
    """Say what a group is; `open` takes that back."""
    body = {"verdict": verdict, "note": note, **({"until": until} if until else {})}
    group = ask(url, "POST", f"diff-groups/{quote(signature, safe='')}/triage", json=body)
    if as_json:
        print_json(group)
    else:
        print(f"{signature} on {group['route']}: {group['verdict'] or 'open'}")


@diffs.command()
@click.argument("which", metavar="ID|SIGNATURE")
@CONTROL
@JSON
def replay(which: str, url: str, as_json: bool) -> None:
    """Send an exchange's request, or that of a group's newest, to both sides now; 0 if the bug is gone."""
    exchange = find(url, f"diffs/{quote(which, safe='')}")
    if exchange is None:
        samples = ask(url, "GET", f"diff-groups/{quote(which, safe='')}")["samples"]
        exchange = samples[0] if samples else give_up(f"no exchange of {which} is kept any more")
    outcome = ask(url, "POST", f"diffs/{quote(exchange['id'], safe='')}/replay")
    if as_json:
        print_json(outcome)
    else:
        screen().print(*replayed(exchange, outcome), sep="\n")
    if not outcome["gone"]:
        sys.exit(REFUSED)


@diffs.command()
@_filters
@click.option("--format", "form", type=click.Choice([JSONL, CSV, JUNIT]), default=JSONL, show_default=True)
@click.option("-o", "--output", type=click.File("w", encoding="utf-8", atomic=True), default="-")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="So many at most.")
@CONTROL
@JSON
def export(form: str, output: TextIO, limit: int, url: str, as_json: bool, **filters: str | None) -> None:
    """Write exchanges as JSON lines, CSV or one JSON document, or the groups as JUnit XML, for a CI gate.

    In JUnit a group that is open or a bug is a failed test, and one that is expected or noise a passed one.
    """
    query = _given(filters)
    if as_json and form != JSONL:
        raise click.UsageError(f"It is either --json or --format {form}.")
    if form == JUNIT:
        if query.keys() - {"route"}:
            raise click.UsageError("JUnit has groups, not exchanges: of the filters, it takes --route alone.")
        asked = {**query, "limit": str(PAGE)}
        found = ask(url, "GET", "diff-groups", params=asked)
        output.write(junit(found["groups"]))
        if (shown := len(found["groups"])) < found["total"]:
            click.echo(f"these are the {shown} most urgent of {found['total']} groups", err=True)
        return
    exchanges = _pages(url, query, limit)
    if as_json:
        print_json({"diffs": list(exchanges)}, output)
        return
    output.writelines(json_lines(exchanges) if form == JSONL else csv_rows(exchanges))


def _given(filters: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value}


def _pages(url: str, query: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    """Up to `limit` differences, the newest first."""
    cursor: str | None = None
    while limit > 0:
        page = {"limit": str(min(limit, PAGE)), **({"cursor": cursor} if cursor else {})}
        document = ask(url, "GET", "diffs", params={**query, **page})
        yield from document["diffs"]
        limit -= len(document["diffs"])
        cursor = document["next"]
        if cursor is None:
            return


def _follow(url: str, query: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    """The newest ones, the newest last, and from then on each that comes."""
    seen: set[str] = set()
    most = limit
    while True:
        page = list(_pages(url, query, max(limit, PAGE)))
        new = [diff for diff in page if diff["id"] not in seen]
        yield from reversed(new[:most])
        most = sys.maxsize  # what comes from now on is shown whole
        seen = {diff["id"] for diff in page} | (seen if len(seen) < 10 * PAGE else set())
        time.sleep(FOLLOW_EVERY)


def _print_line(diff: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(json_lines([diff]))
        sys.stdout.flush()
    else:
        screen().print(diff_line(diff), soft_wrap=True)
