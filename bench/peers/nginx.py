"""nginx, keep-alive to the origin, no access log."""

from bench.peers.base import Command, Peer, Site

CONFIG = """
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  upstream origin {{
    server 127.0.0.1:{origin};
    keepalive 512;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


def command(site: Site, workers: int) -> Command:
    site.folder.chmod(0o755)  # started by root, its worker is nobody
    config = site.folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=site.folder, port=site.port, origin=site.origin, workers=workers))
    return Command(["nginx", "-p", str(site.folder), "-c", str(config)])


def nginx(key: str, title: str, workers: int = 1) -> Peer:
    return Peer(key, title, lambda site: command(site, workers), binary="nginx")


PEER = nginx("nginx", "nginx")
