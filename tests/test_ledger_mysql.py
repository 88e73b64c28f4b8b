"""MySQL 8 asks for passwords in a way that MariaDB does not: caching_sha2_password, over plain TCP."""

import importlib.util
import socket
import struct
import threading
from collections.abc import Iterator
from io import BufferedRWPair
from itertools import cycle

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from proxy.ledger import BadLedgerUrl, Ledger, LedgerUnavailable, overrides

SALT = b"twenty bytes of salt"
PROTOCOL_41, SECURE, PLUGINS, WITH_DATABASE = 0x0200, 0x8000, 0x80000, 0x8


class MySql8:
    """Lets one client in as MySQL 8 does one that it does not remember, then hangs up.

    https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
    """

    def __init__(self) -> None:
        self.password = b""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        self._listener.close()
        with client, client.makefile("rwb") as stream:
            self._send(stream, 0, self._greeting())
            self._receive(stream)
            self._send(stream, 2, b"\x01\x04")  # not remembered: send the password itself
            assert self._receive(stream) == b"\x02"  # "show me your public key"
            encoded = self._key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self._send(stream, 4, b"\x01" + encoded)
            oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
            mixed = self._key.decrypt(self._receive(stream), oaep)
            self.password = bytes(a ^ b for a, b in zip(mixed, cycle(SALT), strict=False))
            self._send(stream, 6, b"\x00\x00\x00\x02\x00\x00\x00")

    def _greeting(self) -> bytes:
        abilities = PROTOCOL_41 | SECURE | PLUGINS | WITH_DATABASE
        return (
            b"\x0a8.4.0\0"
            + struct.pack("<I", 7)
            + SALT[:8]
            + b"\0"
            + struct.pack("<HBHHB", abilities & 0xFFFF, 45, 2, abilities >> 16, 21)
            + bytes(10)
            + SALT[8:]
            + b"\0caching_sha2_password\0"
        )

    def _send(self, stream: BufferedRWPair, number: int, payload: bytes) -> None:
        stream.write(len(payload).to_bytes(3, "little") + bytes([number]) + payload)
        stream.flush()

    def _receive(self, stream: BufferedRWPair) -> bytes:
        return stream.read(int.from_bytes(stream.read(4)[:3], "little"))


@pytest.fixture
def mysql8() -> Iterator[MySql8]:
    server = MySql8()
    yield server
    server.close()


def test_the_password_is_sent_encrypted(mysql8: MySql8) -> None:
    ledger = Ledger.open(f"mysql://banyan:geheim@127.0.0.1:{mysql8.port}/banyan")
    with pytest.raises(LedgerUnavailable):  # it hangs up after that
        ledger.read(lambda connection: overrides.find(connection, "pay"))
    assert mysql8.password == b"geheim\0"
    ledger.close()


def test_without_what_encrypts_it_the_url_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "cryptography" else real(name)
    )
    with pytest.raises(BadLedgerUrl, match=r"mysql needs a driver: pip install 'banyan-proxy\[mysql\]'"):
        Ledger.open("mysql://banyan@127.0.0.1/banyan")
    Ledger.open("mariadb://banyan@127.0.0.1/banyan").close()
