"""What is compiled: modules of this project as C extensions, made by mypyc from the same source.

`make fast` puts them into FOLDER. They are used only while they are what the source says, so that a changed
file can't be shadowed by what was compiled before: then all of them are interpreted again.

`python -m proxy.native MODULE ARGUMENT…` runs a module's main() with what is compiled.
"""

import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "proxy" / "__native__"
STAMP = FOLDER / "made-of"

INTERPRETED = "BANYAN_INTERPRETED"
"""Environment variable: when set, nothing compiled is used, for tests and comparisons."""

DATA_PLANE = (
    "proxy.decision.buckets",
    "proxy.decision.decide",
    "proxy.decision.sticky",
    "proxy.forward.asgi_cycle",
    "proxy.forward.client",
    "proxy.forward.client_socket",
    "proxy.forward.cycle",
    "proxy.forward.express",
    "proxy.forward.fallback",
    "proxy.forward.forwarding",
    "proxy.forward.framing",
    "proxy.forward.gateway",
    "proxy.forward.handover",
    "proxy.forward.headers",
    "proxy.forward.ids",
    "proxy.forward.mirror",
    "proxy.forward.plan",
    "proxy.forward.problems",
    "proxy.forward.targets",
    "proxy.http1.answer",
    "proxy.http1.body",
    "proxy.http1.fields",
    "proxy.http1.request",
    "proxy.http1.response",
    "proxy.http1.target",
    "proxy.outcome",
    "proxy.portable",
    "proxy.routing.entry",
    "proxy.routing.head",
    "proxy.routing.hosts",
    "proxy.routing.leaf",
    "proxy.routing.methods",
    "proxy.routing.request",
    "proxy.routing.table",
    "proxy.routing.target",
    "proxy.routing.trie",
    "proxy.ramp.latency",
    "proxy.telemetry.access_log",
    "proxy.telemetry.log_line",
    "proxy.telemetry.metrics",
    "proxy.telemetry.recorder",
    "proxy.upstream.backend",
    "proxy.upstream.breaker",
    "proxy.upstream.call",
    "proxy.upstream.connection",
    "proxy.upstream.exchange",
    "proxy.upstream.failures",
    "proxy.upstream.news",
    "proxy.upstream.pool",
    "proxy.upstream.reading",
    "proxy.upstream.retry",
    "proxy.upstream.settings",
    "proxy.upstream.stream",
    "proxy.upstream.tries",
    "shadow.exchange",
)
"""What every request runs through, less exceptions. What travels between processes has a `__reduce__`."""
COMPARING = (
    "shadow.compare.arrays",
    "shadow.compare.findings",
    "shadow.compare.likeness",
    "shadow.compare.lists",
    "shadow.compare.naming",
    "shadow.compare.numbers",
    "shadow.compare.places",
    "shadow.compare.reporter",
    "shadow.compare.shapes",
    "shadow.compare.trees",
    "shadow.compare.values",
)
"""What each of many values runs through when two answers are compared. None of it leaves its process."""
GROUPS = (DATA_PLANE, COMPARING)
"""Each is compiled as one: within a group, calls are C's."""
MODULES = DATA_PLANE + COMPARING


def source(module: str) -> Path:
    """The file of one of MODULES."""
    return ROOT.joinpath(*module.split(".")).with_suffix(".py")


def fingerprint() -> str:
    """Of the source of all modules, and of the interpreter and the machine."""
    digest = hashlib.blake2b(f"{sys.version} {sysconfig.get_platform()}".encode(), digest_size=16)
    for module in MODULES:
        digest.update(hashlib.blake2b(source(module).read_bytes()).digest())
    return digest.hexdigest()


def ready() -> bool:
    """Whether there are compiled modules, and of this very source."""
    return STAMP.exists() and STAMP.read_text() == fingerprint()


class Finder(MetaPathFinder):
    """Finds the compiled module in place of the one to interpret."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in MODULES:
            return None
        return PathFinder.find_spec(fullname, [str(FOLDER.joinpath(*fullname.split(".")[:-1]))])


def enable() -> bool:
    """From now on import what is compiled, if it is ready; to be called before any of MODULES is imported."""
    if os.environ.get(INTERPRETED) or not ready():
        return False
    sys.path.append(str(FOLDER))  # where the extension is that all compiled modules are parts of
    sys.meta_path.insert(0, Finder())
    return True


def command(module: str) -> list[str]:
    """What starts a process that runs this module's main(), compiled where it can be."""
    return [sys.executable, "-m", "proxy.native", module]


def main() -> None:
    """Run the main() of the module that is named first, with the other arguments."""
    enable()
    name = sys.argv.pop(1)
    sys.exit(importlib.import_module(name).main())


if __name__ == "__main__":
    main()
