"""What may be sent to the API, and what is said of anything else."""

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from starlette.requests import Request

from proxy.config.base import Section
from proxy.config.errors import did_you_mean
from proxy.config.routes import Stage
from proxy.config.units import Percent, parse_duration
from proxy.control.problems import Refusal
from proxy.ledger.positions import Position
from shadow.redact.text import TextRedactor

MOST_BYTES = 64 * 1024

_S = TypeVar("_S", bound=Section)

_without_secrets = TextRedactor(secrets.token_bytes(32))
"""The key is forgotten with the process: what people write needs no comparing with anything."""


def _storable(text: str) -> str:
    """Text that every database takes."""
    if "\0" in text:
        raise ValueError("must be text without NUL characters")
    return text.strip()


def _said(text: str) -> str:
    if not text:
        raise ValueError("must say why: whoever reads the audit will ask")
    return text


def instant(value: object) -> object:
    """An instant of RFC 3339, UTC where it names no zone."""
    if not isinstance(value, str):
        raise ValueError("must be an instant such as 2026-03-01T12:00:00Z")
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be an instant such as 2026-03-01T12:00:00Z") from None


Note = Annotated[
    str,
    Field(max_length=2000),
    AfterValidator(_storable),
    AfterValidator(lambda text: _without_secrets(text)),
]
"""What people write, without the card numbers and passwords that they paste into it: ledger, log and webhooks
keep it."""
Reason = Annotated[Note, AfterValidator(_said)]
Instant = Annotated[datetime, BeforeValidator(instant)]


class Flip(Section):
    """Where a route is to stand."""

    stage: Stage
    weight: Percent | None = None
    reason: Reason

    @model_validator(mode="after")
    def _weight_where_it_counts(self) -> "Flip":
        if self.stage == "canary" and self.weight is None:
            raise ValueError("stage canary needs a weight: the percentage that modern serves")
        if self.stage != "canary" and self.weight is not None:
            raise ValueError(f"a weight goes with stage canary alone: leave it out for {self.stage}")
        return self

    @property
    def position(self) -> Position:
        return Position(self.stage, self.weight or 0)


class Rollback(Section):
    """Back to where it was."""

    reason: Reason


class RampAction(Section):
    """What a ramp is to do."""

    action: Literal["start", "pause", "resume", "abort"]
    reason: Note = ""


class Triage(Section):
    """What somebody says of a group; `open` takes back what was said."""

    verdict: Literal["bug", "expected", "noise", "open"]
    note: Note = ""
    until: Instant | None = None


async def json_body(request: Request, model: type[_S]) -> _S:
    """The request's body as a model. Raises Refusal with every error in it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "not-json", "Send JSON, and say so: Content-Type: application/json.")
    try:
        document = json.loads(await raw_body(request), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not-json", f"The body is not JSON: {error}.") from None
    return validated(document, model)


def validated(document: Any, model: type[_S]) -> _S:
    """A document as a model. Raises Refusal with every error in it."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        errors = [_as_json(detail, model) for detail in error.errors(include_url=False)]
        detail = "; ".join(f"{one['path']} {one['message']}".strip() for one in errors)
        raise Refusal(422, "invalid-body", detail, errors=errors) from None


async def raw_body(request: Request) -> bytes:
    """The body, as long as it is a short one."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Refusal(413, "body-too-large", f"No body here needs more than {MOST_BYTES} bytes.")
    return body


def moment(text: str, now: datetime) -> datetime:
    """`since` and `until`: an instant, or how long ago, as in 2h. Raises Refusal."""
    try:
        return now - timedelta(seconds=parse_duration(text))
    except ValueError:
        pass
    try:
        read = instant(text)
        assert isinstance(read, datetime)
        return read
    except ValueError as error:
        raise Refusal(400, "bad-query", f"{text!r} {error}, or how long ago, as in 2h.") from None


def _as_json(detail: ErrorDetails, model: type[Section]) -> dict[str, str]:
    path = ".".join(map(str, detail["loc"]))
    return {"path": path, "message": _sentence(detail, model)}


def _sentence(detail: ErrorDetails, model: type[Section]) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            hint = did_you_mean(str(detail["loc"][-1]), model.model_fields)
            return "is an unknown key" + (hint or f"; known here: {', '.join(model.model_fields)}")
        case "missing":
            return "is required"
        case "string_type" | "string_unicode":
            return "must be text"
        case "literal_error":
            given = detail["input"]
            allowed = context["expected"].replace("'", "")
            hint = did_you_mean(given, _words(allowed)) if isinstance(given, str) else ""
            return f"must be {allowed}{hint}"
        case "value_error":
            return str(context["error"])
        case "model_type":
            return f"The body must be an object with {', '.join(model.model_fields)}"
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _words(listed: str) -> Iterator[str]:
    return iter(listed.replace(" or ", ", ").split(", "))


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
