"""Short ways to write requests and routes in tests of routing and decisions, and PHP itself to ask."""

import base64
import gc
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import FrameType
from typing import Any

from proxy.routing.head import Head
from proxy.routing.hosts import parse_host
from proxy.routing.pattern import Pattern
from proxy.routing.php import PhpArray, Values
from proxy.routing.subjects import Condition, Form, Header, Query
from proxy.routing.template import parse_template
from proxy.routing.values import Exact, Matcher
from proxy.routing.variable import variable
from tests.support.banyan import free_port

FORM = "application/x-www-form-urlencoded"

Wanted = Mapping[str, str | Matcher]


def head(target: str | bytes = "/", method: str = "GET", *fields: str, client: str = "192.0.2.1") -> Head:
    """A request head; each field is written `Name: value`."""
    lines = []
    for field in fields:
        name, _, value = field.partition(":")
        lines.append((name.lower().encode(), field.encode(), value.strip().encode()))
    raw = target if isinstance(target, bytes) else target.encode()
    return Head(method.encode(), raw, lines, client=client)


def pattern(
    path: str = "/",
    methods: str = "",
    host: str | None = None,
    *,
    headers: Wanted | None = None,
    query: Wanted | None = None,
    form: Wanted | None = None,
    php: bool = False,
) -> Pattern:
    """The `match` of a route; `methods` is written `GET POST`, a value that is no matcher is exact."""
    return Pattern(
        parse_template(path),
        frozenset(method.encode() for method in methods.split()),
        None if host is None else parse_host(host),
        (
            *(
                Condition(Header(name.lower().encode()), _matcher(value))
                for name, value in (headers or {}).items()
            ),
            *(
                Condition(Query(variable(name, php)), _matcher(value))
                for name, value in (query or {}).items()
            ),
            *(Condition(Form(variable(name, php)), _matcher(value)) for name, value in (form or {}).items()),
        ),
    )


def _matcher(value: str | Matcher) -> Matcher:
    return Exact(value.encode()) if isinstance(value, str) else value


def work(call: Callable[[], object]) -> int:
    """How many lines of Python a call executes."""
    lines = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # Hypothesis listens to collections: its lines would be counted too
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return lines


# --- PHP itself -----------------------------------------------------------------------------------

_SCRIPT = r"""<?php
function told($array) {
    $pairs = [];
    foreach ($array as $key => $value) {
        $value = is_array($value) ? told($value) : base64_encode($value);
        $pairs[] = [is_int($key) ? $key : base64_encode($key), $value];
    }
    return $pairs;
}
if (PHP_SAPI === 'cli-server') {
    echo json_encode([told($_GET), told($_POST), told($_COOKIE)], 0, 1000);
    return true;
}
while (($line = fgets(STDIN)) !== false) {
    parse_str(base64_decode(trim($line)), $result);
    echo json_encode(told($result), 0, 1000), "\n";
}
"""
_QUIET = ["-d", "display_errors=0", "-d", "log_errors=0", "-d", "max_input_vars=1000"]


class PhpParser:
    """`parse_str` of one PHP process, asked over its standard input."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def parse_str(self, text: bytes) -> PhpArray:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(base64.b64encode(text) + b"\n")
        self._process.stdin.flush()
        return _array(json.loads(self._process.stdout.readline()))


@contextmanager
def php_parser(folder: Path) -> Iterator[PhpParser]:
    """A PHP that parses query strings."""
    command = ["php", *_QUIET, str(_script(folder))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield PhpParser(process)
        assert process.stdin
        process.stdin.close()


class PhpServer:
    """PHP behind HTTP, which says what it found in a request."""

    def __init__(self, port: int) -> None:
        self._port = port

    def superglobals(
        self,
        method: str = "GET",
        target: str = "/",
        headers: Iterable[tuple[str, bytes]] = (),
        body: bytes = b"",
    ) -> tuple[PhpArray, PhpArray, PhpArray]:
        """`$_GET`, `$_POST` and `$_COOKIE` of one request."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.putrequest(method, target)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        told = json.loads(connection.getresponse().read())
        connection.close()
        return _array(told[0]), _array(told[1]), _array(told[2])


@contextmanager
def php_server(folder: Path) -> Iterator[PhpServer]:
    """A PHP that answers on a free port of this machine."""
    port = free_port()
    command = ["php", *_QUIET, "-S", f"127.0.0.1:{port}", str(_script(folder))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await_listener(port)
            yield PhpServer(port)
        finally:
            process.terminate()


def _await_listener(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("php -S does not listen")


def _script(folder: Path) -> Path:
    script = folder / "told.php"
    script.write_text(_SCRIPT)
    return script


def _array(told: list[list[Any]]) -> PhpArray:
    array = PhpArray()
    for key, value in told:
        name = key if isinstance(key, int) else base64.b64decode(key)
        array[name] = _array(value) if isinstance(value, list) else base64.b64decode(value)
    return array


def listed(values: Values) -> list[object]:
    """Keys and values in their order, which comparing dictionaries would not see."""
    return [(key, listed(value) if isinstance(value, PhpArray) else value) for key, value in values.items()]
