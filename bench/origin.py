"""The origin behind every peer: one nginx that answers from memory, so that the proxy is what is measured."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path

from bench.children import BenchError, running, wait_until
from bench.machine import free_port

SMALL = 1024  # bytes of the JSON answer
LARGE = 100 * 1024  # bytes of the download

# `mirror` makes nginx read the whole upload before it answers. `return` alone would answer at once, and an
# answer that overtakes its request costs every proxy a connection.
CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  client_body_buffer_size 64k;
  client_max_body_size 0;
  sendfile on;
  open_file_cache max=16 inactive=1h;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 200 '{small}'; }}
    location = /api/payments {{
      mirror /sink;
      error_page 405 = @created;
      alias {folder}/large.csv;
    }}
    location = /sink {{ internal; return 204; }}
    location @created {{ return 201 '{{"id": "pay_42", "status": "created"}}'; }}
    location = /api/exports/march.csv {{ default_type text/csv; alias {folder}/large.csv; }}
    location = /api/exports/archive.bin {{ alias {folder}/archive.bin; }}
  }}
}}
"""


def small_json(size: int = SMALL) -> str:
    """A JSON object of exactly `size` bytes that looks like an answer of a payments API."""
    payment = {"id": "pay_42", "amount": "129.90", "currency": "EUR", "status": "captured", "note": ""}
    payment["note"] = "x" * (size - len(json.dumps(payment)))
    return json.dumps(payment)


@contextlib.contextmanager
def origin(folder: Path, core: int, archive_bytes: int = 0) -> Iterator[int]:
    """Runs the origin on one core and yields its port. /api/exports/archive.bin has `archive_bytes` zeros."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    port = free_port()
    (folder / "large.csv").write_bytes(b"pay_42;129.90;EUR\r\n" * (LARGE // 19) + b"x" * (LARGE % 19))
    with (folder / "archive.bin").open("wb") as archive:
        archive.truncate(archive_bytes)  # sparse: a gigabyte of zeros that takes no disk
    (folder / "nginx.conf").write_text(CONFIG.format(folder=folder, port=port, small=small_json()))
    argv = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running("origin", argv, cores=[core], log=folder / "log", cwd=folder) as child:
        wait_until(lambda: answers(port), child)
        yield port


def answers(port: int) -> bool:
    """Whether someone on the port answers the small request in full."""
    return fetch_size(port, "/api/payments/pay_42") == SMALL


def fetch_size(port: int, path: str) -> int:
    """Bytes of a 200's body; -1 for any other answer or none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"X-Merchant-Id": "m_1"})
        response = connection.getresponse()
        body = response.read()
        return len(body) if response.status == 200 else -1
    except (OSError, http.client.HTTPException):
        return -1
    finally:
        connection.close()


def check_transparent(port: int, name: str) -> None:
    """Raises BenchError unless the answers come through whole: a fast wrong answer is no result."""
    if not answers(port) or fetch_size(port, "/api/exports/march.csv") != LARGE:
        raise BenchError(f"{name} does not pass on the origin's answers")
