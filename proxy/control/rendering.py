"""Templates → pages that run no script but ours and show what others wrote as text."""

from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from proxy.config.server import Role
from proxy.control.access import Identity
from proxy.control.curl import curl_line

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with that browsers send forms with `Origin: null`, which no origin check can accept.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every page."""

_STATIC = {"style.css": "text/css", "live.js": "text/javascript"}


def _short_time(text: str) -> str:
    """An instant of the API to the second, UTC."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"


def _number(value: float) -> str:
    """1234567 → 1 234 567, with narrow spaces that do not break."""
    return f"{value:,.10g}".replace(",", "\u202f")


_environment = Environment(
    loader=PackageLoader("proxy.control"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"time": _short_time, "number": _number, "curl": curl_line}


def rendered(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page for whoever asks, who may be nobody yet."""
    identity: Identity | None = getattr(request.state, "identity", None)
    values.setdefault("notice", None)
    page = _environment.get_template(template).render(
        identity=identity,
        operator=identity is not None and identity.may(Role.OPERATOR),
        reviewer=identity is not None and identity.may(Role.REVIEWER),
        **values,
    )
    return HTMLResponse(page, status, HEADERS)


def static_routes() -> list[Route]:
    """The style sheet and the script of the pages."""
    return [Route(f"/static/{name}", _static(name, media)) for name, media in _STATIC.items()]


def _static(name: str, media: str) -> Any:
    content = (files("proxy.control") / "static" / name).read_bytes()

    async def serve(_: Request) -> Response:
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return Response(content, media_type=media, headers=headers)

    return serve
