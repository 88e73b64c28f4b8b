"""A certificate authority of the tests' own, and the files and contexts that it issues."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Keys:
    """What a certificate authority issued: files for the program, contexts for the test's own ends."""

    authority: trustme.CA
    home: Path

    def file(self, name: str) -> str:
        return str(self.home / name)

    def context(self, certificate: trustme.LeafCert, *, ask: bool = False) -> ssl.SSLContext:
        """A server's context; `ask` demands a certificate of the client too."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        context.set_alpn_protocols(["h2", "http/1.1"])
        if ask:
            context.verify_mode = ssl.CERT_REQUIRED
            self.authority.configure_trust(context)
        return context

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts this authority."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def write(self, name: str, *identities: str) -> bytes:
        """Issue a certificate into NAME.pem and its key into NAME.key; it comes back as clients see it."""
        certificate = self.authority.issue_cert(*identities)
        certificate.private_key_pem.write_to_path(self.file(f"{name}.key"))
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        Path(self.file(f"{name}.pem")).write_bytes(chain)
        return ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())


def issued(home: Path) -> Keys:
    """A new authority (ca.pem), a stranger to it (other-ca.pem), and what Banyan shows: server and client."""
    keys = Keys(trustme.CA(), home)
    keys.authority.cert_pem.write_to_path(keys.file("ca.pem"))
    trustme.CA().cert_pem.write_to_path(keys.file("other-ca.pem"))
    keys.write("server", "localhost", "127.0.0.1")
    keys.write("client", "banyan@localhost", "127.0.0.1")
    return keys
