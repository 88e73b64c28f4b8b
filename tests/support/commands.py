"""Runs `banyan` commands as somebody in a terminal does."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document that it printed."""
        return json.loads(self.out)


def banyan(*arguments: str, cwd: Path | None = None, **environment: str) -> Done:
    """Run a command to its end. A traceback is never an answer."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BANYAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "proxy", *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=cwd,
        env={**clean, "COLUMNS": "200", **environment},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)
