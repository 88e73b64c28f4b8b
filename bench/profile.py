"""`python -m bench.profile`: where the data plane's time goes, sampled in place by py-spy under load.

py-spy reads the running worker from outside, so what is measured is the product, not the profiler. It needs
root or the right to trace (kernel.yama.ptrace_scope = 0).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench import load, machine
from bench.children import BenchError
from bench.load import LOADS, Load
from bench.origin import origin
from bench.peers import PEERS
from bench.report import table
from bench.target import Target, started
from bench.venvs import venv

RATE = 250  # samples a second
THREAD = "Thread._bootstrap ("  # at the root of every thread but the first


@dataclass(frozen=True, slots=True)
class Profile:
    """Samples by function: those in which it ran itself, and those in which it was anywhere on the stack."""

    samples: int
    own: Counter[str]
    total: Counter[str]


def count(stacks: Iterable[str]) -> Profile:
    """Reads py-spy's raw format: frames joined by `;`, outermost first, then a space and how often.

    Only the main thread counts, where the event loop is; that the others wait is not always seen.
    """
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for line in stacks:
        if THREAD in line:
            continue
        stack, _, number = line.rpartition(" ")
        frames = stack.split(";")
        own[frames[-1]] += int(number)
        for frame in set(frames):
            total[frame] += int(number)
    return Profile(own.total(), own, total)


def main() -> int:
    arguments = parse()
    cores = machine.cores()
    machine.raise_file_limit()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    kind = next(each for each in LOADS if each.key == arguments.load)
    try:
        with tempfile.TemporaryDirectory(prefix="banyan-profile-") as name:
            folder = Path(name)
            folder.chmod(0o755)
            with (
                origin(folder / "origin", cores.load) as port,
                started(PEERS[arguments.peer], folder, port, [cores.proxy]) as target,
            ):
                load.run(kind, target.port, 1, cores.load)
                stacks = sample(target, kind, arguments, cores.load, folder / "stacks")
    except BenchError as error:
        print(f"profile: {error}", file=sys.stderr)
        return 1
    if arguments.raw:
        Path(arguments.raw).write_text(stacks)
    print(render(count(stacks.splitlines()), arguments.top))
    return 0


def sample(target: Target, kind: Load, asked: argparse.Namespace, core: int, out: Path) -> str:
    """The stacks of the busiest process while the load runs."""
    spy = [
        str(venv("py-spy", ["py-spy"]) / "py-spy"),
        "record",
        "--pid",
        str(target.worker()),
        "--format",
        "raw",
    ]
    spy += ["--rate", str(RATE), "--duration", str(asked.seconds), "--output", str(out)]
    spy += [*(["--native"] if asked.native else []), *([] if asked.lines else ["--function"])]
    pinned = ["taskset", "-c", str(core), *spy]
    with subprocess.Popen(pinned, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        ran = load.run(kind, target.port, asked.seconds, core)
        said = process.communicate()[0]
    if process.returncode != 0 or not out.exists():
        raise BenchError(f"py-spy failed:\n{said.strip()}")
    print(f"{target.title}, {kind.key}: {ran.rate:,.0f} requests/s while watched, p50 {ran.p50:,.0f} µs\n")
    return out.read_text()


def render(profile: Profile, top: int) -> str:
    """Two tables: functions by their own time, and by the time spent in and below them."""
    parts = []
    for title, counts in (
        ("in the function itself", profile.own),
        ("in it and what it calls", profile.total),
    ):
        rows = [[f"{number / profile.samples:.1%}", frame] for frame, number in counts.most_common(top)]
        parts += ["\n".join(table(["share", f"<{title}"], rows)), ""]
    return "\n".join(parts) + f"{profile.samples:,} samples"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--peer", choices=PEERS, default="banyan", help="what to watch (banyan)")
    parser.add_argument(
        "--load", choices=[each.key for each in LOADS], default="get32", help="the load (get32)"
    )
    parser.add_argument("--seconds", type=int, default=5, help="how long (5)")
    parser.add_argument("--top", type=int, default=30, help="functions to print (30)")
    parser.add_argument(
        "--native", action="store_true", help="also C functions: CPython, uvloop, the kernel's doors"
    )
    parser.add_argument("--lines", action="store_true", help="count lines, not whole functions")
    parser.add_argument("--raw", metavar="FILE", help="also write the stacks, for a flame graph")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
