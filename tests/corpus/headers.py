"""Status codes and header fields, cookies among them."""

from collections.abc import Callable
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse, RedirectResponse

from tests.support.corpus import Case

OK = "echo json_encode(['ok' => true]);"


def ok(**headers: str) -> Callable[[], JSONResponse]:
    """{"ok": true} with these fields; underscores stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: JSONResponse({"ok": True}, headers=named)


def typed(content_type: str) -> Callable[[], Response]:
    return lambda: Response('{"ok":true}', headers={"content-type": content_type})


def cookie(**attributes: Any) -> Callable[[], JSONResponse]:
    def answer() -> JSONResponse:
        response = JSONResponse({"ok": True})
        response.set_cookie("c", "v w", **attributes)
        return response

    return answer


def deleting() -> JSONResponse:
    response = JSONResponse({"ok": True})
    response.delete_cookie("gone")
    return response


def cookies(*names: str) -> Callable[[], JSONResponse]:
    def answer() -> JSONResponse:
        response = JSONResponse({"ok": True})
        for name in names:
            response.set_cookie(name, "x", samesite=None)
        return response

    return answer


def redirect(url: str, status: int = 302) -> Callable[[], RedirectResponse]:
    return lambda: RedirectResponse(url, status)


def put(**options: str) -> str:
    """PHP code that sets a cookie like FastAPI's `cookie`."""
    listed = ", ".join(
        f"'{name}' => {value}" for name, value in {"path": "'/'", "samesite": "'lax'", **options}.items()
    )
    return f"setcookie('c', 'v w;', [{listed}]);" + OK


COOKIE = "header header:set-cookie"

