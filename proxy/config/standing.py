"""What of routes.yaml holds from a start to the next one, whatever the file says meanwhile."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from proxy.config.errors import Problem, Severity
from proxy.config.models import Config

_M = TypeVar("_M", bound=BaseModel)

STANDING: tuple[tuple[str, ...], ...] = (
    ("server", "listen"),
    ("server", "status"),
    ("server", "workers"),
    ("server", "timeouts", "drain"),
    ("server", "tls"),
    ("server", "access_log"),
    ("server", "tracing", "endpoint"),
    ("control", "listen"),
    ("ledger",),
    ("redis",),
    ("shadow", "socket"),
    ("shadow", "log", "path"),
    ("shadow", "log", "rotate"),
    ("shadow", "log", "keep"),
    ("shadow", "queue"),
    ("shadow", "concurrency"),
    ("shadow", "groups"),
)
"""Keys of what is bound, opened or connected once. All processes of a machine must agree on them, those too
that take the place of one that died."""

_LATER = "changed since the start, and takes effect at the next one"


def changed(started: Config, now: Config) -> Iterator[Problem]:
    """A warning for each key that has to wait. It does not repeat values: a URL may hold a password."""
    for path in STANDING:
        if _value(started, path) != _value(now, path):
            yield Problem(path, _LATER, Severity.WARNING)


def kept(started: Config, now: Config) -> Config:
    """The new configuration, with what has to wait as it was at the start."""
    for path in STANDING:
        now = _with(now, path, _value(started, path))
    return now


def _value(model: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        model = getattr(model, name)
    return model


def _with(model: _M, path: tuple[str, ...], value: object) -> _M:
    first, *rest = path
    if rest:
        value = _with(getattr(model, first), tuple(rest), value)
    return model if getattr(model, first) == value else model.model_copy(update={first: value})
