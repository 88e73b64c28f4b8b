"""The head of one request: bytes as they came, decoded by nobody until something asks."""

from dataclasses import dataclass


@dataclass(slots=True)
class Head:
    """Method, raw target and raw header list of one HTTP/1 request.

    `fields` keeps every header line in order as (lower-case name, name as sent, value without surrounding
    whitespace); duplicates stay apart. `client` is the peer's IP address as text, or the one a trusted
    proxy named. `secure` says whether the client came over TLS.
    """

    method: bytes
    target: bytes
    fields: list[tuple[bytes, bytes, bytes]]
    minor: int = 1
    client: str = ""
    secure: bool = False

    def get(self, name: bytes) -> bytes | None:
        """The first value of the header with this lower-case name."""
        for lower, _, value in self.fields:
            if lower == name:
                return value
        return None

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of the header with this lower-case name, in order."""
        return [value for lower, _, value in self.fields if lower == name]
