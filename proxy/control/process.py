"""The control plane's process, which the supervisor starts with LINK LISTENER."""

import asyncio
import signal
import socket
import sys

from proxy.control.app import control_app
from proxy.link import Apply, Drain, Fleet, Link, Look
from proxy.rollout.bell import Bell
from proxy.rollout.hints import FLIPPED, SERVED, Herald, Listener
from proxy.rollout.ramping import Ramping
from proxy.state import State
from proxy.uvicorn_server import Server, control_server


def say(text: str) -> None:
    """A line for the operator, from any thread."""
    print(text, file=sys.stderr, flush=True)


async def _follow(link: Link, state: State, server: Server, bell: Bell) -> None:
    """Keep the state current; without a supervisor there is nothing left to tell, so end."""
    while True:
        message = await link.receive()
        if message is None or isinstance(message, Drain):
            server.should_exit = True
            return
        state.take(message)
        if isinstance(message, Fleet):
            bell.ring()


async def _main(link_descriptor: int, listener: int) -> None:
    link = await Link.open(socket.socket(fileno=link_descriptor))
    first = await link.receive()
    if not isinstance(first, Apply):
        return
    state, config, loop = State(first.snapshot), first.snapshot.config, asyncio.get_running_loop()
    herald = Herald(
        config.redis, FLIPPED, lambda version: loop.call_soon_threadsafe(link.send, Look(version))
    )
    bell = Bell()
    served = config.redis and Listener(config.redis, SERVED, lambda _: bell.ring(), lambda _: None)
    if served:
        served.start()
    server = control_server(control_app(state, herald.announce, bell))
    ramping = Ramping(config.ledger, lambda: state.snapshot, herald.announce, say)
    ramping.start()
    following = asyncio.create_task(_follow(link, state, server, bell))
    await server.serve(sockets=[socket.socket(fileno=listener)])
    following.cancel()
    ramping.close()
    if served:
        served.close()


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # they reach the whole group; the supervisor decides
    link, listener = map(int, sys.argv[1:3])
    asyncio.run(_main(link, listener))


if __name__ == "__main__":
    main()
