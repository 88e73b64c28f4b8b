"""Two ends of one TLS connection, and nothing between them but memory."""

import contextlib
import ssl
from pathlib import Path

from proxy.tls_ends import Secure, SecureContext
from tests.support.keys import issued


class Pair:
    """`ours` is what a loop would hold; what the other end says comes as the network carries it."""

    def __init__(self, home: Path) -> None:
        keys = issued(home)
        context = SecureContext(ssl.PROTOCOL_TLS_CLIENT)
        keys.authority.configure_trust(context)
        self._to_us, from_us = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ours: Secure = context.wrap_bio(self._to_us, from_us, server_hostname="localhost")
        leaf = keys.authority.issue_cert("localhost")
        self._theirs = keys.context(leaf).wrap_bio(from_us, self._to_us, server_side=True)
        for _ in range(3):
            for end in (self.ours, self._theirs):
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()

    def says(self, data: bytes) -> bytes:
        self._theirs.write(data)
        return self._to_us.read()

    def says_no_more(self) -> bytes:
        """A closure alert; whoever says it may still listen."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._theirs.unwrap()
        return self._to_us.read()
