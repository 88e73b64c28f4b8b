"""Runs in an environment of its own, under uvicorn."""

import os

import httpx
from fastapi_proxy_lib.fastapi.app import reverse_http_app

client = httpx.AsyncClient(limits=httpx.Limits(max_connections=512, max_keepalive_connections=512))
app = reverse_http_app(client, base_url=os.environ["ORIGIN"] + "/")
