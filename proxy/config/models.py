"""routes.yaml as a whole. Each section's model is in the module of its name."""

from typing import Annotated, Literal

from pydantic import Field

from proxy.config.backends import Backend
from proxy.config.base import Section
from proxy.config.routes import Defaults, RouteConfig
from proxy.config.server import Control, Server
from proxy.config.values import Name, Nullable, parsed
from proxy.config.worker import ShadowWorker

__all__ = ["Backend", "Config", "Control", "Defaults", "RouteConfig", "Server", "ShadowWorker"]


VERSION = 1


def _store(text: str, schemes: tuple[str, ...]) -> str:
    """A URL with one of the schemes. What is wrong is said without the URL, which may hold a password."""
    scheme, separator, rest = text.partition("://")
    if scheme.partition("+")[0] not in schemes or not separator or not rest:
        raise ValueError(f"must be a URL that begins with {', '.join(f'{name}://' for name in schemes)}")
    return text


LedgerUrl = Annotated[str, parsed(lambda text: _store(text, ("sqlite", "postgresql", "mysql", "mariadb")))]
RedisUrl = Annotated[str, parsed(lambda text: _store(text, ("redis", "rediss", "unix")))]


class Frame(Section):
    """What stands around the endpoints."""

    version: Literal[1]
    """Version of this format: 1."""
    server: Server = Server()
    """Where clients come in."""
    control: Control = Control()
    """Where engineers and QA come in; never on the clients' port."""
    ledger: LedgerUrl = Field(default="sqlite:///var/banyan.db", repr=False)
    """What must not be lost: a sqlite, postgresql or mysql URL."""
    redis: Nullable[RedisUrl] = Field(default=None, repr=False)
    """Optional, for many machines: a redis, rediss or unix URL."""
    shadow: ShadowWorker = ShadowWorker()
    """The shadow worker."""


class Config(Frame):
    """routes.yaml: who serves which endpoint."""

    backends: dict[Name, Backend]
    """The services that answer, by name."""
    defaults: Defaults = Defaults()
    """What every route inherits, key by key."""
    routes: tuple[RouteConfig, ...] = ()
    """The endpoints; what no route matches goes to `defaults.legacy`."""
