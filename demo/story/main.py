"""The demo's command line."""

import argparse
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from . import live, once
from .parts import Address, StartFailed
from .screen import Screen
from .stack import Stack, Wishes, running_stack

STOPPED_CLOCK = "2026-03-02T09:15:00+00:00"
"""At `--once` both sides keep this time, so that their answers can be compared byte by byte."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; the exit code is 0 when everything was right."""
    asked = _parser().parse_args(arguments)
    one_round = asked.once or not sys.stdout.isatty()
    # `kill` ends the demo as Ctrl-C does: in order, with every part.
    signal.signal(signal.SIGTERM, _interrupt)
    screen = Screen()
    wishes = Wishes(
        listen=asked.listen,
        control=asked.control_listen,
        now=STOPPED_CLOCK if one_round else None,
        usual_ports=not one_round,
    )
    try:
        with running_stack(wishes, screen) as stack:
            _introduce(stack, screen)
            if one_round:
                return 0 if once.Round(stack, screen, asked.seed).play() else 1
            live.play(stack, screen, asked.seed)
    except StartFailed as problem:
        sys.exit(f"banyan demo: {problem}")
    except KeyboardInterrupt:
        screen.say("\nEnded.")
        return 1 if one_round else 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="banyan demo",
        description="A legacy PHP gateway, the Python service that takes it over, Banyan and traffic.",
    )
    parser.add_argument("--once", action="store_true", help="one round, every answer checked; exit 0 or 1")
    parser.add_argument("--listen", type=Address.parse, metavar="HOST:PORT", help="where clients come in")
    parser.add_argument(
        "--control-listen", type=Address.parse, metavar="HOST:PORT", help="where engineers and QA come in"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same traffic (default: 1)")
    return parser


def _introduce(stack: Stack, screen: Screen) -> None:
    screen.title("Everything runs")
    screen.names(
        [
            ("Clients come in at", f"{stack.at.clients.url}   (try /login.php)"),
            ("Engineers and QA at", stack.at.control.url),
            ("The PHP gateway is", stack.at.legacy.url),
            ("The Python service is", stack.at.modern.url),
            ("Banyan obeys", f"{stack.routes}   (edit a stage, save, ask again)"),
            ("Sign in with", "anna@nordlicht.example, nordlicht-demo"),
        ]
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
