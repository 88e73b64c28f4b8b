"""Runs corpus cases: PHP itself and FastAPI itself answer, the comparison judges, "
"and its judgement is counted."""

import asyncio
import http.client
import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from fastapi import FastAPI

from shadow.compare import Answer, Policy, Request, Result, compare
from tests.support.banyan import START, free_port

HOST = "shop.example"


@dataclass(frozen=True, slots=True)
class Case:
    """One pair of answers: what PHP runs, what FastAPI runs, and every difference that there is.

    php: PHP code; `type` is sent as its Content-Type before (None: whatever PHP sends by itself). python: a
    FastAPI endpoint. expect: "where path kind" or "where path kind severity", one a difference.
    """

    name: str
    php: str
    python: Callable[..., object]
    expect: Sequence[str] = ()
    compare: Mapping[str, object] = field(default_factory=dict)
    type: str | None = "application/json"
    status: int = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with what was found."""

    case: Case
    primary: Answer
    shadow: Answer
    result: Result

    @property
    def found(self) -> Counter[str]:
        """Differences as `expect` writes them, the severity left out where `expect` leaves it out."""
        return Counter(
            self._written(f"{d.where} {d.path} {d.kind}", str(d.severity)) for d in self.result.differences
        )

    def _written(self, difference: str, severity: str) -> str:
        return f"{difference} {severity}" if f"{difference} {severity}" in self.case.expect else difference

    @property
    def expected(self) -> Counter[str]:
        return Counter(self.case.expect)


@dataclass(frozen=True, slots=True)
class Score:
    """How many differences were expected, found, and both."""

    pairs: int
    expected: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0


def score(judged: Iterable[Judged]) -> Score:
    """Precision and recall over all differences of all pairs."""
    all_judged = list(judged)
    return Score(
        len(all_judged),
        sum(one.expected.total() for one in all_judged),
        sum(one.found.total() for one in all_judged),
        sum((one.expected & one.found).total() for one in all_judged),
    )


def judge(cases: Sequence[Case]) -> list[Judged]:
    """Run every case: one PHP server and one FastAPI app answer them all."""
    php = php_answers(cases)
    python = asyncio.run(python_answers(cases))
    return [
        Judged(case, php[case.name], python[case.name], _compared(case, php[case.name], python[case.name]))
        for case in cases
    ]


def _compared(case: Case, primary: Answer, shadow: Answer) -> Result:
    request = Request("GET", _target(case).encode(), "http", HOST.encode())
    return compare(request, primary, shadow, Policy.compile(case.compare))


def _target(case: Case) -> str:
    return f"/{case.name}.php"


def php_answers(cases: Iterable[Case]) -> dict[str, Answer]:
    """What PHP's own server answers to each case, by name."""
    with TemporaryDirectory() as folder:
        for case in cases:
            Path(folder, f"{case.name}.php").write_text(_script(case))
        with php_server(folder) as port:
            return {case.name: _get(port, _target(case)) for case in cases}


def _script(case: Case) -> str:
    typed = f"header('Content-Type: {case.type}');" if case.type is not None else ""
    return f"<?php {typed}\n{case.php}\n"


@contextmanager
def php_server(folder: str) -> Iterator[int]:
    """PHP's built-in server on a free port of this machine, with the settings of a fresh installation."""
    binary = shutil.which("php")
    assert binary is not None, "php is not installed: apt-get install php-cli php-xml php-mbstring"
    port = free_port()
    settings = ["-d", "display_errors=1", "-d", "html_errors=1", "-d", "date.timezone=UTC"]
    command = [binary, "-n", *_extensions(), *settings, "-S", f"127.0.0.1:{port}", "-t", folder]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _extensions() -> list[str]:
    return [
        part
        for name in ("mbstring", "dom", "xml", "xmlwriter", "simplexml")
        for part in ("-d", f"extension={name}")
    ]


def _await(port: int) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("php -S did not start")


def _get(port: int, target: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", target, headers={"Host": HOST})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.getheaders()]
    return Answer(response.status, fields, body)


async def python_answers(cases: Iterable[Case]) -> dict[str, Answer]:
    """What FastAPI answers to each case, by name."""
    app = FastAPI()
    for case in cases:
        app.get(_target(case), response_model=None, status_code=case.status)(case.python)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    answers = {}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        for case in cases:
            async with client.stream("GET", _target(case)) as response:
                body = b"".join([chunk async for chunk in response.aiter_raw()])
                answers[case.name] = Answer(response.status_code, list(response.headers.raw), body)
    return answers
