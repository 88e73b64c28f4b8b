"""Targets and paths: what matching sees of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.target import host_name, split_path, split_target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/", (None, b"/", b"")),
        (b"/a/b?c=d?e", (None, b"/a/b", b"c=d?e")),
        (b"/a?", (None, b"/a", b"")),
        (b"//evil.example/x", (None, b"//evil.example/x", b"")),
        (b"/a?u=http://x/y", (None, b"/a", b"u=http://x/y")),
        (b"http://h:81/a?b", (b"h:81", b"/a", b"b")),
        (b"HTTPS://h", (b"h", b"/", b"")),
        (b"http://h?b", (b"h", b"/", b"b")),
        (b"*", (None, b"", b"")),
        (b"example.com:443", (None, b"", b"")),
        (b"x?u=http://h/", (None, b"", b"")),
        (b"", (None, b"", b"")),
    ],
)
def test_split_target(target: bytes, expected: tuple[bytes | None, bytes, bytes]) -> None:
    assert split_target(target) == expected


@pytest.mark.parametrize(
    ("path", "raw", "decoded"),
    [
        (b"/", [b""], [b""]),
        (b"/a/b", [b"a", b"b"], [b"a", b"b"]),
        (b"/a//b/", [b"a", b"", b"b", b""], [b"a", b"", b"b", b""]),
        (b"/a%2Fb/%7Ec", [b"a%2Fb", b"%7Ec"], [b"a/b", b"~c"]),
        (b"/%e9/%zz/%", [b"%e9", b"%zz", b"%"], [b"\xe9", b"%zz", b"%"]),
        (b"/.well-known/..x", [b".well-known", b"..x"], [b".well-known", b"..x"]),
        (b"/a/./b/../c", [b"a", b"c"], [b"a", b"c"]),
        (b"/public/%2e%2E/adm%69n", [b"adm%69n"], [b"admin"]),
        (b"/a/%2e", [b"a", b""], [b"a", b""]),
        (b"/a/..", [b""], [b""]),
        (b"/../..", [b""], [b""]),
        (b"/a//../b", [b"a", b"b"], [b"a", b"b"]),
        (b"/..%2f..%2fetc", [b"..%2f..%2fetc"], [b"../../etc"]),
    ],
)
def test_split_path(path: bytes, raw: list[bytes], decoded: list[bytes]) -> None:
    assert split_path(path) == (raw, decoded)


@given(st.lists(st.sampled_from([b"a", b".", b"..", b"%2e", b".%2E", b"", b"...", b"%2F"]), min_size=1))
def test_no_dot_segment_is_ever_left(segments: list[bytes]) -> None:
    raw, decoded = split_path(b"/" + b"/".join(segments))
    assert len(raw) == len(decoded) > 0
    assert not {b".", b".."} & set(decoded)


@given(st.lists(st.binary().map(lambda text: text.replace(b"/", b"").replace(b".", b"")), min_size=1))
def test_the_raw_segments_are_the_path(segments: list[bytes]) -> None:
    path = b"/" + b"/".join(segments)
    raw, decoded = split_path(path)
    if b"." not in decoded and b".." not in decoded and b"%" not in path:
        assert b"/" + b"/".join(raw) == path


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"api.Example.com", b"api.example.com"),
        (b"api.example.com:8080", b"api.example.com"),
        (b"api.example.com.", b"api.example.com"),
        (b"user:pw@h:1", b"h"),
        (b"[::1]:80", b"[::1]"),
        (b"[FE80::1]", b"[fe80::1]"),
        (b"", b""),
    ],
)
def test_host_name(authority: bytes, host: bytes) -> None:
    assert host_name(authority) == host
