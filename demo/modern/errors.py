"""Every refusal has the gateway's JSON shape."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from .answers import PrivateJSON

_MESSAGES = {
    404: ("not_found", "No such endpoint."),
    405: ("method_not_allowed", "This endpoint does not know that method."),
}
_UNREADABLE = {"json_invalid", "model_attributes_type", "dict_type"}


class Refusal(Exception):
    """What the service will not do: a status, a code for programs, a sentence for people, the bad fields."""

    def __init__(self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.fields = status, code, message, fields


def invalid(fields: Mapping[str, str]) -> Refusal:
    """422: the named fields are `required` or `invalid`."""
    return Refusal(422, "invalid_request", "Some fields are not valid.", fields)


def not_found(what: str) -> Refusal:
    """404: there is no such thing, or it is another merchant's."""
    return Refusal(404, "not_found", f"No such {what}.")


def bad_json() -> Refusal:
    """400: the body is not a JSON object."""
    return Refusal(400, "bad_json", "The body must be a JSON object.")


def install(app: FastAPI) -> None:
    """Makes the app answer every error in the one shape."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _unprocessable)
    app.add_exception_handler(HTTPException, _failed)


def _answer(refusal: Refusal) -> PrivateJSON:
    error: dict[str, object] = {"code": refusal.code, "message": refusal.message}
    if refusal.fields:
        error["fields"] = refusal.fields
    headers = {"www-authenticate": "Bearer"} if refusal.status == 401 else None
    return PrivateJSON({"error": error}, status_code=refusal.status, headers=headers)


async def _refused(_request: Request, error: Exception) -> PrivateJSON:
    assert isinstance(error, Refusal)
    return _answer(error)


async def _unprocessable(_request: Request, error: Exception) -> PrivateJSON:
    """FastAPI's own handler echoes the input, which may hold a card; this one names fields only."""
    assert isinstance(error, RequestValidationError)
    fields = {}
    for problem in error.errors():
        path = ".".join(str(step) for step in problem["loc"][1:])
        if problem["loc"] == ("body",) or problem["type"] in _UNREADABLE:
            return _answer(bad_json())
        fields[path] = "required" if problem["type"] in ("missing", "required") else "invalid"
    return _answer(invalid(fields))


async def _failed(_request: Request, error: Exception) -> PrivateJSON:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        return _answer(bad_json())
    code, message = _MESSAGES.get(error.status_code, ("error", "The request failed."))
    answer = _answer(Refusal(error.status_code, code, message))
    answer.headers.update(error.headers or {})
    return answer
