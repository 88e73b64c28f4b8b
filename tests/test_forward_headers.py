"""What a backend is told: the client's own lines, byte for byte, and who asked, in the proxy's words."""

from ipaddress import ip_network

import pytest

from proxy.forward.headers import (
    NO_EDIT,
    HeadEdit,
    Peer,
    client_address,
    is_trusted,
    upstream_head,
    valid_request_id,
    valid_traceparent,
)
from proxy.http1.request import HeadLimits, parse_request
from proxy.outcome import Trace

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = Trace(b"id-1", PARENT)
STRANGER = Peer("192.0.2.7", secure=False, trusted=False)
EDGE = Peer("10.0.0.1", secure=True, trusted=True)


def lines(
    *fields: bytes,
    first: bytes = b"GET /a?b HTTP/1.1",
    host: tuple[bytes, ...] = (b"Host: shop",),
    peer: Peer = STRANGER,
    edit: HeadEdit = NO_EDIT,
    target: bytes | None = None,
) -> list[bytes]:
    """The lines of the head that the backend gets."""
    block = b"".join(line + b"\r\n" for line in (first, *host, *fields))
    request = parse_request(block, HeadLimits())
    head = upstream_head(request, target or request.head.target, edit, peer, TRACE, b"backend:81")
    assert head.endswith(b"\r\n\r\n")
    return head[:-4].split(b"\r\n")


def test_a_strangers_request_gains_who_asked() -> None:
    assert lines(b"X-B:  2", b"Accept: */*") == [
        b"GET /a?b HTTP/1.1",
        b"Host: shop",
        b"X-B:  2",
        b"Accept: */*",
        b"X-Forwarded-For: 192.0.2.7",
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Host: shop",
        b"Via: 1.1 banyan",
        b"X-Request-Id: id-1",
        b"traceparent: " + PARENT,
    ]


def test_a_strangers_word_about_itself_is_replaced() -> None:
    sent = lines(
        b"X-Forwarded-For: 127.0.0.1",
        b"x-forwarded-proto: https",
        b"X-Forwarded-Host: bank",
        b"X-Forwarded-Prefix: /admin",
        b"X-Real-IP: 127.0.0.1",
        b"Forwarded: for=127.0.0.1",
        b"X-Banyan-Debug: 1",
        b"X-Banyan-Shadow: 1",
    )
    assert not any(b"127.0.0.1" in line or b"bank" in line or b"Banyan" in line for line in sent)
    assert sent.count(b"X-Forwarded-Proto: http") == 1


def test_a_trusted_proxys_word_is_kept_and_the_chain_grows() -> None:
    sent = lines(
        b"X-Forwarded-For: 203.0.113.9",
        b"X-Forwarded-For: 10.0.0.9",
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Host: outside",
        peer=EDGE,
    )
    assert b"X-Forwarded-For: 203.0.113.9, 10.0.0.9, 10.0.0.1" in sent
    assert sum(line.lower().startswith(b"x-forwarded-for") for line in sent) == 1
    assert b"X-Forwarded-Proto: http" in sent
    assert b"X-Forwarded-Host: outside" in sent
    silent = lines(peer=EDGE)
    assert silent[2:5] == [
        b"X-Forwarded-For: 10.0.0.1",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: shop",
    ]


def test_hop_by_hop_and_nominated_fields_end_here() -> None:
    sent = lines(
        b"Connection: keep-alive, X-Hop",
        b"Keep-Alive: timeout=5",
        b"X-Hop: 1",
        b"Upgrade: h2c",
        b"Proxy-Authorization: secret",
        b"Trailer: X-Sum",
    )
    assert b"Trailer: X-Sum" in sent
    assert not any(name in line for line in sent for name in (b"Hop", b"eep", b"pgrade", b"secret"))


@pytest.mark.parametrize("peer", [STRANGER, EDGE], ids=["stranger", "edge"])
def test_nobody_names_a_proxy_to_what_runs_behind_cgi(peer: Peer) -> None:
    sent = lines(b"proxy: evil:8080", b"Proxy: evil:8080", b"X-Proxy: kept", peer=peer)
    assert [line for line in sent if b"roxy" in line] == [b"X-Proxy: kept"]