CASES = (
    Case("status-created", "http_response_code(201);" + OK, lambda: {"ok": True}, status=201),
    Case(
        "status-created-not",
        "http_response_code(201);" + OK,
        lambda: {"ok": True},
        ["status status changed major"],
    ),
    Case("status-error", OK, lambda: JSONResponse({"ok": True}, 500), ["status status changed critical"]),
    Case("status-off", OK, lambda: JSONResponse({"ok": True}, 500), [], {"status": False}),
    Case(
        "status-mapped",
        OK,
        lambda: JSONResponse({"ok": True}, 202),
        [],
        {"rules": [{"path": "$", "map": {"202": 200}}]},
    ),
    Case("type-case", OK, typed("Application/JSON"), []),
    Case("type-charset", OK, typed("application/json; charset=utf-8")),
    Case("type-charset-case", OK, typed('application/json;charset="UTF-8"')),
    Case("type-vendor", OK, typed("application/vnd.api+json"), ["header header:content-type changed major"]),
    Case("type-html", OK, lambda: {"ok": True}, ["header header:content-type changed major"], type=None),
    Case("type-parameter", OK, typed("application/json; profile=x"), ["header header:content-type changed"]),
    Case(
        "type-missing",
        OK,
        lambda: Response('{"ok":true}'),
        ["header header:content-type missing major"],
    ),
    Case(
        "type-html-charset",
        "echo '<p>x</p>';",
        lambda: Response("<p>x</p>", headers={"content-type": "text/html"}),
        ["header header:content-type changed"],
        type=None,
    ),
    Case(
        "type-html-quoted",
        "echo '<p>x</p>';",
        lambda: Response("<p>x</p>", headers={"content-type": 'TEXT/html;  charset="utf8"'}),
        type=None,
    ),
    Case("type-ignored", OK, lambda: {"ok": True}, [], {"ignore": ["header:Content-Type"]}, type=None),
    Case("type-not-asked", OK, lambda: {"ok": True}, [], {"headers": []}, type=None),
    Case("redirect", "header('Location: /done');", redirect("/done"), type=None),
    Case(
        "redirect-kept-method",
        "header('Location: /done');",
        redirect("/done", 307),
        ["status status changed critical"],
        type=None,
    ),
    Case(
        "redirect-see-other",
        "header('Location: /done', true, 303);",
        redirect("/done", 302),
        ["status status changed critical"],
        type=None,
    ),
    Case(
        "redirect-absolute",
        "header('Location: http://' . $_SERVER['HTTP_HOST'] . '/done?x=1');",
        redirect("/done?x=1"),
        type=None,
    ),
    Case(
        "redirect-encoded",
        "header('Location: /done?name=Zoë Q&x={1}');",
        redirect("/done?name=Zoë Q&x={1}"),
        type=None,
    ),
    Case("redirect-relative", "header('Location: done.php');", redirect("/done.php"), type=None),
    Case("redirect-dots", "header('Location: /a/../done');", redirect("/done"), type=None),
    Case(
        "redirect-port",
        "header('Location: http://shop.example:80/');",
        redirect("http://shop.example"),
        type=None,
    ),
    Case(
        "redirect-host-case",
        "header('Location: http://SHOP.example/x');",
        redirect("http://shop.example/x"),
        type=None,
    ),
    Case(
        "redirect-elsewhere",
        "header('Location: /done');",
        redirect("/failed"),
        ["header header:location changed critical"],
        type=None,
    ),
    Case(
        "redirect-query",
        "header('Location: /done?a=1');",
        redirect("/done?a=2"),
        ["header header:location changed critical"],
        type=None,
    ),
    Case(
        "redirect-secure",
        "header('Location: http://shop.example/x');",
        redirect("https://shop.example/x"),
        ["header header:location changed critical"],
        type=None,
    ),
    Case(
        "redirect-slash",
        "header('Location: /done/');",
        redirect("/done"),
        ["header header:location changed"],
        type=None,
    ),
    Case(
        "redirect-missing",
        "header('Location: /done');",
        lambda: Response(status_code=302),
        ["header header:location missing critical"],
        type=None,
    ),
    Case(
        "cache-order",
        "header('Cache-Control: no-store, max-age=0,must-revalidate');" + OK,
        ok(cache_control="Must-Revalidate, max-age=0, no-store"),
    ),
    Case(
        "cache-changed",
        "header('Cache-Control: max-age=60');" + OK,
        ok(cache_control="max-age=61"),
        ["header header:cache-control changed minor"],
    ),
    Case(
        "cache-lost-privacy",
        "header('Cache-Control: private, max-age=60');" + OK,
        ok(cache_control="max-age=60"),
        ["header header:cache-control changed major"],
    ),
    Case(
        "cache-session",
        "session_start();" + OK,
        cookies("PHPSESSID"),
        ["header header:cache-control missing major"],
    ),
    Case("cache-extra", OK, ok(cache_control="no-cache"), ["header header:cache-control extra major"]),
    Case(
        "vary-order",
        "header('Vary: Accept, Cookie');" + OK,
        ok(vary="cookie, accept"),
        [],
        {"headers": ["vary"]},
    ),
    Case(
        "etag",
        "header('ETag: \"a\"');" + OK,
        ok(etag='W/"a"'),
        ["header header:etag changed minor"],
        {"headers": ["etag"]},
    ),
    Case(
        "disposition",
        "header('Content-Disposition: attachment; filename=\"a.csv\"');" + OK,
        ok(content_disposition="attachment; filename=a.csv"),
        [],
        {"headers": ["content-disposition"]},
    ),
    Case(
        "all-headers",
        "header('X-Total: 7'); header('X-Request-Id: a');" + OK,
        ok(x_total="7"),
        [],
        {"headers": ["*"]},
    ),
    Case(
        "all-headers-missing",
        "header('X-Total: 7');" + OK,
        ok(),
        ["header header:x-total missing major"],
        {"headers": ["*"]},
    ),
    Case("not-asked", "header('X-Total: 7'); header('Expires: 0'); header('Pragma: no-cache');" + OK, ok()),
    Case(
        "header-named",
        "header('X-Total: 7');" + OK,
        ok(x_total="8"),
        ["header header:x-total changed minor"],
        {"headers": ["X-Total"]},
    ),
    Case("cookie-value", put(), cookie()),
    Case("cookie-case", "header('Set-Cookie: c=1; PATH=/; SameSite=LAX');" + OK, cookie()),
    Case("cookie-max-age", put(expires="time() + 3600"), cookie(max_age=3600)),
    Case("cookie-lifetime", put(expires="time() + 3600"), cookie(max_age=7200), [COOKIE + " changed major"]),
    Case("cookie-session", put(expires="time() + 3600"), cookie(), [COOKIE + " changed major"]),
    Case("cookie-secure", put(secure="true"), cookie(), [COOKIE + " changed critical"]),
    Case("cookie-http-only", put(httponly="true"), cookie(), [COOKIE + " changed critical"]),
    Case("cookie-both-flags", put(secure="true", httponly="true"), cookie(secure=True, httponly=True)),
    Case("cookie-insecure-before", put(), cookie(secure=True), [COOKIE + " changed critical"]),
    Case("cookie-same-site", put(samesite="'Strict'"), cookie(), [COOKIE + " changed major"]),
    Case("cookie-path", put(path="'/app'"), cookie(), [COOKIE + " changed major"]),
    Case("cookie-no-path", "setcookie('c', 'x');" + OK, cookie(samesite=None), [COOKIE + " changed major"]),
    Case("cookie-domain-dot", put(domain="'.shop.example'"), cookie(domain="shop.example")),
    Case(
        "cookie-deleted",
        "setcookie('gone', '', ['expires' => 1, 'path' => '/', 'samesite' => 'lax']);" + OK,
        deleting,
    ),
    Case(
        "cookie-deleted-past",
        "setcookie('gone', 'x', ['expires' => time() - 3600, 'path' => '/', 'samesite' => 'lax']);" + OK,
        deleting,
    ),
    Case(
        "cookie-not-deleted",
        "setcookie('gone', 'x', ['path' => '/', 'samesite' => 'lax']);" + OK,
        deleting,
        [COOKIE + " changed major"],
    ),
    Case(
        "cookie-lost",
        "setcookie('a', '1', ['path' => '/']); setcookie('b', '2', ['path' => '/']);" + OK,
        cookies("a"),
        [COOKIE + " missing critical"],
    ),
    Case(
        "cookie-new",
        "setcookie('a', '1', ['path' => '/']);" + OK,
        cookies("a", "b"),
        [COOKIE + " extra major"],
    ),
    Case(
        "cookie-order",
        "setcookie('b', '2', ['path' => '/']); setcookie('a', '1', ['path' => '/']);" + OK,
        cookies("a", "b"),
    ),
    Case(
        "cookie-twice",
        "setcookie('a', '1', ['path' => '/']); setcookie('a', '2', ['path' => '/']);" + OK,
        cookies("a"),
    ),
    Case(
        "cookie-odd-lifetime",
        "header('Set-Cookie: a=1; Max-Age=--5; Path=/');" + OK,
        cookies("a"),
    ),
)
