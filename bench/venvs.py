"""Peers from PyPI live in virtual environments of their own, kept under .cache/bench between runs."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.children import BenchError

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"


def venv(name: str, requirements: Sequence[str]) -> Path:
    """The `bin` folder of an environment that has these packages; made at first use, by uv or else by pip."""
    home = CACHE / name
    done = home / "installed"
    wanted = "\n".join(requirements)
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        print(f"installing {', '.join(requirements)} …", file=sys.stderr)
        for command in _install(home, requirements):
            _call(command)
        done.write_text(wanted)
    return home / "bin"


def _install(home: Path, requirements: Sequence[str]) -> list[list[str]]:
    python = str(home / "bin" / "python")
    own = ROOT / ".cache" / "uv" / "bin" / "uv"  # where `make` puts it on a machine without one
    if uv := str(own) if own.exists() else shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "--quiet", "--python", python, *requirements],
        ]
    return [
        [sys.executable, "-m", "venv", str(home)],
        [python, "-m", "pip", "install", "--quiet", *requirements],
    ]


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
