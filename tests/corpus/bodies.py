"""Bodies as a whole: notices, fatal errors, empty and cut bodies, codings, text and bytes."""

import gzip
import zlib

import brotli
from backports import zstd
from fastapi import HTTPException, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel

from tests.support.corpus import Case

OK = b'{"ok":true,"n":1}'


class Amount(BaseModel):
    amount: int


def coded(body: bytes, coding: str) -> Response:
    return Response(body, headers={"content-type": "application/json", "content-encoding": coding})


def failing() -> None:
    raise RuntimeError("boom")


def refusing() -> None:
    raise HTTPException(404, "no such payment")


def invalid() -> JSONResponse:
    return JSONResponse({"detail": [{"type": "int_parsing", "loc": ["query", "n"]}]}, 422)


def plain(text: str) -> PlainTextResponse:
    return PlainTextResponse(text)


NOTICE = "echo $undefined;"
ECHO_OK = "echo json_encode(['ok' => true, 'n' => 1]);"

CASES = (
    Case("notice-html", NOTICE + ECHO_OK, lambda: {"ok": True, "n": 1}, ["body $ legacy_notice minor"]),
    Case(
        "notice-html-changed",
        NOTICE + ECHO_OK,
        lambda: {"ok": True, "n": 2},
        ["body $ legacy_notice", "body $.n changed"],
    ),
    Case(
        "notice-several",
        NOTICE + "trigger_error('old', E_USER_DEPRECATED); $a = []; echo $a['k'];" + ECHO_OK,
        lambda: {"ok": True, "n": 1},
        ["body $ legacy_notice"],
    ),
    Case(
        "notice-text",
        "ini_set('html_errors', '0');" + NOTICE + ECHO_OK,
        lambda: {"ok": True, "n": 1},
        ["body $ legacy_notice"],
    ),
    Case("notice-after", ECHO_OK + NOTICE, lambda: {"ok": True, "n": 1}, ["body $ legacy_notice"]),
    Case(
        "notice-in-the-middle",
        "echo '{\"ok\":true,'; echo $undefined; echo '\"n\":1}';",
        lambda: {"ok": True, "n": 1},
        ["body $ legacy_notice"],
    ),
    Case(
        "notice-untyped",
        NOTICE + ECHO_OK,
        lambda: {"ok": True, "n": 1},
        ["header header:content-type changed", "body $ legacy_notice"],
        type=None,
    ),
    Case(
        "notice-in-html",
        "echo '<p>Total: ' . $undefined . '</p>';",
        lambda: Response("<p>Total: </p>", media_type="text/html"),
        ["body $ legacy_notice"],
        type=None,
    ),
    Case("notice-only", NOTICE, lambda: {"ok": True}, ["body $ empty_body critical"]),
    Case(
        "fatal-after-output",
        "echo '{\"items\":[1,2,'; undefined_function();",
        lambda: {"items": [1, 2, 3]},
        ["body $ cut_body critical"],
    ),
    Case(
        "fatal-hidden",
        "ini_set('display_errors', '0'); echo '{\"items\":[1,2,'; flush(); undefined_function();",
        lambda: {"items": [1, 2, 3]},
        ["body $ cut_body critical"],
    ),
    Case(
        "fatal-uncaught",
        "throw new Exception('boom');",
        failing,
        ["status status changed critical", "header header:content-type changed", "body $ cut_body critical"],
    ),
    Case(
        "fatal-in-html",
        "echo '<html><body><p>a</p>'; undefined_function();",
        lambda: Response("<html><body><p>a</p><p>b</p></body></html>", media_type="text/html"),
        ["body $ cut_body critical"],
        type=None,
    ),
    Case(
        "fatal-behind-the-json",
        "echo json_encode(['n' => 1]); undefined_function();",
        lambda: {"n": 2},
        ["body $ cut_body critical", "body $.n changed major"],
    ),
    Case(
        "fatal-hidden-in-html",
        "ini_set('display_errors', '0'); echo '<html><body><div><p>a</p>'; flush(); undefined_function();",
        lambda: HTMLResponse("<html><body><div><p>a</p><p>b</p></div></body></html>"),
        ["body $ cut_body critical"],
        type=None,
    ),
    Case(
        "notice-quoted",
        "echo json_encode(['log' => \"<b>Warning</b>:  x in <b>a.php</b> on line <b>3</b><br />\\n\"]);",
        lambda: {"log": "<b>Warning</b>:  x in <b>a.php</b> on line <b>3</b><br />\n"},
    ),
    Case(
        "jsonp",
        "echo 'done(' . json_encode(['url' => 'https://shop.example/', 'n' => 1.0]) . ');';",
        lambda: Response('done({"url": "https://shop.example/", "n": 1})', media_type="text/javascript"),
        type="text/javascript; charset=utf-8",
    ),
    Case(
        "jsonp-changed",
        "echo 'done(' . json_encode(['n' => 1]) . ');';",
        lambda: Response('done({"n": 2});', media_type="text/javascript"),
        ["body $.n changed major"],
        type="text/javascript; charset=utf-8",
    ),
    Case(
        "both-fail",
        "ini_set('display_errors', '0'); throw new Exception('boom');",
        failing,
        ["header header:content-type changed", "body $ extra minor"],
    ),
    Case("empty-nan", "echo json_encode(['v' => NAN]);", lambda: {"v": None}, ["body $ empty_body critical"]),
    Case(
        "empty-nan-fails",
        "echo json_encode(['v' => NAN]);",
        lambda: JSONResponse({"v": float("nan")}),
        [
            "status status changed critical",
            "header header:content-type changed",
            "body $ empty_body critical",
        ],
    ),
    Case("empty-partial", "echo json_encode(['v' => NAN], JSON_PARTIAL_OUTPUT_ON_ERROR);", lambda: {"v": 0}),
    Case("empty-both", "", lambda: Response(b"", media_type="application/json")),
    Case("empty-no-content", "http_response_code(204);", lambda: None, [], type=None, status=204),
    Case(
        "empty-200-for-204",
        "http_response_code(204);",
        lambda: Response(b""),
        ["status status changed major"],
        type=None,
    ),
    Case(
        "empty-shadow",
        ECHO_OK,
        lambda: Response(b"", media_type="application/json"),
        ["body $ empty_body critical"],
    ),
    Case(
        "cut-shadow",
        ECHO_OK,
        lambda: Response(OK[:-4], media_type="application/json"),
        ["body $ cut_body critical"],
    ),
    Case(
        "broken-shadow",
        ECHO_OK,
        lambda: Response(OK.replace(b",", b";"), media_type="application/json"),
        ["body $ invalid_body critical"],
    ),
    Case(
        "broken-both",
        "echo \"{'ok': true}\";",
        lambda: Response("{'ok': true}\r\n", media_type="application/json"),
    ),
    Case(
        "broken-both-other",
        "echo \"{'ok': true}\";",
        lambda: Response("{'ok': True}", media_type="application/json"),
        ["body $ changed major"],
    ),
    Case(
        "python-repr",
        ECHO_OK,
        lambda: Response(str({"ok": True, "n": 1}), media_type="application/json"),
        ["body $ invalid_body critical"],
    ),
    Case(
        "error-page",
        "http_response_code(404); echo '<h1>Not found</h1>';",
        refusing,
        ["header header:content-type changed", "body $ type major"],
        type=None,
    ),
    Case(
        "error-json",
        "http_response_code(404); echo json_encode(['detail' => 'no such payment']);",
        refusing,
    ),
    Case(
        "error-other-status",
        "http_response_code(400); echo json_encode(['detail' => 'no such payment']);",
        refusing,
        ["status status changed major"],
    ),
    Case(
        "error-lenient-int",
        "echo json_encode(['amount' => (int) '12abc']);",
        invalid,
        ["status status changed critical", "body $.amount missing", "body $.detail extra"],
    ),
    Case(
        "error-mapped",
        "http_response_code(400); echo json_encode(['detail' => []]);",
        invalid,
        ["body $.detail[0] extra"],
        {"rules": [{"path": "$", "map": {422: 400}}]},
    ),
    Case(
        "error-mapped-ignored",
        "http_response_code(400); echo json_encode(['error' => 'bad']);",
        invalid,
        [],
        {"rules": [{"path": "$", "map": {422: 400}}], "ignore": ["$"]},
    ),
    Case("coding-gzip", ECHO_OK, lambda: coded(gzip.compress(OK), "gzip")),
    Case("coding-gzip-php", "ob_start('ob_gzhandler');" + ECHO_OK, lambda: {"ok": True, "n": 1}),
    Case(
        "coding-gzip-encoded",
        "header('Content-Encoding: gzip'); echo gzencode(json_encode(['ok' => true, 'n' => 1]), 9);",
        lambda: {"ok": True, "n": 1},
    ),
    Case("coding-deflate", ECHO_OK, lambda: coded(zlib.compress(OK), "deflate")),
    Case(
        "coding-deflate-raw",
        "header('Content-Encoding: deflate'); echo gzdeflate(json_encode(['ok' => true, 'n' => 1]));",
        lambda: {"ok": True, "n": 1},
    ),
    Case("coding-br", ECHO_OK, lambda: coded(brotli.compress(OK), "br")),
    Case("coding-zstd", ECHO_OK, lambda: coded(zstd.compress(OK), "zstd")),
    Case(
        "coding-gzip-newline-after",
        "header('Content-Encoding: gzip'); echo gzencode(json_encode(['ok' => true, 'n' => 1])), \"\\n\";",
        lambda: {"ok": True, "n": 1},
    ),
    Case(
        "coding-unknown",
        "header('Content-Encoding: aws-chunked'); echo '{\"ok\":true,\"n\":1}';",
        lambda: {"ok": True, "n": 1},
        ["body $ invalid_body critical"],
    ),
    Case("coding-twice", ECHO_OK, lambda: coded(brotli.compress(gzip.compress(OK)), "gzip, br")),
    Case(
        "coding-gzip-changed",
        ECHO_OK,
        lambda: coded(gzip.compress(b'{"ok":true,"n":2}'), "gzip"),
        ["body $.n changed"],
    ),
    Case(
        "coding-gzip-cut",
        ECHO_OK,
        lambda: coded(gzip.compress(OK)[:-10], "gzip"),
        ["body $ cut_body critical"],
    ),
    Case("coding-not-gzip", ECHO_OK, lambda: coded(OK, "gzip"), ["body $ invalid_body critical"]),
    Case("text-same", "echo 'OK';", lambda: plain("OK"), type="text/plain"),
    Case("text-line-ends", 'echo "a\\r\\nb\\r\\n";', lambda: plain("a\nb\n"), type="text/plain"),
    Case(
        "text-changed",
        'echo "a\\nb\\n";',
        lambda: plain("a\nc\n"),
        ["body $ changed major"],
        type="text/plain",
    ),
    Case(
        "text-garbled",
        "echo mb_convert_encoding(\"Grüße\\naus Köln\", 'UTF-8', 'ISO-8859-1');",
        lambda: plain("Grüße\naus Köln"),
        ["body $ mojibake major"],
        type="text/plain; charset=utf-8",
    ),
    Case(
        "text-untyped",
        "echo 'OK';",
        lambda: plain("OK"),
        ["header header:content-type changed"],
        type=None,
    ),
    Case(
        "text-or-json-string",
        "echo 'OK';",
        lambda: "OK",
        ["header header:content-type changed", "body $ type major"],
        type=None,
    ),
    Case(
        "binary-same",
        'echo "\\x89PNG\\r\\n\\x1a\\n\\0\\xff";',
        lambda: Response(b"\x89PNG\r\n\x1a\n\0\xff", media_type="image/png"),
        type="image/png",
    ),
    Case(
        "binary-changed",
        'echo "%PDF-1.4\\n\\xe2\\xe3";',
        lambda: Response(b"%PDF-1.4\n\xe2\xe4", media_type="application/pdf"),
        ["body $ changed major"],
        type="application/pdf",
    ),
    Case(
        "lines-json",
        "foreach ([1, 2] as $i) echo json_encode(['id' => $i, 'f' => 1.0]), \"\\n\";",
        lambda: StreamingResponse(
            iter(['{"id": 1, "f": 1}\n', '{"id": 2, "f": 1}\n']), media_type="application/x-ndjson"
        ),
        type="application/x-ndjson",
    ),
    Case(
        "lines-json-changed",
        "foreach ([1, 2] as $i) echo json_encode(['id' => $i]), \"\\n\";",
        lambda: StreamingResponse(iter(['{"id": 1}\n', '{"id": 3}\n']), media_type="application/x-ndjson"),
        ["body $[1].id changed"],
        type="application/x-ndjson",
    ),
)
