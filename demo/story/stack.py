"""Everything the demo runs: the two sides, and Banyan before them with its own copy of routes.yaml."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import origins, parts
from .checks import Addresses
from .parts import Address, Part, StartFailed
from .plans import PLANS
from .screen import Screen
from .stages import with_ramps

ROOT = origins.DEMO.parent
SHIPPED = ROOT / "routes.yaml"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for; None leaves the choice to the demo."""

    listen: Address | None = None
    control: Address | None = None
    now: str | None = None
    usual_ports: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, and the copy of routes.yaml that it obeys."""

    at: Addresses
    routes: Path
    running: tuple[parts.Running, ...]

    def dead(self) -> str | None:
        """The name of a part that ended by itself, if there is one."""
        return next((one.part.name for one in self.running if not one.alive()), None)


@contextmanager
def running_stack(wishes: Wishes, screen: Screen) -> Iterator[Stack]:
    """Starts all parts, and ends all of them at the end or when one does not start."""
    php = origins.require_php()
    origins.require_fastapi()
    if not SHIPPED.exists():
        raise StartFailed(f"{SHIPPED} is missing: the demo runs in a checkout of the project")
    with tempfile.TemporaryDirectory(prefix="banyan-demo-") as directory, ExitStack() as ending:
        home = origins.Home(Path(directory), wishes.now)
        at = _addresses(wishes)
        routes = home.path / "routes.yaml"
        routes.write_text(with_ramps(SHIPPED.read_text(), PLANS))
        wanted = [
            ("Starting the legacy PHP gateway", origins.legacy(php, home, at.legacy)),
            ("Starting the modern FastAPI service", origins.modern(home, at.modern)),
            ("Starting Banyan before them", _banyan(home, routes, at)),
        ]
        for _, part in wanted:
            parts.require_free(part)
        with screen.doing("Filling the database that both sides share"):
            origins.seed(php, home)
        running = []
        for words, part in wanted:
            with screen.doing(words):
                running.append(parts.start(part, home.path))
            ending.callback(running[-1].stop)
        yield Stack(at, routes, tuple(running))
        screen.note("Ending everything that was started.")


def _addresses(wishes: Wishes) -> Addresses:
    def choose(wanted: Address | None, usual: int) -> Address:
        if wanted is None:
            return parts.free_address(preferred=usual if wishes.usual_ports else 0)
        return wanted if wanted.port else parts.free_address(wanted.host)  # port 0: any, as for a socket

    return Addresses(
        clients=choose(wishes.listen, 8080),
        control=choose(wishes.control, 9900),
        legacy=choose(None, 8081),
        modern=choose(None, 8082),
    )


def _banyan(home: origins.Home, routes: Path, at: Addresses) -> Part:
    serve = ("-m", "proxy", "serve", "--config", str(routes), "--ledger", f"sqlite:///{home.path}/banyan.db")
    listen = ("--listen", str(at.clients), "--control-listen", str(at.control))
    env = home.env() | {
        "BANYAN_LEGACY_URL": at.legacy.url,
        "BANYAN_PAYMENTS_URL": at.modern.url,
        "PYTHONPATH": str(ROOT),
    }
    # Relative paths of routes.yaml, such as the shadow worker's socket, land in the demo's own directory.
    (home.path / "var").mkdir(exist_ok=True)
    command = (sys.executable, *serve, *listen)
    return Part("Banyan", command, env, at.clients, (at.control, "/readyz"), cwd=home.path)
