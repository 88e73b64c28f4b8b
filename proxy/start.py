"""Before anything runs: read routes.yaml, bind the sockets, and say in words what cannot be had."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.config.addresses import Address
from proxy.config.models import Config
from proxy.config.snapshot import Snapshot
from proxy.control.access import is_loopback
from proxy.routes_file import Reader

BACKLOG = 4096


class StartError(Exception):
    """Why nothing was started, in words for people: one line, or one for each error of routes.yaml."""


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
    tls: bool = False

    @property
    def greeting(self) -> str:
        """The line that says where everything is, once it runs."""
        said = [f"clients: http{'s' if self.tls else ''}://{address_of(self.listener)}"]
        if self.control is not None:
            said.append(f"control: http://{address_of(self.control)}")
        if self.status is not None:
            said.append(f"status: http://{address_of(self.status)}")
        return f"banyan is serving with {self.workers} worker(s); " + ", ".join(said)


def first_snapshot(reader: Reader, tell: Callable[[str], None] = lambda _: None) -> Snapshot:
    """The snapshot to start with; `tell` hears each warning. Raises StartError with every error."""
    loaded = reader.read()
    if loaded.snapshot is None:
        raise StartError("\n".join(str(error) for error in loaded.errors))
    for warning in loaded.warnings:
        tell(str(warning))
    return replace(loaded.snapshot, version=1)


def bound_parts(config: Config, with_control: bool) -> Parts:
    """Bind every socket, or none: StartError says which address cannot be had, and why."""
    server = config.server
    if with_control:
        _refuse_an_open_door(config)
    listener = _bind(server.listen, "clients")
    parts = Parts(server.workers or os.cpu_count() or 1, listener, tls=server.tls is not None)
    try:
        if with_control:
            return replace(parts, control=_bind(config.control.listen, "the control plane"))
        return replace(parts, status=server.status and _bind(server.status, "health checks"))
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


def address_of(listener: socket.socket) -> Address:
    """Where a socket listens, the port as it was given out."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)
