"""One HTTP request as a client makes it, and the whole answer with every header as it came."""

import http.client
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

from .parts import Address

Side = Literal["legacy", "modern"]
Fields = tuple[tuple[str, str], ...]

# What may differ between an answer and the same answer through a proxy: when it was made, and what RFC 9110
# section 7.6.1 and RFC 9112 section 7 leave to each connection.
_PER_CONNECTION = {"date", "connection", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: the target goes out as it stands here."""

    method: str
    target: str
    fields: Fields = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    fields: Fields
    body: bytes

    def get(self, name: str) -> str:
        """The first value of this header, empty if there is none."""
        return next((value for field, value in self.fields if field.lower() == name.lower()), "")

    @property
    def side(self) -> Side:
        """Which side made it: PHP's web server never says `Server: uvicorn`."""
        return "modern" if self.get("server") == "uvicorn" else "legacy"

    def comparable(self) -> tuple[int, Fields, bytes]:
        """Everything that a proxy has to pass on unchanged."""
        kept = tuple(field for field in self.fields if field[0].lower() not in _PER_CONNECTION)
        return self.status, kept, self.body


def ask(address: Address, request: Request, host: str = "", timeout: float = 30.0) -> Answer:
    """Sends one request on its own connection, with this Host or the address; OSError if nobody answers."""
    with closing(http.client.HTTPConnection(address.host, address.port, timeout=timeout)) as connection:
        return exchange(connection, request, host or str(address))


def exchange(connection: http.client.HTTPConnection, request: Request, host: str) -> Answer:
    """One request on an open connection, which may be used again if the answer leaves it open."""
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    for name, value in request.fields:
        connection.putheader(name, value)
    if request.body is not None:
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body)
    answer = connection.getresponse()
    return Answer(answer.status, tuple(answer.getheaders()), answer.read())


def wait_for(address: Address, request: Request, side: Side, timeout: float) -> bool:
    """Asks until twenty answers in a row came from this side, so that every worker has had its say."""
    deadline, row = time.monotonic() + timeout, 0
    while row < 20 and time.monotonic() < deadline:
        row = row + 1 if ask(address, request).side == side else 0
    return row == 20
