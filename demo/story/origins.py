"""The two sides: how the PHP gateway and the Python service are started on one database."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .parts import Address, Part, StartFailed

DEMO = Path(__file__).resolve().parent.parent
LEGACY = DEMO / "legacy"
PHP_WORKERS = 4

INSTALL_PHP = "apt-get install php-cli php-sqlite3 php-xml php-mbstring (on macOS: brew install php)"
_EXTENSIONS = ("pdo_sqlite", "dom", "mbstring")
_PROBE = "echo implode(' ', array_filter(array_slice($argv, 1), fn($e) => !extension_loaded($e)));"


@dataclass(frozen=True, slots=True)
class Home:
    """The directory that holds what the two sides share, and `now`, which stops their clocks (ISO 8601)."""

    path: Path
    now: str | None = None

    @property
    def database(self) -> Path:
        """The SQLite file that both sides read and write."""
        return self.path / "payments.db"

    def env(self) -> dict[str, str]:
        """The environment of either side."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("DEMO_")}
        own = {
            "DEMO_DB": str(self.database),
            "DEMO_SESSIONS": str(self.path / "sessions"),
            "DEMO_UPLOADS": str(self.path / "uploads"),
        }
        return inherited | own | ({"DEMO_NOW": self.now} if self.now else {})


def require_php() -> str:
    """The path of php; StartFailed says how to install what is missing."""
    php = shutil.which("php")
    if php is None:
        raise StartFailed(f"PHP is not installed. Install it with: {INSTALL_PHP}")
    probe = [php, "-r", _PROBE, "--", *_EXTENSIONS]
    missing = subprocess.run(probe, capture_output=True, text=True, check=False).stdout.strip()
    if missing:
        raise StartFailed(f"PHP lacks {missing.replace(' ', ', ')}. Install it with: {INSTALL_PHP}")
    return php


def require_fastapi() -> None:
    """StartFailed if the modern service's framework is not installed."""
    if importlib.util.find_spec("fastapi") is None:
        raise StartFailed("FastAPI is not installed. Install it with: uv sync --group demo")


def seed(php: str, home: Home) -> None:
    """Makes the shared database, with the data that every answer in the README is about."""
    command = [php, "-c", str(LEGACY / "php.ini"), str(LEGACY / "seed.php")]
    done = subprocess.run(command, env=home.env(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartFailed(f"The database could not be made: {(done.stderr or done.stdout).strip()}")


def legacy(php: str, home: Home, address: Address) -> Part:
    """The PHP gateway on PHP's own web server."""
    command = (php, "-c", str(LEGACY / "php.ini"), "-S", str(address), "-t", str(LEGACY / "public"))
    env = home.env() | {"PHP_CLI_SERVER_WORKERS": str(PHP_WORKERS)}
    return Part("Legacy", command, env, address, (address, "/healthz"))


def modern(home: Home, address: Address, extra: Mapping[str, str] | None = None) -> Part:
    """The FastAPI service on uvicorn; `extra` adds to its environment."""
    serve = ("-m", "uvicorn", "--app-dir", str(DEMO), "--host", address.host, "--port", str(address.port))
    command = (sys.executable, *serve, "--no-access-log", "modern.app:app")
    return Part("Modern", command, home.env() | dict(extra or {}), address, (address, "/healthz"))
