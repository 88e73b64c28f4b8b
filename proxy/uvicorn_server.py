"""uvicorn as this project runs it: on given sockets, without signal handlers, ended by whoever supervises."""

import contextlib
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette


class Server(uvicorn.Server):
    """`should_exit` ends it gracefully; signals are the supervisor's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def control_server(app: Starlette) -> Server:
    """A server for the control plane's own, modest traffic."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", ws="none", timeout_graceful_shutdown=2
    )
    return Server(config)
