"""Methods by what they do."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1."""
WITHOUT_BODY = frozenset({"GET", "HEAD"})
