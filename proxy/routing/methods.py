"""What a request means to do, whatever its first line says.

PHP frameworks let a request name another method, in a header, in the query or in a form. For the proxy this
decides whether a request may be retried, mirrored or answered by a fallback, so it believes the worst: an
override can make a request unsafe, never safe. A POST that calls itself a GET stays a POST, because the stack
that answers may not know of overrides, and would write.
"""

from collections.abc import Iterator
from typing import Final

from proxy.routing.head import Head
from proxy.routing.php import decode, name_path
from proxy.routing.request import UNREAD, FormBody
from proxy.routing.target import split_target

SAFE_METHODS: Final = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE"))
"""RFC 9110 §9.2.1."""

OVERRIDE_HEADERS: Final = frozenset((b"x-http-method-override", b"x-http-method", b"x-method-override"))

_VARIABLE: Final = b"_method"
_QUERY: Final = ord("?")
_ESCAPE: Final = ord("%")


def effective_method(head: Head, form: FormBody = UNREAD) -> bytes:
    """The first unsafe method that the request names, or else its own.

    `form` is the urlencoded body, where it has been read. It needs no reading for this: a request that has
    one is unsafe already, only another unsafe method can come of it.
    """
    named = [value.upper() for name, _, value in head.fields if name in OVERRIDE_HEADERS and value]
    if isinstance(form, bytes):
        named += _named(form)
    if _QUERY in head.target:
        named += _named(split_target(head.target)[2])
    for method in named:
        if method not in SAFE_METHODS:
            return method
    return head.method


def _named(text: bytes) -> Iterator[bytes]:
    """Every method that a `_method` variable names, duplicates included: who knows which one is read."""
    if _ESCAPE not in text and text.lower().find(b"method") < 0:
        return
    for pair in text.split(b"&"):
        name, _, value = pair.partition(b"=")
        place = name_path(decode(name).lower())
        if value and place is not None and place[0] == _VARIABLE:
            yield decode(value).strip().upper()
