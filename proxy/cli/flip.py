"""`banyan flip` and `banyan rollback`: one route, or all of them, now."""

import sys
from typing import Any
from urllib.parse import quote

import click

from proxy.cli.control_client import CONTROL, REASON, ask
from proxy.cli.output import JSON, REFUSED, print_json
from proxy.config.units import PERCENT, parse_percent

STAGES = ("legacy", "shadow", "modern")


class _Position(click.ParamType[dict[str, Any]]):
    """`legacy`, `shadow`, `modern`, or the weight of a canary."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        if value in STAGES:
            return {"stage": value}
        if not str(value).endswith("%"):
            self.fail(f"{value!r} is neither legacy, shadow or modern, nor a weight such as 5%", param, ctx)
        try:
            return {"stage": "canary", "weight": parse_percent(value) / PERCENT}
        except ValueError as error:
            self.fail(f"the weight {error}", param, ctx)


_IF_VERSION = click.option(
    "--if-version",
    type=click.IntRange(0),
    metavar="N",
    help="Only if it is at this version, as `flip` printed it.",
)


@click.command()
@click.argument("route")
@click.argument("to", type=_Position(), metavar="legacy|shadow|modern|WEIGHT%")
@REASON
@_IF_VERSION
@CONTROL
@JSON
def flip(
    route: str, to: dict[str, Any], reason: str, if_version: int | None, url: str, as_json: bool
) -> None:
    """Put ROUTE somewhere now, and wait until all replicas have it."""
    path = f"routes/{quote(route, safe='')}/flip"
    made = ask(url, "POST", path, json={**to, "reason": reason}, match=_match(if_version))
    _report([made], made, as_json)


@click.command()
@click.argument("route", required=False)
@click.option("--all", "everything", is_flag=True, help="Everything to legacy: the panic button.")
@REASON
@_IF_VERSION
@CONTROL
@JSON
def rollback(
    route: str | None, everything: bool, reason: str, if_version: int | None, url: str, as_json: bool
) -> None:
    """Take ROUTE back to the stage before, or with --all everything to legacy."""
    if (route is None) is not everything:
        raise click.UsageError("name a route, or give --all")
    if everything and if_version is not None:
        raise click.UsageError("--if-version goes with one route")
    path = "rollback" if route is None else f"routes/{quote(route, safe='')}/rollback"
    made = ask(url, "POST", path, json={"reason": reason}, match=_match(if_version))
    _report(made["flips"] if route is None else [made], made, as_json)


def _match(version: int | None) -> dict[str, str]:
    """The precondition that somebody else was not quicker (RFC 9110 section 13.1.1)."""
    return {} if version is None else {"If-Match": f'"{version}"'}


def _report(flips: list[dict[str, Any]], made: dict[str, Any], as_json: bool) -> None:
    """Say what was done and who serves by it; a replica that does not is a reason to exit with 1."""
    if as_json:
        print_json(made)
    else:
        for one in flips:
            print(
                f"{one['route']}: {_place(one['was'])} → {_place(one['became'])} (version {one['version']})"
            )
            if apart := ", ".join(one.get("apart", ())):
                print(
                    f"of its group, {apart} stand elsewhere: until all stand alike, some keys see both sides"
                )
        print(_confirmation(made) if flips else "everything stands at legacy already")
        if silent := ", ".join(made["replicas"]["silent"]):
            print(f"not heard of lately, so not waited for: {silent}; what still runs there serves as before")
    replicas = made["replicas"]
    if replicas["missing"] or "unknown" in replicas:
        sys.exit(REFUSED)


def _place(position: dict[str, Any]) -> str:
    return f"canary {position['weight']:g}%" if position["stage"] == "canary" else position["stage"]


def _confirmation(made: dict[str, Any]) -> str:
    replicas = made["replicas"]
    if "unknown" in replicas:
        return f"nobody knows which replicas serve by it: {replicas['unknown']}"
    confirmed, missing = replicas["confirmed"], replicas["missing"]
    if missing:
        late = ", ".join(missing)
        return f"{len(confirmed)} replica(s) serve by it; after {made['seconds']:g} s these do not: {late}"
    if not confirmed:
        return "no replica is running; the first to come up will serve by it"
    return f"in force on {len(confirmed)} replica(s) after {made['seconds'] * 1000:.0f} ms"
