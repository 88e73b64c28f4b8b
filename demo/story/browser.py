"""A browser, as far as the story needs one: cookies, forms, files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from .parts import Address
from .wire import Answer, Request, ask

_BOUNDARY = "----story7d93b1"


class Unexpected(Exception):
    """An answer that the story did not expect, in one line."""


@dataclass(slots=True)
class Browser:
    """Asks Banyan at `address`; the `witness`, the side itself, must answer every page alike."""

    address: Address
    witness: Address | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    compared: int = 0

    def get(self, target: str, status: int = 200) -> Answer:
        """A page. What shows only once has been shown before the comparison."""
        answer = self._ask(Request("GET", target, self._cookie()), status)
        if self.witness and status == 200:
            self._compare(Request("GET", target, self._cookie()), self.witness)
        return answer

    def follow(self, target: str) -> str:
        """A link that leads elsewhere: where to."""
        return self._ask(Request("GET", target, self._cookie()), 302).get("location")

    def post(self, target: str, fields: Mapping[str, str]) -> str:
        """A form, which is answered by a redirect: where to."""
        content_type = ("Content-Type", "application/x-www-form-urlencoded")
        body = urlencode(fields).encode()
        return self._ask(Request("POST", target, (*self._cookie(), content_type), body), 302).get("location")

    def submit(self, target: str, fields: Mapping[str, str]) -> Answer:
        """A form, which is answered by a page."""
        content_type = ("Content-Type", "application/x-www-form-urlencoded")
        return self._ask(
            Request("POST", target, (*self._cookie(), content_type), urlencode(fields).encode()), 200
        )

    def upload(self, target: str, fields: Mapping[str, str], filename: str, content: bytes) -> str:
        """A form with a file, which is answered by a redirect: where to."""
        parts = [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
            "Content-Type: application/pdf\r\n\r\n"
        )
        body = "".join(parts).encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
        content_type = ("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
        return self._ask(Request("POST", target, (*self._cookie(), content_type), body), 302).get("location")

    def _ask(self, request: Request, status: int) -> Answer:
        answer = ask(self.address, request)
        self.asked += 1
        if answer.status != status:
            raise Unexpected(f"{request.method} {request.target} answered {answer.status}, not {status}")
        for name, value in answer.fields:
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";")[0].partition("=")
                self.cookies[cookie] = content
        return answer

    def _compare(self, request: Request, witness: Address) -> None:
        through, direct = ask(self.address, request), ask(witness, request, str(self.address))
        self.compared += 1
        if through.comparable() != direct.comparable():
            raise Unexpected(f"GET {request.target} is not the same through Banyan as directly")

    def _cookie(self) -> tuple[tuple[str, str], ...]:
        if not self.cookies:
            return ()
        return (("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items())),)


def hidden(answer: Answer, name: str) -> str:
    """The value of a page's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]+)"', answer.body.decode())
    if found is None:
        raise Unexpected(f"the page has no field {name}")
    return found[1]
