"""What the settings of the process and of its backends must have to do with each other."""

from collections.abc import Iterator
from ipaddress import ip_address

from proxy.config.addresses import Address
from proxy.config.draft import Draft
from proxy.config.errors import Problem, Severity
from proxy.config.units import format_duration

_LONGEST_SOCKET = 107
"""Bytes of a unix socket's path: Linux keeps 108, the zero at the end among them (unix(7))."""


def ports_differ(draft: Draft) -> Iterator[Problem]:
    """Clients never reach the control plane or the status page."""
    server, control = draft.frame.server, draft.frame.control
    used = {server.listen: ("server", "listen")}
    for path, listen in (("server", "status"), server.status), (("control", "listen"), control.listen):
        if listen is None or listen.port == 0:
            continue
        other = used.setdefault(listen, path)
        if other != path:
            yield Problem(path, f"{listen} is already used by {'.'.join(other)}")


def control_is_guarded(draft: Draft) -> Iterator[Problem]:
    """Without tokens only loopback peers may use the control plane, whatever it listens on."""
    control = draft.frame.control
    if not control.tokens and not _is_loopback(control.listen):
        message = "only clients on this machine will be let in, as control.tokens is empty"
        yield Problem(("control", "listen"), message, Severity.WARNING)


def _is_loopback(listen: Address) -> bool:
    try:
        return ip_address(listen.host).is_loopback
    except ValueError:
        return listen.host == "localhost"


def health_checks_end(draft: Draft) -> Iterator[Problem]:
    for name, backend in draft.backends.items():
        if backend.health and backend.health.timeout > backend.health.interval:
            path = ("backends", name, "health", "timeout")
            yield Problem(path, "is longer than interval: checks would overlap", Severity.WARNING)


def certificates_have_keys(draft: Draft) -> Iterator[Problem]:
    for name, backend in draft.backends.items():
        if (backend.tls.cert is None) != (backend.tls.key is None):
            yield Problem(("backends", name, "tls"), "cert and key belong together: one is missing")


def certificates_are_checked(draft: Draft) -> Iterator[Problem]:
    for name, backend in draft.backends.items():
        is_tls = any(url.scheme == "https" for url in backend.url)
        if is_tls and not backend.tls.verify:
            message = (
                "nobody checks who answers: name the authority that signed its certificate in ca instead"
            )
            yield Problem(("backends", name, "tls", "verify"), message, Severity.WARNING)
        elif not is_tls and backend.tls.model_fields_set:
            message = "has no effect, as no url begins with https://"
            yield Problem(("backends", name, "tls"), message, Severity.WARNING, at_key=True)


def waits_grow(draft: Draft) -> Iterator[Problem]:
    """A base that is written; a cap below the base that is default shortens that as well, as it should."""
    for name, backend in draft.backends.items():
        wait = backend.retries.backoff
        if "base" in wait.model_fields_set and wait.base > wait.cap:
            message = f"is longer than cap, {format_duration(wait.cap)}, and no wait is: raise cap"
            yield Problem(("backends", name, "retries", "backoff", "base"), message, Severity.WARNING)


def sockets_have_short_names(draft: Draft) -> Iterator[Problem]:
    if (length := len(draft.frame.shadow.socket.encode())) > _LONGEST_SOCKET:
        message = f"has {length} bytes; a unix socket's path has {_LONGEST_SOCKET} at most"
        yield Problem(("shadow", "socket"), message)
