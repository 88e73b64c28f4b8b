"""The tee: passes everything on, keeps what fits, and says why it has nothing to hand over."""

import pytest

from proxy.forward.mirror import Kept, Tee
from proxy.http1.response import Response
from proxy.upstream.failures import Failure
from shadow.exchange import SkipReason
from tests.support.sinks import Recorder

PLAIN = Response(200, b"OK", b"Content-Type: text/html\r\n")


def tee(max_body: int = 10) -> tuple[Tee, Recorder, list[Kept]]:
    sink, handed = Recorder(), list[Kept]()
    return Tee(sink, max_body, handed.append), sink, handed


def test_everything_is_passed_on_and_kept() -> None:
    tapped, sink, handed = tee()
    tapped.sent(b"as")
    tapped.sent(b"ked")
    tapped.upload_blocked()
    tapped.upload_unblocked()
    tapped.interim(103, b"", [])
    tapped.responded(PLAIN)
    tapped.received(b"an")
    tapped.received(b"swer")
    tapped.flush()
    assert not handed
    tapped.completed([(b"x", b"X: 1", b"1")])
    said = ["blocked", "unblocked", "interim 103", "responded", "received", "received", "flush", "completed"]
    assert sink.told == said
    assert (sink.body, sink.trailers) == (b"answer", [(b"x", b"X: 1", b"1")])
    (kept,) = handed
    assert (kept.request_body, kept.response, kept.response_body) == (
        [b"as", b"ked"],
        PLAIN,
        [b"an", b"swer"],
    )
    assert kept.skip is None


def test_each_body_has_the_whole_bound_for_itself() -> None:
    tapped, _, handed = tee(max_body=4)
    tapped.sent(b"four")
    tapped.responded(PLAIN)
    tapped.received(b"four")
    tapped.completed([])
    assert handed[0].skip is None


@pytest.mark.parametrize("way", ["up", "down"])
def test_beyond_the_bound_nothing_is_kept_and_everything_still_passed_on(way: str) -> None:
    tapped, sink, handed = tee(max_body=4)
    tapped.sent(b"up")
    tapped.responded(PLAIN)
    tapped.received(b"down")
    (tapped.sent if way == "up" else tapped.received)(b"more")
    tapped.received(b"on")
    tapped.completed([])
    assert sink.body == (b"downon" if way == "up" else b"downmoreon")
    assert handed[0].skip is SkipReason.TOO_LARGE
    assert (handed[0].request_body, handed[0].response_body) == ([], [])


@pytest.mark.parametrize(
    "response",
    [
        Response(101, b"", b""),
        Response(200, b"", b"X-A: 1\r\ncontent-type:Text/Event-Stream; charset=utf-8\r\n"),
    ],
)
def test_streams_are_not_compared(response: Response) -> None:
    tapped, sink, handed = tee()
    tapped.responded(response)
    tapped.received(b"data: 1")
    assert not tapped.detach()
    tapped.completed([])
    assert sink.body == b"data: 1"
    assert (handed[0].skip, handed[0].response_body) == (SkipReason.STREAMED, [])


def test_what_only_ends_like_a_content_type_makes_no_stream() -> None:
    tapped, _, handed = tee()
    tapped.responded(Response(200, b"", b"X-Content-Type: text/event-stream\r\n"))
    tapped.completed([])
    assert handed[0].skip is None


def test_what_is_cut_short_is_not_compared() -> None:
    tapped, sink, handed = tee()
    tapped.responded(PLAIN)
    tapped.failed(Failure.TRUNCATED)
    assert sink.failure is Failure.TRUNCATED
    assert handed[0].skip is SkipReason.CUT_SHORT


def test_the_first_reason_to_skip_stands() -> None:
    tapped, _, handed = tee(max_body=1)
    tapped.sent(b"too much")
    tapped.failed(Failure.RESET)
    assert handed[0].skip is SkipReason.TOO_LARGE


def test_after_its_client_left_an_exchange_goes_on_for_the_mirror_alone() -> None:
    tapped, sink, handed = tee()
    tapped.responded(PLAIN)
    assert tapped.detach()
    tapped.interim(103, b"", [])
    tapped.responded(PLAIN)
    tapped.received(b"late")
    tapped.upload_blocked()
    tapped.upload_unblocked()
    tapped.flush()
    tapped.completed([])
    assert sink.told == ["responded"]
    assert handed[0].response_body == [b"late"]
    failing, _, _ = tee()
    assert failing.detach()
    failing.failed(Failure.RESET)


def test_an_exchange_that_is_over_or_not_worth_comparing_does_not_go_on() -> None:
    over, _, _ = tee()
    over.responded(PLAIN)
    over.completed([])
    assert not over.detach()
    large, _, _ = tee(max_body=1)
    large.sent(b"too much")
    assert not large.detach()


def test_an_end_is_handed_over_once() -> None:
    tapped, _, handed = tee()
    tapped.responded(PLAIN)
    tapped.completed([])
    tapped.failed(Failure.RESET)
    assert len(handed) == 1
