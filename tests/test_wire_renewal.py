"""Certificates that are renewed while Banyan runs."""

import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.banyan import Banyan, Lane, running
from tests.support.dataplane import backend
from tests.support.keys import Keys, issued
from tests.support.origin import Origin
from tests.support.wire import Wire, request, wait_until


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    home = tmp_path / "keys"
    home.mkdir()
    return issued(home)


@pytest.fixture
def secure(keys: Keys) -> Iterator[Origin]:
    """A backend behind TLS."""
    origin = Origin(keys.context(keys.authority.issue_cert("localhost", "127.0.0.1")))
    yield origin
    origin.close()


@pytest.fixture
def banyan(lane: Lane, keys: Keys, main_origin: Origin, secure: Origin, tmp_path: Path) -> Iterator[Banyan]:
    """TLS to clients, and to a backend of whose authority it does not know yet."""
    shutil.copy(keys.file("other-ca.pem"), keys.file("trusted.pem"))
    config = {
        "server": {"tls": {"cert": keys.file("server.pem"), "key": keys.file("server.key")}},
        "backends": {
            "plain": backend(main_origin),
            "secure": backend(
                main_origin, url=f"https://localhost:{secure.port}", tls={"ca": keys.file("trusted.pem")}
            ),
        },
        "defaults": {"legacy": "plain"},
        "routes": [{"id": "secure", "match": {"path": "/secure"}, "legacy": "secure"}],
    }
    with running(tmp_path, config, lane) as banyan:
        yield banyan


def shown(banyan: Banyan, keys: Keys) -> bytes | None:
    """The certificate that a new client gets to see."""
    with Wire(banyan.address, tls=keys.trusting()) as wire:
        assert isinstance(wire.socket, ssl.SSLSocket)
        assert wire.ask(request()).status == 200
        return wire.socket.getpeercert(binary_form=True)


def test_a_renewed_certificate_is_shown_to_who_comes_next(banyan: Banyan, keys: Keys, origin: Origin) -> None:
    with Wire(banyan.address, tls=keys.trusting()) as before:
        assert before.ask(request()).status == 200
        renewed = keys.write("server", "localhost", "127.0.0.1")
        wait_until(lambda: shown(banyan, keys) == renewed)
        assert before.ask(request()).status == 200, "whoever is connected stays"


def test_half_a_renewal_waits_for_the_other_half(banyan: Banyan, keys: Keys, origin: Origin) -> None:
    old = shown(banyan, keys)
    renewed = keys.write("next", "localhost", "127.0.0.1")
    shutil.copy(keys.file("next.pem"), keys.file("server.pem"))
    wait_until(lambda: "not of one another" in banyan.log())
    assert shown(banyan, keys) == old
    shutil.copy(keys.file("next.key"), keys.file("server.key"))
    wait_until(lambda: shown(banyan, keys) == renewed)


def test_a_backend_is_believed_once_its_authority_is_known(
    banyan: Banyan, keys: Keys, origin: Origin, secure: Origin
) -> None:
    with Wire(banyan.address, tls=keys.trusting()) as wire:
        assert wire.ask(request(b"/secure")).status == 502
        shutil.copy(keys.file("ca.pem"), keys.file("trusted.pem"))
        wait_until(lambda: wire.ask(request(b"/secure")).status == 200)
