"""TLS as connections are secured by it: an end is told and not acted on, what was not read is not lost."""

import ssl
from pathlib import Path

import pytest

from tests.support.tls_pair import Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_that_the_peer_sends_no_more_is_told_once_and_ends_nothing(pair: Pair) -> None:
    told: list[bool] = []
    pair.ours.on_end = lambda: told.append(True)
    pair.ours.incoming.write(pair.says(b"my last words") + pair.says_no_more())
    assert pair.ours.read() == b"my last words"
    for _ in range(2):
        with pytest.raises(ssl.SSLWantReadError):
            pair.ours.read()
    assert told == [True]
    assert pair.ours.write(b"heard") == 5


def test_with_nobody_to_tell_the_end_is_an_end(pair: Pair) -> None:
    pair.ours.incoming.write(pair.says_no_more())
    buffer = bytearray(9)
    assert not pair.ours.read(9, buffer)


def test_the_rest_is_all_that_was_said_and_whether_it_was_the_end(pair: Pair) -> None:
    pair.ours.incoming.write(pair.says(b"held back, "))
    assert pair.ours.rest(pair.says(b"and on its way")) == b"held back, and on its way"
    assert not pair.ours.ended
    assert pair.ours.rest(pair.says_no_more()) == b""
    assert pair.ours.ended


def test_a_record_that_is_cut_says_nothing(pair: Pair) -> None:
    assert pair.ours.rest(pair.says(b"whole") + pair.says(b"cut")[:-1]) == b"whole"
    assert not pair.ours.ended


def test_what_was_tampered_with_says_nothing(pair: Pair) -> None:
    record = bytearray(pair.says(b"pay 1"))
    record[-1] ^= 1
    assert pair.ours.rest(bytes(record)) == b""
    assert not pair.ours.ended
