"""A sink that writes down what it is told, and short ways to write calls and answers."""

from proxy.http1.response import Response
from proxy.routing.head import Field
from proxy.upstream.call import Call
from proxy.upstream.failures import Failure

GET = Call(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", safe=True)
POST = Call(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n", safe=False, has_body=True)


def answer(status: int = 200, body: bytes = b"ok", *fields: bytes) -> bytes:
    """A counted response as it stands on the wire."""
    lines = b"".join(field + b"\r\n" for field in fields)
    return b"HTTP/1.1 %d Said\r\n%bContent-Length: %d\r\n\r\n%b" % (status, lines, len(body), body)


class Recorder:
    """What became of an exchange, as its asker was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.response: Response | None = None
        self.body = b""
        self.trailers: list[Field] = []
        self.failure: Failure | None = None

    @property
    def status(self) -> int | None:
        return self.response and self.response.status

    @property
    def ended(self) -> int:
        """How often the end was told; once is right."""
        return sum(word in ("completed", "failed") for word in self.told)

    def interim(self, status: int, reason: bytes, fields: list[Field]) -> None:
        self.told.append(f"interim {status}")

    def responded(self, response: Response) -> None:
        self.told.append("responded")
        self.response = response

    def received(self, data: bytes) -> None:
        self.told.append("received")
        self.body += data

    def completed(self, trailers: list[Field]) -> None:
        self.told.append("completed")
        self.trailers = trailers

    def failed(self, failure: Failure) -> None:
        self.told.append("failed")
        self.failure = failure

    def flush(self) -> None:
        self.told.append("flush")

    def upload_blocked(self) -> None:
        self.told.append("blocked")

    def upload_unblocked(self) -> None:
        self.told.append("unblocked")
