"""routes.yaml as a running part reads it: under the command line, and with the files that it names tried."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from proxy import tls
from proxy.app import backend_settings
from proxy.config.addresses import Address
from proxy.config.base import Section
from proxy.config.errors import KeyPath, Problem
from proxy.config.loading import Loaded
from proxy.config.models import Config
from proxy.config.standing import changed, kept
from proxy.config.watcher import Watcher, load_file
from proxy.telemetry.access_log import open_access_log

_S = TypeVar("_S", bound=Section)
Trial = tuple[KeyPath, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says against routes.yaml; None leaves it to the file."""

    listen: Address | None = None
    control_listen: Address | None = None
    workers: int | None = None
    ledger: str | None = None
    redis: str | None = None
    debug_headers: bool | None = None

    def over(self, config: Config) -> Config:
        """The file's config with the command line's word in place."""
        server = _updated(
            config.server, listen=self.listen, workers=self.workers, debug_headers=self.debug_headers
        )
        control = _updated(config.control, listen=self.control_listen)
        return _updated(config, server=server, control=control, ledger=self.ledger, redis=self.redis)


class Reader:
    """Reads one routes.yaml, now and whenever it changes, or a certificate or key that it names."""

    def __init__(self, path: Path, overrides: Overrides) -> None:
        self._path = path
        self._overrides = overrides
        self._started: Config | None = None
        self._watcher = Watcher(path)

    def read(self) -> Loaded:
        """The file as it is now; one that cannot be read is an error like any other.

        What holds from a start to the next one stays as the first valid file had it, and warnings say so.
        """
        loaded = load_file(self._path, os.environ, self._further)
        if loaded.snapshot is None:
            return loaded
        config = self._overrides.over(loaded.snapshot.config)
        self._started = self._started or config
        return replace(loaded, snapshot=replace(loaded.snapshot, config=kept(self._started, config)))

    async def changes(self) -> AsyncIterator[Loaded]:
        """The file after each change of its content or of a file that it names, and when `poke` asks."""
        async for _ in self._watcher.changes():
            yield await asyncio.to_thread(self.read)

    def poke(self) -> None:
        """Look now (SIGHUP)."""
        self._watcher.poke()

    def _further(self, config: Config) -> Iterator[Problem]:
        now = self._overrides.over(config)
        started = self._started or now
        self._watcher.follow(_named(kept(started, now)))
        yield from unusable(kept(started, now))
        yield from changed(started, now)


def findings(loaded: Loaded) -> Iterator[str]:
    """What to say of a file that was read anew: every error and warning, and what becomes of it if any is
    an error.
    """
    if loaded.snapshot is None:
        yield "routes.yaml is not valid; the last good one stays in force:"
    for finding in (*loaded.errors, *loaded.warnings):
        yield f"  {finding}"


def unusable(config: Config) -> Iterator[Problem]:
    """Certificates, keys and logs that cannot be read or written. Found here, no worker dies of them."""
    for trials in _trials(config):
        for path, attempt in trials:
            try:
                attempt()
            except ssl.SSLError:
                yield Problem(path, "no certificate and key in PEM, or not of one another")
                break
            except OSError as error:
                yield Problem(path, f"cannot be opened: {error.strerror or error}")
                break


def _named(config: Config) -> Iterator[str]:
    """The certificates and keys."""
    if config.server.tls is not None:
        yield from tls.named(config.server.tls).values()
    for backend in config.backends.values():
        yield from tls.named(backend.tls).values()


def _trials(config: Config) -> Iterator[list[Trial]]:
    """What to try out; of each list, what follows a failure would only fail for the same reason."""
    server = config.server
    yield [(("server", "access_log"), partial(_write, server.access_log))]
    if server.tls is not None:
        chain = partial(tls.towards_clients, server.tls)
        yield [*_files(("server", "tls"), server.tls), (("server", "tls"), chain)]
    for name, backend in config.backends.items():
        path = ("backends", name, "tls")
        yield [*_files(path, backend.tls), (path, partial(backend_settings, name, backend))]


def _files(path: KeyPath, section: tls.Tls) -> Iterator[Trial]:
    for key, file in tls.named(section).items():
        yield (*path, key), partial(_read, file)


def _read(file: str) -> None:
    with Path(file).open("rb"):
        pass


def _write(access_log: str) -> None:
    descriptor = open_access_log(access_log)
    if descriptor is not None and descriptor > 2:
        os.close(descriptor)


def _updated(model: _S, **changes: object) -> _S:
    """The model with those keys in place that are given."""
    return model.model_copy(update={key: value for key, value in changes.items() if value is not None})
