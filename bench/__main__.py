"""`python -m bench [TABLE…]`: measures, prints aligned tables, and leaves nothing running."""

import argparse
import importlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from bench import machine
from bench.children import BenchError
from bench.options import Options
from bench.peers import PEERS, USUAL
from bench.report import Report, render
from bench.rounds import note
from proxy import native

TABLES = ("first", "speed", "latency", "routes", "memory", "workers", "shadow", "compare", "soak")
DEFAULT = ("first", "speed")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the tables asked for. Returns 1 when one could not be measured or a soak failed, and with --strict
    also when a target was missed."""
    arguments = parse(argv)
    signal.signal(signal.SIGTERM, _interrupt)
    # Debian puts servers into sbin, which is not on everyone's PATH.
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    machine.raise_file_limit()
    try:
        reports = measure(arguments)
    except KeyboardInterrupt:
        note("")
        print("interrupted; everything that was started has been stopped", file=sys.stderr)
        return 130
    except BenchError as error:
        note("")
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(as_json(reports), indent=2) + "\n")
    must_pass = reports if arguments.strict else [report for report in reports if report.name == "soak"]
    return 0 if all(report.passed for report in must_pass) else 1


def measure(arguments: argparse.Namespace) -> list[Report]:
    """Runs the tables one after the other and prints each as soon as it is there."""
    reports = []
    with tempfile.TemporaryDirectory(prefix="banyan-bench-") as folder:
        os.chmod(folder, 0o755)  # nginx's workers run as nobody
        cores = machine.cores()
        os.sched_setaffinity(0, {cores.load})  # what the bench does itself must not cost the proxy
        options = Options(
            folder=Path(folder),
            cores=cores,
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            minutes=arguments.minutes,
            peers=arguments.peers,
        )
        for name in arguments.tables or DEFAULT:
            report: Report = importlib.import_module(f"bench.tables.{name}").run(options)
            print(render(report), flush=True)
            reports.append(report)
    return reports


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    return {"machine": machine.describe(), "tables": [report.as_json() for report in reports]}


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"{', '.join(TABLES)}; default: {' '.join(DEFAULT)}"
    )
    parser.add_argument("--rounds", type=_positive_int, default=3, help="how often each figure is taken (3)")
    parser.add_argument("--seconds", type=_positive_int, default=1, help="length of one run (1)")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the soak (10)")
    parser.add_argument("--peers", type=_peers, default=USUAL, help=f"of {', '.join(PEERS)}; or `all`")
    parser.add_argument("--json", metavar="FILE", help="also write everything measured to this file")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a target is not met")
    arguments = parser.parse_args(argv)
    for name in arguments.tables:
        if name not in TABLES:
            parser.error(f"no table is called {name!r}; there are {', '.join(TABLES)}")
    return arguments


def _peers(text: str) -> tuple[str, ...]:
    keys = tuple(PEERS) if text == "all" else tuple(text.split(","))
    for key in keys:
        if key not in PEERS:
            raise argparse.ArgumentTypeError(f"no peer is called {key!r}; there are {', '.join(PEERS)}")
    return keys


def _positive_int(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _interrupt(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    native.enable()  # so that what is measured here, comparing, is what the shadow worker has
    sys.exit(main())
