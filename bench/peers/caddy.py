"""Caddy, one core's worth of Go, keep-alive to the origin, no access log."""

from bench.peers.base import Command, Peer, Site

CONFIG = """
{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
http://:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{origin} {{
    transport http {{
      keepalive 1h
      keepalive_idle_conns 512
      keepalive_idle_conns_per_host 512
    }}
  }}
}}
"""


def command(site: Site) -> Command:
    config = site.folder / "Caddyfile"
    config.write_text(CONFIG.format(port=site.port, origin=site.origin))
    home = str(site.folder)
    return Command(
        ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"],
        {"GOMAXPROCS": "1", "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home},
    )


PEER = Peer("caddy", "Caddy", command, binary="caddy")
