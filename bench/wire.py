"""Blocking sockets for what no load generator does: gigabytes, stalls, thousands of idle connections."""

import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from bench.children import BenchError

PIECE = bytes(range(256)) * 4096  # 1 MiB
PATIENCE = 60.0  # seconds without a byte before a transfer counts as stuck
GET = b"GET %b HTTP/1.1\r\nHost: bench\r\nX-Merchant-Id: m_1\r\n\r\n"
POST = b"POST %b HTTP/1.1\r\nHost: bench\r\nX-Merchant-Id: m_1\r\nContent-Length: %d\r\n\r\n"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    """One connection; what goes wrong with it is told as a BenchError."""
    try:
        with connect(port) as connection:
            yield connection
    except OSError as error:
        raise BenchError(f"the connection to the proxy failed: {error}") from error


def read_head(connection: socket.socket) -> tuple[int, int, bytes]:
    """The status, the Content-Length, and what of the body came along."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = connection.recv(65536)
        if not more:
            raise BenchError(f"the connection ended within the response's head: {seen[:200]!r}")
        seen += more
    head, _, rest = seen.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is None:
        raise BenchError(f"a response without Content-Length: {head[:200]!r}")
    return int(head[9:12]), int(length[1]), rest


def download(port: int, path: str, stall: float = 0.0) -> int:
    """Fetches a body and returns its length. Midway it stops reading for `stall` seconds."""
    with connected(port) as connection:
        connection.sendall(GET % path.encode())
        status, length, rest = read_head(connection)
        if status != 200:
            raise BenchError(f"GET {path} was answered {status}")
        got = len(rest)
        buffer = bytearray(1 << 20)
        while got < length:
            if stall and got > length // 2:
                time.sleep(stall)
                stall = 0
            count = connection.recv_into(buffer)
            if not count:
                raise BenchError(f"GET {path} was cut after {got} of {length} bytes")
            got += count
        return got


def upload(port: int, path: str, size: int) -> None:
    """Sends `size` bytes, a multiple of a MiB, to a backend that counts; raises BenchError if any is lost."""
    crc = 0
    with connected(port) as connection:
        connection.sendall(POST % (path.encode(), size))
        for _ in range(size // len(PIECE)):
            connection.sendall(PIECE)
            crc = zlib.crc32(PIECE, crc)
        status, length, body = read_head(connection)
        while len(body) < length:
            body += connection.recv(65536)
    if status != 200 or json.loads(body) != {"bytes": size, "crc": crc}:
        raise BenchError(f"POST {path} of {size} bytes was answered {status} {body[:200]!r}")


def idle_connections(port: int, path: str, count: int) -> list[socket.socket]:
    """Opens connections that have each had one answer and now wait. Close them with `socket.close`."""
    opened = []
    for _ in range(count):
        connection = connect(port)
        opened.append(connection)
        connection.sendall(GET % path.encode())
        status, length, rest = read_head(connection)
        if status != 200:
            raise BenchError(f"connection {len(opened)} was answered {status}")
        while len(rest) < length:
            rest += connection.recv(65536)
    return opened
