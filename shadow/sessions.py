"""PHP's file sessions are locked: of one session never more than one request is under way from here.

A second one would wait for the first inside PHP, and a client's own next request behind both.
"""

import re

from shadow.exchange import Fields

_SESSION = re.compile(rb"(?:^|;)\s*PHPSESSID=([^;]*)")


def session_of(fields: Fields) -> bytes | None:
    """The PHPSESSID of a request; of several the first, as PHP has it."""
    for name, value in fields:
        if name.lower() == b"cookie" and (found := _SESSION.search(value)):
            return found[1].strip()
    return None


class Sessions:
    """The sessions with a request under way."""

    def __init__(self) -> None:
        self._busy: set[bytes] = set()

    def enter(self, session: bytes | None) -> bool:
        """Take the session, if it is free. None is no session and always free."""
        if session is None:
            return True
        if session in self._busy:
            return False
        self._busy.add(session)
        return True

    def leave(self, session: bytes | None) -> None:
        """Set it free again."""
        if session is not None:
            self._busy.discard(session)
