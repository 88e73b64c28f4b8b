"""One small file per proxy. `PEERS` is all of them by key, in the order of the tables."""

from bench.peers import (
    aiohttp_proxy,
    asgiproxy,
    banyan,
    caddy,
    envoy,
    fastapi_proxy_lib,
    haproxy,
    naive,
    nginx,
)

PEERS = {
    peer.key: peer
    for peer in (
        banyan.EXPRESS,
        banyan.ASGI,
        nginx.PEER,
        haproxy.PEER,
        envoy.PEER,
        caddy.PEER,
        aiohttp_proxy.PEER,
        asgiproxy.PEER,
        fastapi_proxy_lib.PEER,
        naive.PEER,
    )
}
USUAL = ("banyan", "banyan-asgi", "nginx", "haproxy", "envoy", "caddy", "naive")
