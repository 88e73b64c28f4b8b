"""A real browser without a window: Chromium over its DevTools protocol, as much of it as a test needs."""

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

START = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--window-size=1180,860",
)


class Page:
    """One tab."""

    def __init__(self, channel: ClientConnection) -> None:
        self._channel = channel
        self._calls = 0
        self._events: list[dict[str, Any]] = []
        self._call("Page.enable")

    def open(self, url: str) -> None:
        """Loads a page and everything on it."""
        self._forget()
        self._call("Page.navigate", url=url)
        self._settle()

    def until(self, script: str) -> None:
        """Waits until a JavaScript expression holds, on whichever page the browser goes to by itself."""
        deadline = time.monotonic() + START
        while not self._holds(script):
            assert time.monotonic() < deadline, f"it never came to {script}"
            time.sleep(0.05)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Clicks what leads to another page, and waits for that."""
        self._forget()
        self.run(f"document.querySelector({json.dumps(selector)}).click()")
        self._settle()

    def fill(self, selector: str, text: str) -> None:
        """Types into a field."""
        self.run(f"document.querySelector({json.dumps(selector)}).value = {json.dumps(text)}")

    def text(self) -> str:
        """What a person can read."""
        shown: str = self.run("document.body.innerText")
        return shown

    def path(self) -> str:
        """The address of the page, without its host."""
        where: str = self.run("location.pathname + location.search")
        return where

    def screenshot(self, file: Path) -> bytes:
        """What a person sees, as a PNG, also stored in the file."""
        png = base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])
        file.write_bytes(png)
        return png

    def _holds(self, script: str) -> bool:
        """Not where the page is left before it can tell."""
        answer = self._answer("Runtime.evaluate", expression=script, returnByValue=True)
        return answer.get("result", {}).get("result", {}).get("value") is True

    def _forget(self) -> None:
        """Pages that have come so far are not the one that is waited for next."""
        self._call("Page.enable")
        self._events.clear()

    def _settle(self) -> None:
        """Waits until the page that is on its way has come."""
        while self._event()["method"] != "Page.loadEventFired":
            pass

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        message = self._answer(method, **params)
        assert "error" not in message, message
        result: dict[str, Any] = message["result"]
        return result

    def _answer(self, method: str, **params: Any) -> dict[str, Any]:
        self._calls += 1
        self._channel.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(self._channel.recv(START))
            if message.get("id") == self._calls:
                return message
            self._events.append(message)

    def _event(self) -> dict[str, Any]:
        if self._events:
            return self._events.pop(0)
        event: dict[str, Any] = json.loads(self._channel.recv(START))
        return event


@contextmanager
def browsing(home: Path) -> Iterator[Page]:
    """A browser with an empty profile in this directory, and its first tab."""
    profile = home / "profile"
    command = ["chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    with (home / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        port = _debugging_port(process, profile / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=START) as answer:
            tab = next(target for target in json.load(answer) if target["type"] == "page")
        with connect(
            tab["webSocketDebuggerUrl"], max_size=None, open_timeout=START, ping_interval=None
        ) as channel:
            yield Page(channel)
    finally:
        process.terminate()
        process.wait(START)


def _debugging_port(process: "subprocess.Popen[bytes]", file: Path) -> int:
    deadline = time.monotonic() + START
    while not (file.exists() and file.read_text()):
        assert process.poll() is None, "Chromium ended at once"
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.05)
    return int(file.read_text().splitlines()[0])
