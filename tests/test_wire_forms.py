"""Routes that look into a form's body: the body arrives whole all the same, whatever its size and framing."""

import pytest

from tests.support.dataplane import Connect
from tests.support.origin import Exchange, Origin, echo
from tests.support.wire import Wire, request, response

FORM = b"Content-Type: application/x-www-form-urlencoded"
PAY = b"action=pay&amount=10.00&note=%C3%A9+x"


def post(body: bytes, content_type: bytes = FORM, chunked: bool = False) -> bytes:
    if not chunked:
        return request(b"/form", content_type, method=b"POST", body=body)
    chunks = b"".join(b"7\r\n" + body[at : at + 7] + b"\r\n" for at in range(0, len(body) - 7, 7))
    last = body[len(body) - (len(body) % 7 or 7) :]
    head = request(b"/form", content_type, b"Transfer-Encoding: chunked", method=b"POST")
    return head + chunks + b"%x\r\n" % len(last) + last + b"\r\n0\r\n\r\n"


FORMS = {
    "first": (PAY, FORM, b"form"),
    "last": (b"amount=1&action=pay", FORM, b"form"),
    "php-takes-the-last": (b"action=show&action=pay", FORM, b"form"),
    "other-action": (b"action=show&amount=1", FORM, None),
    "missing": (b"amount=1", FORM, None),
    "empty": (b"", FORM, None),
    "with-charset": (PAY, FORM + b"; charset=UTF-8", b"form"),
    "not-a-form": (PAY, b"Content-Type: application/json", None),
    "large": (b"action=pay&fill=" + b"x" * 40_000, FORM, b"form"),
    "too-large-to-look-at": (b"fill=" + b"x" * 200_000 + b"&action=pay", FORM, None),
}


@pytest.mark.parametrize(("body", "content_type", "matched"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("chunked", [False, True], ids=["counted", "chunked"])
def test_a_form_is_read_and_still_arrives_whole(
    origin: Origin, wire: Wire, body: bytes, content_type: bytes, matched: bytes | None, chunked: bool
) -> None:
    answered = wire.ask(post(body, content_type, chunked and bool(body)))
    assert answered.body == b"POST /form " + body
    assert [seen.get(b"x-matched") for seen in origin.seen] == [matched]
    assert wire.ask(request(b"/next")).body == b"GET /next "


def test_a_form_that_comes_slowly_is_waited_for(origin: Origin, wire: Wire) -> None:
    for byte in post(PAY):
        wire.send(bytes([byte]))
    assert wire.response().body == b"POST /form " + PAY
    assert origin.seen[0].get(b"x-matched") == b"form"


def test_a_client_that_waits_to_be_told_gets_to_send_its_form(origin: Origin, wire: Wire) -> None:
    """Routing needs the body before any origin can say that it may come (RFC 9110 §10.1.1)."""
    head, _, body = post(PAY).partition(b"\r\n\r\n")
    wire.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert wire.head().start[1] == b"100"
    wire.send(body)
    assert wire.response().body == b"POST /form " + PAY
    assert origin.seen[0].get(b"x-matched") == b"form"


def test_pipelined_forms_keep_their_order(origin: Origin, wire: Wire) -> None:
    wire.send(post(PAY) + request(b"/between") + post(b"action=show") + request(b"/after"))
    bodies = [wire.response().body for _ in range(4)]
    assert bodies == [b"POST /form " + PAY, b"GET /between ", b"POST /form action=show", b"GET /after "]


def test_a_client_that_leaves_in_the_middle_of_a_form(origin: Origin, connect: Connect) -> None:
    """Nothing was decided yet, so nothing is sent."""
    wire = connect()
    wire.send(post(PAY)[:-5])
    wire.reset()
    assert connect().ask(request(b"/next")).body == b"GET /next "
    assert [seen.target for seen in origin.seen] == [b"/next"]


def test_a_broken_form_is_refused(origin: Origin, wire: Wire) -> None:
    wire.send(request(b"/form", FORM, b"Transfer-Encoding: chunked", method=b"POST") + b"5\r\nactionXX")
    assert wire.response().status == 400
    assert wire.is_closed()
    assert origin.seen == []


def test_a_form_route_answers_early(origin: Origin, wire: Wire) -> None:
    """Once decided, the rest of a large body flows as any other."""

    def refuses(exchange: Exchange) -> None:
        exchange.send(response(b"413 Too Large", b"Connection: close"))
        exchange.close()

    origin.plays(refuses, echo)
    wire.send(request(b"/form", FORM, b"Content-Length: 5000000", method=b"POST") + b"x" * 200_000)
    assert wire.response().status == 413
