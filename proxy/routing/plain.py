"""Query strings, urlencoded bodies and cookies as everybody but PHP reads them.

Names are flat, the encoding is WHATWG's application/x-www-form-urlencoded. Which of several values of one
name counts is nowhere specified; here it is the first, as for Envoy's query matchers.
"""

from collections.abc import Iterable

from proxy.routing.php import Values, decode


def parse(text: bytes) -> Values:
    """Decoded names to decoded values, of a raw query string or a raw form body."""
    values: Values = {}
    for pair in text.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            values.setdefault(decode(name), decode(value))
    return values


def parse_cookies(lines: Iterable[bytes]) -> Values:
    """Names to values of all Cookie headers, as they were sent: RFC 6265 §4.1 knows no encoding."""
    cookies: Values = {}
    for line in lines:
        for pair in line.split(b";"):
            name, equals, value = pair.partition(b"=")
            if equals:
                cookies.setdefault(name.strip(), value.strip())
    return cookies
