"""Runs in an environment of its own, under uvicorn."""

import os

from asgiproxy.__main__ import make_app

app, context = make_app(os.environ["ORIGIN"])
