"""A request that was answered, as the data plane tells of it."""

from proxy.outcome import Lane, Outcome, Trace

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def outcome(target: bytes = b"/a?b=c", request_id: bytes = b"id-1") -> Outcome:
    return Outcome(
        route="pay",
        side="modern",
        backend="payments",
        reason="weight",
        method=b"GET",
        target=target,
        client="192.0.2.1",
        status=200,
        started=1767225600.25,
        duration=0.0125,
        bytes_in=1,
        bytes_out=2,
        tries=1,
        error="",
        lane=Lane.EXPRESS,
        trace=Trace(request_id, PARENT),
        sampled=False,
    )
