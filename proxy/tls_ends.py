"""TLS whose ends are those of TCP: who says no more may still listen, who is gone has been heard out.

A loop's own TLS closes both ways at a closure alert, and forgets what a broken connection still holds.
"""

import contextlib
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

_READ_SIZE: Final = 64 * 1024


class Secure(ssl.SSLObject):
    """What a loop encrypts and decrypts one connection with."""

    incoming: ssl.MemoryBIO
    """Bytes from the network that wait to be decrypted."""
    on_end: Callable[[], None] | None = None
    """Told once when the peer says that it sends no more; the connection then stays, for what is sent to it.

    It is told before the loop hands on what was said last. Without it, the loop closes the connection.
    """
    ended = False
    """Whether `rest` has come to the peer's closure alert."""

    def read(self, len: int = 1024, buffer: "Buffer | None" = None) -> bytes:
        data = super().read(len, buffer)
        if data or self.on_end is None:
            return data
        told, self.on_end = self.on_end, _ignore
        told()
        raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "The peer sends no more.")

    def rest(self, received: bytes = b"") -> bytes:
        """What these last bytes of a lost connection say, behind any before them that were not taken."""
        self.incoming.write(received)
        pieces = []
        with contextlib.suppress(ssl.SSLError):  # there is no more, or it is cut
            while piece := super().read(_READ_SIZE):
                pieces.append(piece)
            self.ended = True
        return b"".join(pieces)


class SecureContext(ssl.SSLContext):
    """Makes connections `Secure`."""

    sslobject_class = Secure

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Secure:
        made = cast(Secure, super().wrap_bio(incoming, outgoing, server_side, server_hostname, session))
        made.incoming = incoming
        return made


def _ignore() -> None:
    """The end was told before."""
