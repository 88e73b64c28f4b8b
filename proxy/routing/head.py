"""The head of one request: bytes as they came, decoded by nobody until something asks."""

Field = tuple[bytes, bytes, bytes]
"""One header line: (lower-case name, the raw line as sent, value without surrounding whitespace)."""


class Head:
    """Method, raw target and raw header list of one HTTP/1 request.

    `fields` keeps every header line in order; duplicates stay apart. `client` is the IP address of the peer
    as text, or the one a trusted proxy named. `secure` says whether the client came over TLS.
    """

    __slots__ = ("client", "fields", "method", "minor", "secure", "target")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        fields: list[Field],
        minor: int = 1,
        client: str = "",
        secure: bool = False,
    ) -> None:
        self.method = method
        self.target = target
        self.fields = fields
        self.minor = minor
        self.client = client
        self.secure = secure

    def get(self, name: bytes) -> bytes | None:
        """The first value of the header with this lower-case name."""
        for lower, _, value in self.fields:
            if lower == name:
                return value
        return None

    def get_all(self, name: bytes) -> list[bytes]:
        """Every value of the header with this lower-case name, in order."""
        return [value for lower, _, value in self.fields if lower == name]
