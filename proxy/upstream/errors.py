"""How waiting for an exchange ends where there is nothing to wait for any more."""

from proxy.upstream.failures import Failure


class UpstreamError(Exception):
    """An exchange failed: before its response if that is still unknown, else in the middle of its body."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class StreamClosed(Exception):
    """The stream was closed on this side while somebody waited for it."""
