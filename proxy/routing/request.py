"""What matching reads of one request: every part at most once, and none that no route asks for."""

import re
from enum import Enum
from typing import Final, TypeAlias

from proxy.routing.head import Head
from proxy.routing.php import Values
from proxy.routing.target import MAX_HOST, host_name, split_path, split_target
from proxy.routing.variable import parse_form, parse_query

FORM_LIMIT: Final = 64 * 1024
"""Most bytes of a body that form matchers look at."""

FORM_TYPE: Final = b"application/x-www-form-urlencoded"


class Body(Enum):
    """Why the bytes of a form body are not at hand."""

    UNREAD = "unread"
    TOO_LARGE = "larger than 64 KiB"


UNREAD: Final = Body.UNREAD
TOO_LARGE: Final = Body.TOO_LARGE

FormBody: TypeAlias = bytes | Body

_AFTER_TYPE: Final = re.compile(rb"[;, ]")  # where PHP, too, ends the media type

# RFC 9110 §9.3 gives content in these no meaning.
_WITHOUT_CONTENT: Final = frozenset((b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT"))


class Request:
    """A head taken apart. `raw` and `decoded` are the path's segments; a target without a path has none."""

    __slots__ = (
        "_form_body",
        "_forms",
        "_host",
        "_queries",
        "decoded",
        "head",
        "method",
        "query_string",
        "raw",
    )

    def __init__(self, head: Head, form_body: FormBody = UNREAD) -> None:
        self.head = head
        self.method = head.method
        self._host, path, self.query_string = split_target(head.target)
        self.raw, self.decoded = split_path(path) if path else ([], [])
        self._form_body = form_body
        self._queries: dict[bool, Values] = {}
        self._forms: dict[bool, Values] = {}

    def host(self) -> bytes:
        """The host asked for, ready to compare; empty when there is none, or one that DNS cannot have.

        That of an absolute-form target overrules the Host header (RFC 9112 §3.2.2).
        """
        authority = self.head.get(b"host") if self._host is None else self._host
        return host_name(authority) if authority and len(authority) <= MAX_HOST else b""

    def header(self, name: bytes) -> bytes | None:
        """The value of the header with this lower-case name; several lines are one list (RFC 9110 §5.3)."""
        values = [value for lower, _, value in self.head.fields if lower == name]
        return b", ".join(values) if values else None

    def query(self, php: bool) -> Values:
        """The query's variables, read in one dialect."""
        values = self._queries.get(php)
        if values is None:
            values = self._queries[php] = parse_query(self.query_string, php)
        return values

    def form(self, php: bool) -> Values | Body:
        """The form's variables, read in one dialect; none when the body is no form to that dialect."""
        if not self._carries_form(php):
            return {}
        if isinstance(self._form_body, Body):
            return self._form_body
        values = self._forms.get(php)
        if values is None:
            values = self._forms[php] = parse_form(self._form_body, php)
        return values

    def awaits_form(self, php: bool) -> bool:
        """Whether the form's variables can only be known once the body has been read."""
        return self._form_body is UNREAD and self._carries_form(php)

    def _carries_form(self, php: bool) -> bool:
        # PHP fills $_POST for POST alone; PUT and PATCH bodies never get there.
        if self.method in _WITHOUT_CONTENT or (php and self.method != b"POST"):
            return False
        content_type = self.head.get(b"content-type") or b""
        return _AFTER_TYPE.split(content_type, 1)[0].lower() == FORM_TYPE