def test_this_hops_own_framing_is_written_anew() -> None:
    chunked = lines(b"Transfer-Encoding: Chunked", first=b"POST / HTTP/1.1")
    assert [line for line in chunked if b"ncoding" in line] == [b"Transfer-Encoding: chunked"]
    assert b"Content-Length: 3" in lines(b"Content-Length: 3", first=b"POST / HTTP/1.1")
    switched = lines(b"Connection: Upgrade", b"Upgrade: WebSocket")
    assert switched[-2:] == [b"Connection: Upgrade", b"Upgrade: websocket"]
    wants = lines(b"Connection: TE", b"TE: trailers")
    assert wants[-2:] == [b"Connection: TE", b"TE: trailers"]
    assert not any(b"TE" in line for line in lines(b"Connection: TE", b"TE: gzip"))


def test_valid_ids_of_the_client_are_kept_where_they_stand() -> None:
    sent = lines(b"X-Request-Id: id-1", b"A: b", b"Traceparent: " + PARENT)
    assert sent[2:5] == [b"X-Request-Id: id-1", b"A: b", b"Traceparent: " + PARENT]
    assert not any(line.startswith((b"X-Request-Id: id-2", b"traceparent: ")) for line in sent)
    replaced = lines(b"X-Request-Id: other", b"traceparent: junk", b"x-request-id: more")
    assert replaced[2:4] == [b"X-Request-Id: id-1", b"traceparent: " + PARENT]
    assert sum(line.lower().startswith(b"x-request-id") for line in replaced) == 1


def test_the_host_follows_the_policy_and_an_absolute_target() -> None:
    assert b"Host: own" in lines(edit=HeadEdit(host=b"own"))
    assert b"X-Forwarded-Host: shop" in lines(edit=HeadEdit(host=b"own"))
    absolute = lines(first=b"GET http://real/x HTTP/1.1")
    assert absolute[:2] == [b"GET http://real/x HTTP/1.1", b"Host: real"]
    assert b"X-Forwarded-Host: real" in absolute
    own = lines(first=b"GET http://real/x HTTP/1.1", edit=HeadEdit(host=b"own"))
    assert own[:2] == [b"GET /x HTTP/1.1", b"Host: own"]
    assert b"X-Forwarded-Host: real" in own
    old = lines(b"Expect: 100-continue", first=b"GET / HTTP/1.0", host=())
    assert b"Host: backend:81" in old
    assert b"Via: 1.0 banyan" in old
    assert not any(line.startswith((b"Expect", b"X-Forwarded-Host")) for line in old)


def test_a_sides_edits_drop_and_add() -> None:
    edit = HeadEdit(frozenset({b"x-debug"}), (b"X-Source: banyan",))
    sent = lines(b"X-Debug: 1", b"X-Keep: 1", edit=edit, target=b"/v1/a?b")
    assert sent[0] == b"GET /v1/a?b HTTP/1.1"
    assert b"X-Keep: 1" in sent
    assert b"X-Source: banyan" in sent
    assert b"X-Debug: 1" not in sent


@pytest.mark.parametrize(
    ("chain", "peer", "address"),
    [
        (b"203.0.113.9", STRANGER, "192.0.2.7"),
        (b"203.0.113.9, 10.0.0.9", EDGE, "203.0.113.9"),
        (b"6.6.6.6, 203.0.113.9 , 10.0.0.9", EDGE, "203.0.113.9"),
        (b"10.0.0.9", EDGE, "10.0.0.1"),
        (b"", EDGE, "10.0.0.1"),
    ],
)
def test_the_client_is_the_nearest_address_that_no_trusted_proxy_has(
    chain: bytes, peer: Peer, address: str
) -> None:
    block = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + chain + b"\r\n"
    request = parse_request(block, HeadLimits())
    assert client_address(request.head, peer, TRUSTED) == address


def test_trust_is_a_matter_of_networks() -> None:
    assert is_trusted("10.200.0.1", TRUSTED)
    assert is_trusted("fd00::1", TRUSTED)
    assert not is_trusted("11.0.0.1", TRUSTED)
    assert not is_trusted("unix", TRUSTED)
    assert not is_trusted("10.0.0.1", ())


def test_ids() -> None:
    assert valid_traceparent(PARENT)
    assert not valid_traceparent(PARENT.replace(b"b7ad6b7169203331", b"0" * 16))
    assert not valid_traceparent(None)
    assert valid_request_id(b"a")
    assert not valid_request_id(b"")
    assert not valid_request_id(b"a" * 201)
    assert not valid_request_id(None)
