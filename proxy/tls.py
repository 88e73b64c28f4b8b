"""TLS as routes.yaml has it: contexts made of the certificates and keys that it names.

These files are renewed while Banyan runs, under the same names: what they hold says whether they were.
"""

import hashlib
import ssl
from pathlib import Path
from typing import TypeAlias

from proxy.config.backends import BackendTls
from proxy.config.server import ServerTls
from proxy.tls_ends import SecureContext

Tls: TypeAlias = BackendTls | ServerTls

ALPN = ["http/1.1"]
"""What is agreed on, on either side, so that nobody takes the other to speak HTTP/2 (RFC 7301)."""


class ServerKeys:
    """What handshakes with clients begin with. Raises OSError for files that cannot be used."""

    def __init__(self, tls: ServerTls) -> None:
        self._tls = tls
        self._content = content(tls)
        self.context = towards_clients(tls)

    def renew(self) -> None:
        """Take the files as they are now. Raises OSError, and all is as it was."""
        found = content(self._tls)
        if found != self._content:  # a new context forgets the sessions that clients resume
            self.context = towards_clients(self._tls)
            self._content = found


def named(tls: Tls) -> dict[str, str]:
    """The files that are named, by their keys."""
    files = ((key, getattr(tls, key, None)) for key in ("ca", "cert", "key"))
    return {key: file for key, file in files if file is not None}


def content(tls: Tls) -> bytes:
    """A digest of all that the files hold. Raises OSError."""
    digest = hashlib.sha256()
    for file in named(tls).values():
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    return digest.digest()


def towards_clients(tls: ServerTls) -> ssl.SSLContext:
    """Raises OSError, of which ssl.SSLError is one."""
    context = SecureContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.cert, tls.key)
    context.set_alpn_protocols(ALPN)
    return context


def towards_backend(tls: BackendTls) -> ssl.SSLContext:
    """Raises OSError, of which ssl.SSLError is one."""
    context = SecureContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(tls.ca)
    context.verify_flags = ssl.create_default_context(cafile=tls.ca).verify_flags  # newer Pythons add to them
    context.set_alpn_protocols(ALPN)
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
