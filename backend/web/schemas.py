"""Bases of everything that goes over the wire: strict on the way in, complete on the way out."""

import base64
import binascii
import json
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator

from backend.errors import ValidationFailed

T = TypeVar("T")
MAX_ID = 2**63 - 1


class In(BaseModel):
    """A request body: unknown fields, and a string or a boolean where a number belongs, are errors."""

    model_config = ConfigDict(strict=True, extra="forbid")


class Patch(In):
    """A request body that changes some fields: those given, and null is not a value."""

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, data: Any) -> Any:
        # only names of ours are said: what else a client sent is refused as unknown, whatever its value
        if isinstance(data, dict) and (empty := [name for name in cls.model_fields if data.get(name, ...) is None]):
            raise ValueError(f"must not be null: {', '.join(empty)}")
        return data

    def given(self) -> dict[str, Any]:
        """The fields that the request named."""
        return self.model_dump(exclude_unset=True)


class Out(BaseModel):
    """An answer; built from rows as well as from values. No field has a default."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class Page(Out, Generic[T]):
    """A part of a list; `next_cursor` asks for the next part, null at the end."""

    items: list[T]
    next_cursor: str | None


class FieldError(Out):
    """One thing wrong with one field."""

    loc: list[str | int]
    msg: str
    type: str


class Problem(Out):
    """An error (RFC 9457). `code` is stable; `errors` comes with 422."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str


def _plain(value: str) -> str:
    if any(unicodedata.category(char) == "Cs" or char == "\0" for char in value):
        raise ValueError("must not contain NUL or unpaired surrogates")
    return value


def _rfc3339(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


Text = Annotated[str, AfterValidator(_plain)]
Time = Annotated[datetime, PlainSerializer(_rfc3339, return_type=str)]
Key = Annotated[int, Field(ge=1, le=MAX_ID)]


def encode_cursor(*keys: int) -> str:
    """An opaque cursor for the row with these sort keys."""
    return base64.urlsafe_b64encode(json.dumps(keys, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, keys: int) -> tuple[int, ...]:
    """The sort keys in a cursor of ours. Raises ValidationFailed for any other text."""
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not (isinstance(values, list) and len(values) == keys and all(type(v) is int for v in values)):
            raise ValueError
        if not all(0 <= v <= MAX_ID for v in values):
            raise ValueError
    except (ValueError, binascii.Error, RecursionError) as error:
        raise ValidationFailed(
            errors=[{"loc": ["query", "cursor"], "msg": "not a cursor of this list", "type": "cursor"}]
        ) from error
    return tuple(values)
