"""The edge: routes.yaml on a disk, read and watched."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing, suppress
from pathlib import Path

from watchfiles import awatch

from proxy.config.errors import TOP, ConfigError
from proxy.config.loading import Further, Loaded, load, nothing_further
from proxy.config.source import SIZE_LIMIT

POLL = 1.0
"""Seconds between two looks when the system reports nothing: some network file systems never do."""
SETTLE = 0.1
"""Seconds for which the content must stay as it is: half a file is often valid YAML."""
PATIENCE = 20
"""How often to wait for that; a file that is written without pause is then taken as it is."""


def load_file(path: Path, environment: Mapping[str, str], further: Further = nothing_further) -> Loaded:
    """As `load`; a file that cannot be read is an error like any other."""
    try:
        text = _read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        return Loaded(None, (ConfigError(str(path), *TOP, "", f"cannot be read: {reason}"),), ())
    return load(text, str(path), environment, further)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SIZE_LIMIT + 1)


class Watcher:
    """Says when the content of a file has changed since the watcher was made, or of others that it follows.

    The folder is watched, not the file: editors rename a new file over the old one, and Kubernetes turns a
    symlink (`..data`) to another folder. What counts is the content; that it cannot be read is one too.
    The others are looked at every `poll` seconds.
    """

    def __init__(self, path: Path, poll: float = POLL, settle: float = SETTLE) -> None:
        self._path = path
        self._poll = poll
        self._settle = settle
        self._look = asyncio.Event()
        self._poked = False
        self._seen = {path: _digest(path)}

    def follow(self, others: Iterable[str]) -> None:
        """From now on, whenever the content of one of these changes, that is a change too."""
        paths = (self._path, *map(Path, others))
        self._seen = {path: self._seen.get(path) or _digest(path) for path in paths}

    def poke(self) -> None:
        """Report a change now, whatever the content (SIGHUP)."""
        self._poked = True
        self._look.set()

    async def changes(self) -> AsyncGenerator[None, None]:
        """One item for each change. Several in a short time may be one item."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                if await self._changed():
                    yield
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await self._look.wait()
                self._look.clear()
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    async def _changed(self) -> bool:
        poked, self._poked = self._poked, False
        if not poked and self._content() == self._seen:
            return False
        before, self._seen = self._seen, await self._settled()
        return poked or self._seen != before

    async def _settled(self) -> dict[Path, bytes]:
        """The content once nobody is writing it."""
        before = self._content()
        for _ in range(PATIENCE):
            await asyncio.sleep(self._settle)
            content = self._content()
            if content == before:
                break
            before = content
        return before

    async def _listen(self) -> None:
        """Look at once when the system reports something in the folder; without that, polling has to do."""
        folder = awatch(self._path.parent, watch_filter=None, recursive=False, debounce=200, step=20)
        with suppress(OSError, RuntimeError):
            async with aclosing(folder) as reports:
                async for _ in reports:
                    self._look.set()

    def _content(self) -> dict[Path, bytes]:
        """A digest of each file's content, empty while it cannot be read."""
        return {path: _digest(path) for path in self._seen}


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(_read(path)).digest()
    except OSError:
        return b""
