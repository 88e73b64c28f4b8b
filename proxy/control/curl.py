"""A mirrored request as a line for a shell."""

import shlex
from typing import Any

_SAID_BY_CURL = frozenset({"host", "content-length", "connection", "transfer-encoding"})


def curl_line(diff: dict[str, Any], base: str = "$BANYAN") -> str:
    """The request of an exchange, as the API tells it; secrets in it were replaced before it was kept."""
    request = diff.get("request") or {"fields": [], "body": ""}
    words = ["curl", "-i", "-X", shlex.quote(diff["method"])]
    for name, value in request["fields"]:
        if name.lower() not in _SAID_BY_CURL:
            words += ["-H", shlex.quote(f"{name}: {value}")]
    if request["body"]:
        words += ["--data-binary", shlex.quote(request["body"])]
    return " ".join([*words, f'"{base}"{shlex.quote(diff["target"])}'])
