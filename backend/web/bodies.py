"""Bodies that a route reads by itself, checked as FastAPI checks the others."""

import json
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from backend.errors import MalformedRequest

Model = TypeVar("Model", bound=BaseModel)


def json_body(body: bytes, model: type[Model]) -> Model:
    """The JSON body as `model`. Raises MalformedRequest when it is not JSON, RequestValidationError as a declared body would."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest("The body is not valid JSON.") from error
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise located(error) from error


def form_fields(fields: dict[str, Any], model: type[Model]) -> Model:
    """The text fields of a form as `model`; a field that should be a number may be one in digits, and one that may be left
    out may be left blank, as forms do."""
    values = {
        name: int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and _is_int(model, name)
        else value
        for name, value in fields.items()
        if value or name not in model.model_fields or model.model_fields[name].is_required()
    }
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise located(error) from error


def located(error: ValidationError) -> RequestValidationError:
    """The same findings, said to be of the body."""
    return RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in error.errors()])


def _is_int(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    return field is not None and field.annotation is int
