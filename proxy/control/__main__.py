"""The control plane's process: `python -m proxy.control LINK LISTENER`, started by the supervisor."""

import asyncio
import signal
import socket
import sys

from proxy.control.app import control_app
from proxy.link import Drain, Link
from proxy.state import State
from proxy.uvicorn_server import Server, control_server


async def _follow(link: Link, state: State, server: Server) -> None:
    """Keep the state current; without a supervisor there is nothing left to tell, so end."""
    while True:
        message = await link.receive()
        if message is None or isinstance(message, Drain):
            server.should_exit = True
            return
        state.take(message)


async def _main(link_descriptor: int, listener: int) -> None:
    link = await Link.open(socket.socket(fileno=link_descriptor))
    state = State()
    server = control_server(control_app(state, announce=lambda: None))
    following = asyncio.create_task(_follow(link, state, server))
    await server.serve(sockets=[socket.socket(fileno=listener)])
    following.cancel()


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # they reach the whole group; the supervisor decides
    link, listener = map(int, sys.argv[1:3])
    asyncio.run(_main(link, listener))


if __name__ == "__main__":
    main()
