"""The checkout under test: where it is, and the command line tools of its environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

BIN = Path(sys.executable).parent
"""Where this environment's console scripts are (`banyan`, `kubectl`, `hadolint`, …)."""


def run(
    command: str, *args: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs one of the environment's own commands to its end; `env` is added to the present one."""
    return subprocess.run(
        [BIN / command, *args],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
