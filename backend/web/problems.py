"""Errors as RFC 9457 problem documents: one way to render them, whatever raised them."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from backend.errors import (
    AppError,
    Internal,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
    ValidationFailed,
)
from backend.web.schemas import Problem

Responses = dict[int | str, dict[str, Any]]
MEDIA_TYPE = "application/problem+json"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE

    def __init__(self, error: AppError, headers: Mapping[str, str] | None = None) -> None:
        body: dict[str, Any] = {
            "type": f"urn:nano-banana:problem:{error.code}",
            "title": error.title(),
            "status": error.status,
            "detail": error.detail,
            "code": error.code,
            **error.extra,
        }
        if error.errors or error.status == 422:
            body["errors"] = error.errors
        super().__init__(body, error.status, headers={**error.headers, **(headers or {})})

    def render(self, content: Any) -> bytes:
        """As JSON. What a client sent may be named in it, and half a character has no UTF-8: it becomes a question mark."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def install(app: FastAPI) -> None:
    """Render every error that a route or the framework raises. What nobody foresaw is caught further out."""
    app.add_exception_handler(AppError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)


def responses(*errors: type[AppError]) -> Responses:
    """What a route may answer besides success, for the OpenAPI document. 401 and 422 are added to every route."""
    by_status: Responses = {}
    for error in errors:
        entry = by_status.setdefault(
            error.status, {"model": Problem, "description": "", "content": {MEDIA_TYPE: {"examples": {}}}}
        )
        entry["description"] = " · ".join(filter(None, [entry["description"], f"`{error.code}`: {error.title()}"]))
        entry["content"][MEDIA_TYPE]["examples"][error.code] = {
            "value": {
                "type": f"urn:nano-banana:problem:{error.code}",
                "title": error.title(),
                "status": error.status,
                "detail": error.title(),
                "code": error.code,
            }
        }
    return by_status


async def _ours(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, AppError)
    return ProblemResponse(error)


async def _invalid(_request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return ProblemResponse(MalformedRequest("The body is not valid JSON."))
    # only where and what: the value itself may be a password
    errors = [{"loc": list(i["loc"]), "msg": _msg(i), "type": i["type"]} for i in found]
    return ProblemResponse(ValidationFailed(errors=errors))


def _msg(finding: Mapping[str, Any]) -> str:
    """What is wrong. Of a text that a check of ours went over first, Pydantic would speak of "items"."""
    bounds = finding.get("ctx", {})
    if finding["type"] == "too_short" and isinstance(finding["input"], str):
        return f"should have at least {bounds['min_length']} characters"
    if finding["type"] == "too_long" and isinstance(finding["input"], str):
        return f"should have at most {bounds['max_length']} characters"
    return str(finding["msg"])


async def _framework(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return ProblemResponse(MethodNotAllowed(), headers={"Allow": ", ".join(_allowed(request))})
    known: dict[int, type[AppError]] = {404: NotFound, 415: UnsupportedMediaType}
    if error.status_code in known:
        return ProblemResponse(known[error.status_code](), headers=error.headers)
    if 400 <= error.status_code < 500:
        return ProblemResponse(MalformedRequest())
    return ProblemResponse(Internal())


def _allowed(request: Request) -> list[str]:
    """Every method that this path takes; the framework names only those of the first route that it has."""
    return [
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
