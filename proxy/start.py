"""Before anything runs: read routes.yaml, bind the sockets, and say in words what cannot be had."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from proxy.app import backend_settings
from proxy.config.addresses import Address
from proxy.config.base import Section
from proxy.config.loading import Loaded
from proxy.config.models import Config
from proxy.config.snapshot import Snapshot
from proxy.config.watcher import Watcher, load_file
from proxy.control.access import is_loopback
from proxy.telemetry.access_log import open_access_log

BACKLOG = 4096

_S = TypeVar("_S", bound=Section)


class StartError(Exception):
    """Why nothing was started, in words for people: one line, or one for each error of routes.yaml."""


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
    """Reads one routes.yaml, now and whenever it changes."""

    def __init__(self, path: Path, overrides: Overrides) -> None:
        self._path = path
        self._overrides = overrides
        self._watcher = Watcher(path)

    def read(self) -> Loaded:
        """The file as it is now; one that cannot be read is an error like any other."""
        loaded = load_file(self._path, os.environ)
        if loaded.snapshot is None:
            return loaded
        config = self._overrides.over(loaded.snapshot.config)
        return replace(loaded, snapshot=replace(loaded.snapshot, config=config))

    async def changes(self) -> AsyncIterator[Loaded]:
        """The file after each change of its content, and whenever `poke` asks."""
        async for _ in self._watcher.changes():
            yield await asyncio.to_thread(self.read)

    def poke(self) -> None:
        """Look now (SIGHUP)."""
        self._watcher.poke()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a supervisor runs: so many workers on a socket, and what answers health checks, on another.

    Exactly one of `control` and `status` is set, or neither: a control plane of its own process, or health
    and metrics from the supervisor itself.
    """

    workers: int
    listener: socket.socket
    control: socket.socket | None = None
    status: socket.socket | None = None

    @property
    def greeting(self) -> str:
        """The line that says where everything is, once it runs."""
        said = [f"clients: http://{address_of(self.listener)}"]
        if self.control is not None:
            said.append(f"control: http://{address_of(self.control)}")
        if self.status is not None:
            said.append(f"status: http://{address_of(self.status)}")
        return f"banyan is serving with {self.workers} worker(s); " + ", ".join(said)


def first_snapshot(reader: Reader) -> Snapshot:
    """The snapshot to start with. Raises StartError with every error of the file."""
    loaded = reader.read()
    if loaded.snapshot is None:
        raise StartError("\n".join(str(error) for error in loaded.errors))
    _check_files(loaded.snapshot.config)
    return replace(loaded.snapshot, version=1)


def bound_parts(config: Config, with_control: bool) -> Parts:
    """Bind every socket, or none: StartError says which address cannot be had, and why."""
    server = config.server
    if with_control:
        _refuse_an_open_door(config)
    listener = _bind(server.listen, "clients")
    workers = server.workers or os.cpu_count() or 1
    try:
        if with_control:
            return Parts(workers, listener, control=_bind(config.control.listen, "the control plane"))
        status = server.status and _bind(server.status, "health checks")
        return Parts(workers, listener, status=status)
    except StartError:
        listener.close()
        raise


def bound_control(config: Config) -> socket.socket:
    """The control plane's socket alone. Raises StartError."""
    _refuse_an_open_door(config)
    return _bind(config.control.listen, "the control plane")


def _refuse_an_open_door(config: Config) -> None:
    listen = config.control.listen
    if not config.control.tokens and not is_loopback(listen.host):
        raise StartError(
            f"control.listen {listen} can be reached by others, but control.tokens is empty: "
            "configure tokens (name:role:sha256 of the token), or listen on 127.0.0.1"
        )


def _bind(address: Address, what: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        listener = socket.create_server((address.host, address.port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise StartError(f"cannot listen on {address} for {what}: {reason}") from error
    listener.setblocking(False)
    return listener


def _check_files(config: Config) -> None:
    """Certificates, keys and the access log are opened once, so that a worker does not die of them."""
    try:
        for name, backend in config.backends.items():
            what = f"backends.{name}.tls"
            backend_settings(name, backend)
        what = "server.tls"
        if config.server.tls is not None:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                config.server.tls.cert, config.server.tls.key
            )
        what = "server.access_log"
        descriptor = open_access_log(config.server.access_log)
        if descriptor is not None and descriptor > 2:
            os.close(descriptor)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"{what}: {error.strerror or error}") from error


def address_of(listener: socket.socket) -> Address:
    """Where a socket listens, the port as it was given out."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)


def _updated(model: _S, **changes: object) -> _S:
    """The model with those keys in place that are given."""
    return model.model_copy(update={key: value for key, value in changes.items() if value is not None})
