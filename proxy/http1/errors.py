"""What a client can do wrong on the wire, as one exception with the problem's slug."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BadRequest(Exception):
    """A request that is refused before anything of it is forwarded; the connection closes after it.

    `slug` is one of the `urn:banyan:` problem types of a client's fault, `detail` one sentence for people.
    """

    slug: str
    detail: str

    def __str__(self) -> str:
        return f"{self.slug}: {self.detail}"


def malformed(detail: str) -> BadRequest:
    """The refusal of bytes that are not one unambiguous HTTP/1 message."""
    return BadRequest("bad-request", detail)
