"""The API's document (OpenAPI), completed: what a whole kind of route can answer is said here once, and every body has an
example made of its schema."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI

from backend.errors import (
    AppError,
    BodyTooLarge,
    CrossOrigin,
    Internal,
    MalformedRequest,
    NotAuthenticated,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from backend.web.problems import MEDIA_TYPE, responses
from backend.web.samples import sample

Json = dict[str, Any]
OpenRoutes = frozenset[tuple[str, str]]

SAMPLED = ("application/json", "application/x-www-form-urlencoded")
EVENT_STREAM = "text/event-stream"
EVENT = 'id: 42\nevent: queue\ndata: {"id":7,"status":"processing","completed_images":12,"total_images":50}\n\n'
PROBLEM = {"$ref": "#/components/schemas/Problem"}
SECURITY: list[dict[str, list[str]]] = [{"OAuth2PasswordBearer": []}]


def install(app: FastAPI, open_routes: OpenRoutes) -> None:
    """Complete the document of `app` when it is first asked for; `open_routes` answer without credentials."""
    generate: Callable[[], Json] = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(generate(), open_routes)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to change the document


def _completed(document: Json, open_routes: OpenRoutes) -> Json:
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            needs_credentials = (method.upper(), path) not in open_routes
            if needs_credentials:
                operation["security"] = SECURITY
            _add_errors(operation, list(_implied(method, operation, needs_credentials=needs_credentials)))
            _add_examples(operation, schemas)
    return document


def _implied(method: str, operation: Json, *, needs_credentials: bool) -> Iterator[type[AppError]]:
    """What this kind of route can answer besides what it declares."""
    has_body = "requestBody" in operation
    if needs_credentials:
        yield NotAuthenticated
    if method != "get":
        yield CrossOrigin
    if has_body:
        yield from (MalformedRequest, BodyTooLarge, UnsupportedMediaType)
    if has_body or operation.get("parameters"):
        yield ValidationFailed
    yield Internal
    if "503" not in operation["responses"] or _codes(operation["responses"]["503"]):
        yield Unavailable


def _add_errors(operation: Json, implied: list[type[AppError]]) -> None:
    """Every error with its media type, its schema and an example; in the order of their statuses."""
    answers = operation["responses"]
    known = {(error.status, error.code): error for error in _family(AppError)}
    declared = [
        known[int(status), code]
        for status, entry in answers.items()
        for code in _codes(entry)
        if code != ValidationFailed.code  # FastAPI gives it to every route, so that it adds no model of its own
    ]
    for status in [status for status, entry in answers.items() if _codes(entry)]:
        del answers[status]
    for number, entry in responses(*dict.fromkeys([*declared, *implied])).items():
        examples = entry["content"][MEDIA_TYPE]["examples"]
        answers[str(number)] = {
            "description": entry["description"],
            "content": {MEDIA_TYPE: {"schema": PROBLEM, "examples": examples}},
        }
    operation["responses"] = dict(sorted(answers.items()))


def _codes(entry: Json) -> list[str]:
    return list(entry.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def _family(error: type[AppError]) -> Iterator[type[AppError]]:
    yield error
    for child in error.__subclasses__():
        yield from _family(child)


def _add_examples(operation: Json, schemas: Json) -> None:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media_type, content in (pair for body in bodies for pair in body.get("content", {}).items()):
        if media_type == EVENT_STREAM:
            content["example"] = EVENT
        elif media_type in SAMPLED and "schema" in content:
            content["example"] = sample(content["schema"], schemas)
