"""Sessions of the web pages: who it is and until when, signed, in a cookie. Pure but for the key's making.

The signature covers the token's digest: a session ends with its token. The key is agreed on through the
ledger, so that every control plane knows the sessions of the others, also after a restart.
"""

import hashlib
import hmac
from collections.abc import Sequence

from proxy.config.server import Token

COOKIE = "banyan_session"
LASTS = 12 * 3600
"""Seconds."""


def issue(key: bytes, token: Token, now: float) -> str:
    """The cookie's value for somebody who has shown the token."""
    expires = int(now) + LASTS
    return f"{token.name}|{expires}|{_signature(key, token, expires)}"


def read(key: bytes, cookie: str, tokens: Sequence[Token], now: float) -> Token | None:
    """The token behind a session; None where it is forged, over, or its token is gone."""
    name, _, rest = cookie.partition("|")
    expires, _, signature = rest.partition("|")
    token = next((token for token in tokens if token.name == name), None)
    if token is None or not expires.isascii() or not expires.isdigit() or int(expires) <= now:
        return None
    valid = hmac.compare_digest(_signature(key, token, int(expires)).encode(), signature.encode())
    return token if valid else None


def _signature(key: bytes, token: Token, expires: int) -> str:
    said = f"{token.name}|{expires}|{token.digest}"
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()
