"""Responses that nobody asked for, sent by a backend just before its connection is used again.

The worker is stopped meanwhile, so that it finds the request and the response in one turn of its event loop.
"""

import fcntl
import socket
import termios
from contextlib import AbstractContextManager

import pytest

from tests.support.banyan import Banyan
from tests.support.dataplane import Connect
from tests.support.origin import Exchange, Origin, echo
from tests.support.processes import frozen
from tests.support.wire import request, response, wait_until

POISON = response(body=b"poison")


def stopped(banyan: Banyan) -> AbstractContextManager[None]:
    """The only worker stands still."""
    (worker,) = banyan.workers()
    return frozen(worker)


def _arrived(sock: socket.socket) -> bool:
    """Whether the peer's kernel has all that was sent."""
    return fcntl.ioctl(sock, termios.TIOCOUTQ, b"1234") == b"\0\0\0\0"


@pytest.mark.parametrize("poison_first", [True, False])
@pytest.mark.parametrize("method", [b"GET", b"POST"], ids=bytes.decode)
def test_it_is_not_the_answer_to_the_next_request(
    origin: Origin, connect: Connect, main_proxy: Banyan, method: bytes, poison_first: bool
) -> None:
    used: list[Exchange] = []

    def remember(exchange: Exchange) -> None:
        used.append(exchange)
        echo(exchange)

    origin.plays(remember, echo)
    first, second = connect(), connect()
    assert first.ask(request(b"/first")).body == b"GET /first "
    asked = request(b"/second", method=method, body=b"x" if method == b"POST" else b"")
    with stopped(main_proxy):
        if poison_first:
            used[0].send(POISON)
        second.send(asked)
        if not poison_first:
            used[0].send(POISON)
        wait_until(lambda: _arrived(used[0].socket) and _arrived(second.socket))
    answered = second.response()
    assert answered.body.startswith(method + b" /second")
    connections = {seen.connection for seen in origin.wait_for(2)}
    assert len(connections) == 2, "the connection was used again"


def test_nor_are_its_bytes_kept_for_later(origin: Origin, connect: Connect, main_proxy: Banyan) -> None:
    """A response and half of another one, in one piece: the next request gets another connection."""
    origin.plays(lambda exchange: exchange.send(response(body=b"mine") + POISON[:20]), echo)
    assert connect().ask(request(b"/first")).body == b"mine"
    assert connect().ask(request(b"/second")).body == b"GET /second "
