"""HAProxy, one thread, connections to the origin shared by all clients, no log."""

from bench.peers.base import Command, Peer, Site

CONFIG = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  http-reuse always
  option forwardfor
frontend clients
  bind 127.0.0.1:{port}
  default_backend origin
backend origin
  server origin 127.0.0.1:{origin} pool-max-conn 512
"""


def command(site: Site) -> Command:
    config = site.folder / "haproxy.cfg"
    config.write_text(CONFIG.format(port=site.port, origin=site.origin))
    return Command(["haproxy", "-db", "-f", str(config)])


PEER = Peer("haproxy", "HAProxy", command, binary="haproxy")
